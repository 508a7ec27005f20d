import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SchemeName } from '../../index.ts';
import type { NodeConfig } from '../config.ts';
import { CommandFailure, EXIT_FAILED } from '../failure.ts';
import type { Histogram } from '../histogram.ts';
import type { Home } from '../home.ts';
import { createHttpClient, type HttpClient } from '../http-client.ts';
import type { NodeStatus } from '../node-status.ts';
import { createTestnet } from '../testnet.ts';
import { compareStates } from './agreement.ts';
import { startDirectLoad } from './direct-load.ts';
import { createDisplay, type Display, silentDisplay } from './display.ts';
import { startHttpLoad } from './http-load.ts';
import { type NodeProcess, startNodeProcess } from './node-process.ts';
import { freePorts } from './ports.ts';

export interface ClusterOptions {
  readonly validators: number;
  readonly scheme: SchemeName;
  readonly workers: NodeConfig['workers'];
  readonly viewTimeMs: number;
  /** Where the homes are made; null: a temporary directory, removed at the end. */
  readonly dir: string | null;
  /** Node i serves clients at this port + i. */
  readonly httpPort: number;
  readonly load: 'http' | 'direct' | 'none';
  readonly clients: number;
  readonly commandBytes: number;
  /** Null: until a signal comes. */
  readonly durationSeconds: number | null;
  readonly json: boolean;
}

/** What `--json` prints; docs/CLI.md describes the fields. */
export interface ClusterResult {
  readonly nodes: number;
  readonly scheme: SchemeName;
  readonly load: ClusterOptions['load'];
  readonly seconds: number;
  readonly committedBlocks: number;
  readonly committedCommands: number;
  readonly commandsPerSecond: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  readonly viewsPerSecond: number;
  /** Whether what counts as committed was flushed to disk on the node that answered. */
  readonly durable: boolean;
  readonly stateHashesEqual: boolean;
  readonly comparedHeight: number | null;
  readonly appStateHash: string | null;
}

interface RunningLoad {
  readonly committed: number;
  readonly failed: number;
  readonly latency: Histogram;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const REDRAW_MS = 500;
const PLAIN_LINE_MS = 1_000;

/** A node that is still there after this is ended by force: twice what it allows itself for its last commits. */
const STOP_GRACE_MS = 20_000;

/** Above a node's own limit for a commit. */
const REQUEST_TIMEOUT_MS = 40_000;

/**
 * `hotstuff cluster`: a chain of its own in processes of their own on this machine, with a load. Resolves to the exit
 * code: 1 when the replicas disagree, or when a load ran and nothing was committed.
 */
export async function runCluster(options: ClusterOptions): Promise<number> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'hotstuff-cluster-'));
  const display = options.json ? silentDisplay : createDisplay(process.stdout);
  const nodes: NodeProcess[] = [];
  const stopping = stopRequested();
  let isStopping = false;
  void stopping.then(() => {
    isStopping = true;
  });
  try {
    const homes = await makeHomes(options, dir, display);
    if (isStopping) return stoppedAtStart();
    nodes.push(...homes.map((home, index) => startNodeProcess(index, home, urlOf(options, index))));
    await Promise.race([Promise.all(nodes.map(({ ready }) => ready)), stopping.then(stoppedAtStart)]);
    introduce(nodes, display);
    const result = await observe(options, nodes, display, stopping);
    display.end();
    await stopNodes(nodes);
    report(options, result, display);
    return isGood(options, result) ? 0 : EXIT_FAILED;
  } finally {
    await stopNodes(nodes);
    display.end();
    if (options.dir === null) rmSync(dir, { recursive: true, force: true });
  }
}

const stopNodes = (nodes: readonly NodeProcess[]) =>
  Promise.all(nodes.map((node) => node.stop(STOP_GRACE_MS)));

/** Resolves at the first SIGINT or SIGTERM; npm passes on what the terminal sends as well, so a second one is nothing. */
const stopRequested = (): Promise<void> =>
  new Promise((resolve) => {
    process.on('SIGINT', () => resolve());
    process.on('SIGTERM', () => resolve());
  });

function stoppedAtStart(): never {
  throw new CommandFailure('stopped before all nodes had started');
}

const urlOf = ({ httpPort }: ClusterOptions, index: number): string => `http://${HOST}:${httpPort + index}`;

async function makeHomes(options: ClusterOptions, dir: string, display: Display): Promise<readonly Home[]> {
  const { validators, scheme, httpPort, viewTimeMs, workers } = options;
  const lifetime = options.dir === null ? ' (temporary)' : '';
  display.say(`making ${validators} nodes of a new ${scheme} chain in ${dir}${lifetime}`);
  return createTestnet({
    dir,
    validators,
    scheme,
    host: HOST,
    ports: await freePorts(HOST, validators),
    httpPorts: Array.from({ length: validators }, (_, index) => httpPort + index),
    settings: { viewTimeMs, workers },
  });
}

function introduce(nodes: readonly NodeProcess[], display: Display): void {
  for (const node of nodes) {
    display.say(`node ${node.index}: ${node.url} (process ${node.pid})`);
    void node.ended.then((why) => {
      if (!node.isStopping) display.say(`node ${node.index} ended: ${why}`);
    });
  }
}

