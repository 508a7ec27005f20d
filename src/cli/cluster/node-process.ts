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
  /** Lines that the node wrote last. */
  readonly lastLines: readonly string[];
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

/**
 * Starts `hotstuff run` for `home`; resolves when the node serves. Throws `CommandFailure` with the node's own words
 * when it ends before that.
 */
export async function startNodeProcess(index: number, home: Home): Promise<NodeProcess> {
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
  const { url, pid } = await readiness(child, ended, lastLines, index);
  let isRunning = true;
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
    pid,
    url,
    get isRunning() {
      return isRunning;
    },
    lastLines,
    ended,
    startLoad: (clients, valueBytes) => tell({ type: 'start-load', clients, valueBytes }),
    stopLoad: () => tell({ type: 'stop-load' }),
    get load() {
      return load;
    },
    loadEnded,
    async stop(graceMs) {
      if (!isRunning) return;
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

async function readiness(
  child: ChildProcess,
  ended: Promise<string>,
  lastLines: readonly string[],
  index: number,
): Promise<{ readonly url: string; readonly pid: number }> {
  const ready = new Promise<string>((resolve) => {
    child.on('message', (message: FromNode) => {
      if (message.type === 'ready') resolve(message.url);
    });
  });
  const end = ended.then((why): never => {
    const words = lastLines.at(-1) ?? 'it said nothing';
    throw new CommandFailure(`node ${index} did not start (${why}): ${words}`);
  });
  const url = await Promise.race([ready, end]);
  return { url, pid: child.pid as number };
}
