import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { open } from 'lmdb';
import { startHttpLoad } from '../../src/cli/cluster/http-load.ts';
import { createHistogram } from '../../src/cli/histogram.ts';
import type { Load } from '../../src/cli/load.ts';
import type { Entry, Mode } from '../case.ts';
import { measure } from '../measure.ts';
import { BUILD } from '../paths.ts';
import { type Baseline, type Result, resultOf, timesBetter } from '../result.ts';
import { ascending, quantile, type Samples } from '../statistics.ts';
import { CLUSTER_CASES, type ClusterCase, withoutFlush } from './cases.ts';
import { createDelayProbe } from './delay-probe.ts';
import { floorRoundsPerSecond } from './floor.ts';
import { type Member, type RunningCluster, startCluster } from './members.ts';
import { giveOwnCore } from './own-core.ts';
import type { Reading } from './protocol.ts';

interface Budget {
  /** Load before the first window that is measured: code that runs is compiled in several rounds. */
  readonly warmUpSeconds: number;
  /** Windows of load that are measured. */
  readonly windows: number;
  readonly floorSeconds: number;
}

const BUDGETS: { readonly [Name in Mode]: Budget } = {
  full: { warmUpSeconds: 5, windows: 12, floorSeconds: 1 },
  quick: { warmUpSeconds: 1, windows: 8, floorSeconds: 0.5 },
};

/** A sample: what was committed in so long. */
const WINDOW_SECONDS = 0.25;

/**
 * With a dead validator the others wait for its views to time out, now and then: a window has to hold several such
 * turns.
 */
const LONG_WINDOW_SECONDS = 1;

/** About how long starting a process takes, on one core. */
const START_SECONDS = 0.6;

/** A cluster that has committed nothing after so long does not work. */
const FIRST_COMMIT_LIMIT_SECONDS = 60;

const windowOf = ({ oneDead }: ClusterCase): number => (oneDead ? LONG_WINDOW_SECONDS : WINDOW_SECONDS);

/** Enough for five full blocks, of which three are on their way to their commit and two fill. */
const clientsOf = ({ blockCommands, load }: ClusterCase): number =>
  load === 'http' ? 1_024 : 5 * blockCommands;

export function clusterEntries(): readonly Entry[] {
  const baselines = createBaselines();
  return CLUSTER_CASES.map((one) => ({
    name: one.name,
    quick: one.quick,
    seconds: (mode) =>
      BUDGETS[mode].warmUpSeconds +
      one.validators * START_SECONDS +
      BUDGETS[mode].windows * windowOf(one) +
      BUDGETS[mode].floorSeconds,
    run: async (mode) => {
      const results = await runCluster(one, BUDGETS[mode], await baselines.of(one, BUDGETS[mode]));
      baselines.remember(results);
      return [...results, ...baselines.againstUnflushed(one, results)];
    },
  }));
}

/** What clusters are held against: measured once in a run, when the first of them needs it. */
function createBaselines() {
  const floors = new Map<number, Promise<Baseline>>();
  let transactions: Promise<Baseline> | null = null;
  const known = new Map<string, Result>();
  const floor = (bytes: number, seconds: number): Promise<Baseline> => {
    const found = floors.get(bytes) ?? floorOf(bytes, seconds);
    floors.set(bytes, found);
    return found;
  };
  return {
    remember(results: readonly Result[]): void {
      for (const result of results) known.set(result.name, result);
    },
    async of(one: ClusterCase, { floorSeconds }: Budget): Promise<Baseline> {
      if (one.commandBytes === null) {
        transactions ??= durableTransactions(floorSeconds);
        return transactions;
      }
      const { median, name } = await floor(one.blockCommands * one.commandBytes, floorSeconds);
      return { name, median: median * one.blockCommands };
    },
    /** Against the same cluster without flushes, when that has been measured in this run. */
    againstUnflushed(one: ClusterCase, results: readonly Result[]): readonly Result[] {
      const other = known.get(withoutFlush(one) ?? '');
      const mine = results.find(({ name }) => name === one.name);
      if (other === undefined || mine === undefined) return [];
      const baseline = { name: 'not-flushed', median: other.median };
      const ratio = timesBetter(mine.unit, mine.median, other.median);
      return [{ ...mine, name: `${one.name}/vs=not-flushed`, baseline, ratio }];
    },
  };
}

/** Rounds of blocks a second without consensus. */
async function floorOf(bytes: number, seconds: number): Promise<Baseline> {
  return { name: 'tcp+sha256', median: await floorRoundsPerSecond(bytes, seconds) };
}

const TRANSACTION_BYTES = 1_024;

