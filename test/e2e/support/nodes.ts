import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BlockStatus, NodeStatus } from '../../../src/cli/node-status.ts';
import type { SchemeName } from '../../../src/index.ts';

/** The command as a user has it: what the build made. */
export const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

/** Far longer than anything takes on a busy machine; only something that hangs meets it. */
const PATIENCE_MS = 240_000;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command to its end. */
export function hotstuff(...args: readonly string[]): Finished {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  });
  return { code: status, stdout, stderr };
}

/** The same while the test goes on. */
export async function hotstuffMeanwhile(...args: readonly string[]): Promise<Finished> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}

/** Polls `find` until it gives something. */
export async function eventually<Value>(what: string, find: () => Promise<Value | null>): Promise<Value> {
  for (const startMs = performance.now(); performance.now() - startMs < PATIENCE_MS; await sleep(50)) {
    const found = await find().catch(() => null);
    if (found !== null) return found;
  }
  throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
}

/** A directory that lives as long as the test. */
export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'hotstuff-e2e-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** `count` ports in a row that are free now. */
export async function portsInARow(count: number): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** One `hotstuff run`, in an operating-system process of its own. */
export class NodeProcess {
  readonly home: string;
  readonly url: string;
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | null = null;
  #ended: Promise<number | string | null> = Promise.resolve(null);
  stderr = '';

  constructor(home: string, url: string, env: Readonly<Record<string, string>> = {}) {
    this.home = home;
    this.url = url;
    this.#env = env;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  /** Starts it, and waits until it serves. */
  async start(...args: readonly string[]): Promise<void> {
    const child = spawn(process.execPath, [MAIN, 'run', '--home', this.home, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...this.#env },
    });
    this.#child = child;
    this.stderr = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      this.stderr += part;
    });
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#child = null;
        resolve(code ?? signal);
      });
    });
    await eventually(`the start of ${this.home}`, async () => {
      if (this.#child === null) return 'ended';
      return this.stderr.includes('ready: ') ? 'ready' : null;
    });
    if (this.#child === null) throw new Error(`${this.home} did not start: ${this.stderr}`);
  }

  /** Sends the signal and waits for the end; gives the exit code, or the signal that ended it. */
  async end(signal: NodeJS.Signals): Promise<number | string | null> {
    this.#child?.kill(signal);
    return this.#ended;
  }

  async status(): Promise<NodeStatus> {
    const answer = await fetch(`${this.url}/status`);
    return (await answer.json()) as NodeStatus;
  }

  /** The committed block at `height`; null while the node has none. */
  async block(height: number): Promise<BlockStatus | null> {
    const answer = await fetch(`${this.url}/blocks/${height}`);
    return answer.status === 200 ? ((await answer.json()) as BlockStatus) : null;
  }
}

export interface Testnet {
  readonly dir: string;
  readonly nodes: readonly NodeProcess[];
  startAll(): Promise<void>;
  /** Ends all processes, and removes the directory. */
  remove(): Promise<void>;
}

/** Homes of `validators` nodes made by `hotstuff testnet`; none is running. */
export async function createTestnet(scheme: SchemeName, validators = 4): Promise<Testnet> {
  const directory = temporaryDirectory();
  const dir = join(directory.path, 'net');
  const port = await portsInARow(2 * validators);
  const httpPort = port + validators;
  const made = hotstuff(
    ...['testnet', '--validators', `${validators}`, '--dir', dir, '--scheme', scheme],
    ...['--port', `${port}`, '--http-port', `${httpPort}`],
  );
  if (made.code !== 0) throw new Error(`testnet failed: ${made.stderr}`);
  const nodes = Array.from(
    { length: validators },
    (_, index) => new NodeProcess(join(dir, `node${index}`), `http://127.0.0.1:${httpPort + index}`),
  );
  return {
    dir,
    nodes,
    startAll: async () => void (await Promise.all(nodes.map((node) => node.start()))),
    async remove() {
      await Promise.all(nodes.map((node) => node.end('SIGKILL')));
      directory.remove();
    },
  };
}
