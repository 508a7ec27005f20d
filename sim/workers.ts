import { type ChildProcess, fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job, Report } from './messages.ts';
import type { Outcome } from './outcome.ts';

/** A worker that says nothing for so long goes round in circles: a piece of a run takes seconds at most. */
const SILENCE_LIMIT_MS = 300_000;
/** The end of what a worker wrote before it died, for the report. */
const MAX_LAST_WORDS = 2_000;

/** What a job tells while it is played. */
export interface Listeners {
  onProgress(views: number): void;
  onLines?(lines: readonly string[]): void;
}

export interface Played {
  readonly outcome: Outcome;
  /** Null unless the job asks for it and the worker lived to make it. */
  readonly html: string | null;
}

/** Processes that play seeds, each one seed at a time. */
export interface Workers {
  /** Never rejects for what a seed does: a worker that dies or hangs is an outcome too. */
  play(job: Job, listeners: Listeners): Promise<Played>;
  /** Ends all of them, whatever they do; jobs under way never resolve. */
  close(): Promise<void>;
}

/** `code` is the bundle of `worker.ts`, which lies in a temporary directory until `close`. */
export async function createWorkers(code: string): Promise<Workers> {
  const directory = await mkdtemp(join(tmpdir(), 'hotstuff-sim-'));
  const file = join(directory, 'worker.mjs');
  await writeFile(file, code);
  // However this process ends, but for a kill, it leaves nothing behind; workers end with their channel.
  const clean = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', clean);
  const all = new Set<ChildProcess>();
  const idle: ChildProcess[] = [];
  let isClosed = false;

  const start = (): ChildProcess => {
    const child = fork(file, [], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: ['--enable-source-maps'],
      serialization: 'advanced',
    });
    all.add(child);
    child.once('close', () => all.delete(child));
    return child;
  };
  return {
    async play(job, listeners) {
      const child = idle.pop() ?? start();
      const played = await playOn(child, job, listeners, () => isClosed);
      if (child.connected) idle.push(child);
      return played;
    },
    async close() {
      isClosed = true;
      await Promise.all(
        [...all].map(
          (child) =>
            new Promise<void>((resolve) => {
              child.once('close', () => resolve());
              child.kill('SIGKILL');
            }),
        ),
      );
      process.off('exit', clean);
      clean();
    },
  };
}

function playOn(
  child: ChildProcess,
  job: Job,
  listeners: Listeners,
  isClosed: () => boolean,
): Promise<Played> {
  return new Promise((resolve) => {
    let lastWords = '';
    let views = 0;
    let hangs = false;
    const hear = (text: Buffer): void => {
      lastWords = (lastWords + text.toString()).slice(-MAX_LAST_WORDS);
    };
    const kill = (): void => {
      hangs = true;
      child.kill('SIGKILL');
    };
    let silence = setTimeout(kill, SILENCE_LIMIT_MS);
    const end = (played: Played): void => {
      clearTimeout(silence);
      child.off('message', onReport).off('close', onClose).stderr?.off('data', hear);
      resolve(played);
    };
    const onReport = (report: Report): void => {
      clearTimeout(silence);
      silence = setTimeout(kill, SILENCE_LIMIT_MS);
      switch (report.type) {
        case 'progress':
          views = report.views;
          return listeners.onProgress(views);
        case 'lines':
          return listeners.onLines?.(report.lines);
        case 'done':
          return end({ outcome: report.outcome, html: report.html });
      }
    };
    const onClose = (code: number | null, signal: string | null): void => {
      clearTimeout(silence);
      if (isClosed()) return;
      const what = hangs
        ? `the run did not go on for ${SILENCE_LIMIT_MS / 1_000} s`
        : `the process ended with ${signal ?? `exit code ${code}`}`;
      end({
        outcome: deadOutcome(job, views, hangs ? 'hang' : 'process', `${what}\n${lastWords}`.trim()),
        html: null,
      });
    };
    child.on('message', onReport).on('close', onClose);
    child.stderr?.on('data', hear);
    child.send(job);
  });
}

/** Of a seed whose worker did not live to tell. */
function deadOutcome({ seed }: Job, view: number, property: string, what: string): Outcome {
  return {
    seed,
    views: view,
    committedBlocks: 0,
    messages: 0,
    history: '',
    violation: { seed, property, what, view, atMs: 0, lastEvents: [] },
  };
}