async function observe(
  options: ClusterOptions,
  nodes: readonly NodeProcess[],
  display: Display,
  stopping: Promise<void>,
): Promise<ClusterResult> {
  const client = createHttpClient({ connections: 2, timeoutMs: 5_000 });
  try {
    const before = await statusOfFirst(client, nodes);
    const startMs = performance.now();
    const load = startLoad(options, nodes);
    const watch = watchCluster({ client, nodes, load, display, startMs });
    await Promise.race([
      stopping,
      durationOf(options),
      ...nodes.map(({ ended }) => unlessOthersGoOn(ended, nodes)),
    ]);
    watch.stop();
    const seconds = (performance.now() - startMs) / 1_000;
    const after = await statusOfFirst(client, nodes);
    const committed = load?.committed ?? 0;
    await Promise.race([load?.stop(), sleep(REQUEST_TIMEOUT_MS, undefined, { ref: false })]);
    const running = nodes.filter(({ isRunning }) => isRunning).map(({ url }) => url);
    const agreement = await compareStates(client, running);
    return {
      nodes: nodes.length,
      scheme: options.scheme,
      load: options.load,
      seconds: rounded(seconds),
      committedBlocks: (after?.height ?? -1) - (before?.height ?? -1),
      committedCommands: committed,
      commandsPerSecond: rounded(committed / seconds),
      latencyMs: {
        p50: rounded(load?.latency.percentile(0.5) ?? 0),
        p99: rounded(load?.latency.percentile(0.99) ?? 0),
      },
      viewsPerSecond: rounded(((after?.counters.views ?? 0) - (before?.counters.views ?? 0)) / seconds),
      durable: true,
      stateHashesEqual: agreement.isEqual,
      comparedHeight: agreement.height,
      appStateHash: agreement.appStateHash,
    };
  } finally {
    client.close();
  }
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

const durationOf = ({ durationSeconds }: ClusterOptions): Promise<void> =>
  new Promise((resolve) => {
    if (durationSeconds !== null) setTimeout(resolve, durationSeconds * 1_000).unref();
  });

/** A cluster without nodes is over; one that lost a node goes on. */
async function unlessOthersGoOn(ended: Promise<string>, nodes: readonly NodeProcess[]): Promise<void> {
  await ended;
  await Promise.all(nodes.map((node) => node.ended));
}

/** The status of the first node that answers: counters must come from one and the same as long as it lives. */
async function statusOfFirst(client: HttpClient, nodes: readonly NodeProcess[]): Promise<NodeStatus | null> {
  for (const { url, isRunning } of nodes) {
    if (!isRunning) continue;
    const status = await client.json<NodeStatus>(`${url}/status`).catch(() => null);
    if (status !== null) return status;
  }
  return null;
}

function startLoad(options: ClusterOptions, nodes: readonly NodeProcess[]): RunningLoad | null {
  const { load, clients, commandBytes: valueBytes } = options;
  switch (load) {
    case 'none':
      return null;
    case 'direct':
      return startDirectLoad(nodes, { clients, valueBytes });
    case 'http': {
      const urls = nodes.map(({ url }) => url);
      return startHttpLoad({ urls, clients, valueBytes, timeoutMs: REQUEST_TIMEOUT_MS });
    }
  }
}

interface Watched {
  readonly client: HttpClient;
  readonly nodes: readonly NodeProcess[];
  readonly load: RunningLoad | null;
  readonly display: Display;
  readonly startMs: number;
}

/** Looks at the nodes again and again and shows what they do. */
function watchCluster(watched: Watched): { stop(): void } {
  const { client, nodes, load, display, startMs } = watched;
  let last = { ms: startMs, committed: 0, views: 0 };
  let isStopped = false;
  const look = async (): Promise<void> => {
    const statuses = await Promise.all(
      nodes.map(({ url }) => client.json<NodeStatus>(`${url}/status`).catch(() => null)),
    );
    if (isStopped) return;
    const views = Math.max(0, ...statuses.map((status) => status?.counters.views ?? 0));
    const now = { ms: performance.now(), committed: load?.committed ?? 0, views };
    const seconds = (now.ms - last.ms) / 1_000;
    const heights = statuses.map((status) => status?.height ?? null);
    const highest = Math.max(-1, ...heights.map((height) => height ?? -1));
    display.show({
      seconds: (now.ms - startMs) / 1_000,
      height: highest < 0 ? null : highest,
      viewsPerSecond: Math.max(0, now.views - last.views) / seconds,
      commandsPerSecond: (now.committed - last.committed) / seconds,
      p50Ms: load?.latency.percentile(0.5) ?? 0,
      p99Ms: load?.latency.percentile(0.99) ?? 0,
      nodes: heights,
    });
    last = now;
  };
  const timer = setInterval(() => void look(), process.stdout.isTTY ? REDRAW_MS : PLAIN_LINE_MS);
  return {
    stop() {
      isStopped = true;
      clearInterval(timer);
    },
  };
}

function report(options: ClusterOptions, result: ClusterResult, display: Display): void {
  if (options.json) {
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    return;
  }
  const { committedBlocks, committedCommands, commandsPerSecond, latencyMs, seconds } = result;
  display.say(
    `${committedCommands} commands in ${committedBlocks} blocks in ${seconds} s: ${commandsPerSecond} commands/s, ` +
      `latency p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms`,
  );
  display.say(
    result.stateHashesEqual
      ? `all nodes have the same state at height ${result.comparedHeight}: ${result.appStateHash}`
      : `THE NODES DISAGREE at height ${result.comparedHeight}`,
  );
}

function isGood(
  { load }: ClusterOptions,
  { stateHashesEqual, committedCommands, committedBlocks }: ClusterResult,
) {
  const isAnythingCommitted = load === 'none' ? committedBlocks > 0 : committedCommands > 0;
  return stateHashesEqual && isAnythingCommitted;
}

/** Throws `CommandFailure` when the options do not fit together. */
export function checkClusterOptions({ httpPort, validators }: ClusterOptions): void {
  if (httpPort + validators - 1 <= 65_535) return;
  throw new CommandFailure(
    `--http-port ${httpPort}: ${validators} nodes need ports up to ${httpPort + validators - 1}; the last one is 65535`,
  );
}