/** Flushed LMDB transactions of 1 KB a second, one after the other. */
async function durableTransactions(seconds: number): Promise<Baseline> {
  const directory = mkdtempSync(join(BUILD, 'bench-'));
  const store = open({ path: directory, encoding: 'binary', overlappingSync: false });
  const value = Buffer.alloc(TRANSACTION_BYTES, 1);
  let key = 0;
  const put = (): void => {
    store.transactionSync(() => {
      store.putSync(key++, value);
    });
  };
  try {
    const times = await measure({ sync: put }, { seconds, minSamples: 5 });
    return { name: 'durable lmdb transactions', median: 1e6 / quantile(times, 0.5) };
  } finally {
    await store.close();
    rmSync(directory, { recursive: true });
  }
}

async function runCluster(one: ClusterCase, budget: Budget, baseline: Baseline): Promise<readonly Result[]> {
  const cluster = await startCluster({
    scheme: one.scheme,
    validators: one.validators,
    durable: one.durable,
    blockCommands: one.commandBytes === null ? null : one.blockCommands,
    clients: clientsOf(one),
    http: one.load === 'http',
  });
  try {
    const members = one.oneDead ? await withoutLast(cluster) : cluster.members;
    const obstacle = one.ownCore ? await giveOwnCore(members) : null;
    if (obstacle !== null) {
      console.error(`${one.name} is left out: ${obstacle}`);
      return [];
    }
    const load = startLoad(one, members);
    await firstCommit(members);
    await sleep(1_000 * budget.warmUpSeconds);
    const windows = await takeWindows(one, members, load, budget.windows);
    await load?.stop();
    await demandAgreement(members);
    return resultsOf(one, windows, baseline);
  } finally {
    await cluster.stop();
  }
}

async function withoutLast({ members }: RunningCluster): Promise<readonly Member[]> {
  const last = members.at(-1)!;
  last.kill();
  await last.ended;
  return members.slice(0, -1);
}

/** Counts what was committed, wherever the load runs; nothing for empty blocks. */
interface RunningLoad {
  committed(readings: readonly Reading[]): number;
  failed(readings: readonly Reading[]): number;
  /** By bucket of a histogram, as it counts them. */
  latencies(readings: readonly Reading[]): readonly number[];
  stop(): Promise<void>;
}

function startLoad(one: ClusterCase, members: readonly Member[]): RunningLoad | null {
  if (one.commandBytes === null) return null;
  const clients = clientsOf(one);
  if (one.load === 'http') {
    const urls = members.map(({ url }) => url!);
    return httpLoad(startHttpLoad({ urls, clients, valueBytes: one.commandBytes, timeoutMs: 40_000 }));
  }
  const share = Math.ceil(clients / members.length);
  for (const member of members)
    member.tell({ type: 'start-load', clients: share, valueBytes: one.commandBytes });
  return directLoad(members);
}

const httpLoad = (load: Load): RunningLoad => ({
  committed: () => load.committed,
  failed: () => load.failed,
  latencies: () => load.latency.counts(),
  stop: () => load.stop(),
});

const directLoad = (members: readonly Member[]): RunningLoad => ({
  committed: (readings) => sumOf(readings, ({ committed }) => committed),
  failed: (readings) => sumOf(readings, ({ failed }) => failed),
  latencies: (readings) => {
    const all = createHistogram();
    for (const { latency } of readings) all.add(latency);
    return all.counts();
  },
  async stop() {
    const stopped = members.map((member) => member.next('load-stopped'));
    for (const member of members) member.tell({ type: 'stop-load' });
    await Promise.all(stopped);
  },
});

const sumOf = (readings: readonly Reading[], value: (reading: Reading) => number): number =>
  readings.reduce((sum, reading) => sum + value(reading), 0);

function read(members: readonly Member[]): Promise<readonly Reading[]> {
  const readings = members.map((member) => member.next('reading'));
  for (const member of members) member.tell({ type: 'read' });
  return Promise.all(readings);
}

async function firstCommit(members: readonly Member[]): Promise<void> {
  const limit = performance.now() + 1_000 * FIRST_COMMIT_LIMIT_SECONDS;
  for (;;) {
    const readings = await read(members);
    if (readings.every(({ height }) => height >= 0)) return;
    if (performance.now() > limit)
      throw new Error('the cluster has committed nothing; is the machine too busy?');
    await sleep(50);
  }
}

/** What happened in one window, over all nodes. */
interface Window {
  readonly commandsPerSecond: number;
  readonly viewsPerSecond: number;
  /** Median of the commands that were committed in it; null when there were none. */
  readonly latencyMs: number | null;
  /** Of the node whose event loop was held up most, or of the one that has a processor for itself. */
  readonly eventLoopDelayMs: number;
  /** Of the process that measures, which does next to nothing: how long whoever wants a processor waits for it. */
  readonly idleDelayMs: number;
  readonly blocks: number;
  readonly cpuMsPerBlock: number;
  readonly failed: number;
}

