import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CommandFailure } from '../failure.ts';
import type { Home } from '../home.ts';
import type { FromNode, LoadReport, ToNode } from '../ipc.ts';

/** One node of the cluster in an operating-system process of its own. */
export interface NodeProcess {
  readonly index: number;
  readonly pid: number;
  readonly url: string;
  /** False once the process has ended. */
  readonly isRunning: boolean;
  /** Whether it was asked to stop. */
  readonly isStopping: boolean;
  /** Resolves when the node serves. Rejects with `CommandFailure`, in the node's own words, when it does not. */
  readonly ready: Promise<void>;
  /** Resolves when the process has ended, to why. */
  readonly ended: Promise<string>;
  startLoad(clients: number, valueBytes: number): void;
  stopLoad(): void;
  /** Null until the first report. */
  readonly load: LoadReport | null;
  /** Resolves when the load has ended, or the process. */
  readonly loadEnded: Promise<void>;
  /** Asks the node to stop, and ends it by force when it has not after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/** Lines kept of each node: enough for the reason why it ended. */
const KEPT_LINES = 20;

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

/** How long a node may take from its process's start until it serves. */
const START_LIMIT_MS = 60_000;

/** Starts `hotstuff run` for `home`, which will serve at `url`. */
export function startNodeProcess(index: number, home: Home, url: string): NodeProcess {
  // A process group of its own: Ctrl-C is for the cluster, which then stops its nodes in good order.
  const child = fork(MAIN, ['run', '--home', home.dir], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: true,
  });
  const lastLines: string[] = [];
  keepLines(child, lastLines);
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
    child.once('error', (error) => resolve(error.message));
  });
  let isRunning = true;
  let isStopping = false;
  void ended.then(() => {
    isRunning = false;
  });
  let load: LoadReport | null = null;
  const loadEnded = new Promise<void>((resolve) => {
    child.on('message', (message: FromNode) => {
      if (message.type !== 'load-report') return;
      load = message;
      if (message.isLast) resolve();
    });
    void ended.then(() => resolve());
  });
  const tell = (message: ToNode): void => {
    if (child.connected) child.send(message);
  };
  return {
    index,
    pid: child.pid ?? 0,
    url,
    get isRunning() {
      return isRunning;
    },
    get isStopping() {
      return isStopping;
    },
    ready: readiness(child, ended, lastLines, index),
    ended,
    startLoad: (clients, valueBytes) => tell({ type: 'start-load', clients, valueBytes }),
    stopLoad: () => tell({ type: 'stop-load' }),
    get load() {
      return load;
    },
    loadEnded,
    async stop(graceMs) {
      if (!isRunning) return;
      isStopping = true;
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await ended;
      clearTimeout(force);
    },
  };
}

function keepLines({ stderr }: ChildProcess, lines: string[]): void {
  let rest = '';
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    const whole = (rest + text).split('\n');
    rest = whole.pop() ?? '';
    lines.push(...whole);
    if (lines.length > KEPT_LINES) lines.splice(0, lines.length - KEPT_LINES);
  });
}

function readiness(
  child: ChildProcess,
  ended: Promise<string>,
  lastLines: readonly string[],
  index: number,
): Promise<void> {
  const ready = new Promise<void>((resolve, reject) => {
    const fail = (why: string): void =>
      reject(
        new CommandFailure(`node ${index} did not start (${why}): ${lastLines.at(-1) ?? 'it said nothing'}`),
      );
    const limit = setTimeout(() => fail(`not within ${START_LIMIT_MS} ms`), START_LIMIT_MS);
    child.on('message', (message: FromNode) => {
      if (message.type !== 'ready') return;
      clearTimeout(limit);
      resolve();
    });
    void ended.then((why) => {
      clearTimeout(limit);
      fail(why);
    });
  });
  // Whoever waits for it hears of it; a cluster that is stopped before does not wait.
  ready.catch(() => {});
  return ready;
}