async function takeWindows(
  one: ClusterCase,
  members: readonly Member[],
  load: RunningLoad | null,
  count: number,
): Promise<readonly Window[]> {
  const windows: Window[] = [];
  const idle = createDelayProbe();
  const look = async (): Promise<Look> => {
    const readings = await read(members);
    return {
      at: performance.now(),
      readings,
      committed: load?.committed(readings) ?? 0,
      failed: load?.failed(readings) ?? 0,
      latencies: load?.latencies(readings) ?? [],
      delays: delaysOf(one, readings),
      idleDelayMs: idle.take(),
    };
  };
  let before = await look();
  for (let window = 0; window < count; window++) {
    await sleep(1_000 * windowOf(one));
    const after = await look();
    windows.push(between(before, after));
    before = after;
  }
  return windows;
}

interface Look {
  /** Milliseconds. */
  readonly at: number;
  readonly readings: readonly Reading[];
  readonly committed: number;
  readonly failed: number;
  readonly latencies: readonly number[];
  /** Since the look before, in milliseconds, of each event loop that counts. */
  readonly delays: readonly number[];
  readonly idleDelayMs: number;
}

const delaysOf = ({ ownCore }: ClusterCase, readings: readonly Reading[]): readonly number[] =>
  readings.slice(0, ownCore ? 1 : undefined).map(({ eventLoopDelayMs }) => eventLoopDelayMs);

function between(before: Look, after: Look): Window {
  const seconds = (after.at - before.at) / 1_000;
  const nodes = after.readings.length;
  const grown = (value: (reading: Reading) => number): number =>
    sumOf(after.readings, value) - sumOf(before.readings, value);
  const latency = createHistogram();
  latency.add(after.latencies.map((times, bucket) => times - (before.latencies[bucket] ?? 0)));
  const blocks = grown(({ height }) => height) / nodes;
  return {
    commandsPerSecond: (after.committed - before.committed) / seconds,
    viewsPerSecond: grown(({ views }) => views) / nodes / seconds,
    latencyMs: latency.total === 0 ? null : latency.percentile(0.5),
    eventLoopDelayMs: Math.max(...after.delays),
    idleDelayMs: after.idleDelayMs,
    blocks,
    cpuMsPerBlock: (1_000 * grown(({ cpuSeconds }) => cpuSeconds)) / Math.max(1, blocks),
    failed: after.failed,
  };
}

/** A benchmark of a cluster whose nodes disagree would measure nothing. */
async function demandAgreement(members: readonly Member[]): Promise<void> {
  const height = Math.min(...(await read(members)).map((reading) => reading.height));
  const states = members.map((member) => member.next('state'));
  for (const member of members) member.tell({ type: 'state', height });
  const hashes = new Set((await Promise.all(states)).map(({ hash }) => hash));
  if (hashes.size !== 1 || hashes.has(null))
    throw new Error(`the nodes disagree about the state at height ${height}`);
}

/** None where the process that measures is busy with the load, or shares its processors with fewer others. */
function idleProcess({ load, ownCore }: ClusterCase, delays: Samples): Baseline | undefined {
  return load === 'http' || ownCore ? undefined : { name: 'idle process', median: quantile(delays, 0.5) };
}

function resultsOf(one: ClusterCase, windows: readonly Window[], baseline: Baseline): readonly Result[] {
  const { failed } = windows.at(-1)!;
  if (failed > 0) throw new Error(`${failed} commands failed`);
  if (windows.every(({ blocks }) => blocks <= 0))
    throw new Error('nothing was committed while it was measured');
  const of = (value: (window: Window) => number) => ascending(windows.map(value));
  const views = of(({ viewsPerSecond }) => viewsPerSecond);
  const shared = [
    resultOf({
      name: `${one.name}/event-loop-p99`,
      unit: 'ms',
      samples: of(({ eventLoopDelayMs }) => eventLoopDelayMs),
      baseline: idleProcess(
        one,
        of(({ idleDelayMs }) => idleDelayMs),
      ),
    }),
    resultOf({
      name: `${one.name}/cpu-per-block`,
      unit: 'ms',
      samples: of(({ cpuMsPerBlock }) => cpuMsPerBlock),
    }),
  ];
  if (one.commandBytes === null) {
    return [resultOf({ name: one.name, unit: 'views/s', samples: views, baseline }), ...shared];
  }
  const commands = of(({ commandsPerSecond }) => commandsPerSecond);
  return [
    resultOf({ name: one.name, unit: 'commands/s', samples: commands, baseline }),
    resultOf({ name: `${one.name}/views`, unit: 'views/s', samples: views }),
    resultOf({
      name: `${one.name}/latency-p50`,
      unit: 'ms',
      samples: ascending(windows.flatMap(({ latencyMs }) => latencyMs ?? [])),
    }),
    ...shared,
  ];
}
