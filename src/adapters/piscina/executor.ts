import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Priority } from '../../ports/signature-scheme.ts';
import type { Job, OutcomeOf } from './jobs.ts';

/** A job that was asked for. */
export interface Pending<Outcome> {
  readonly promise: Promise<Outcome>;
  /** Takes the job out of the queue, so that the promise rejects with `Cancelled`; one that runs goes on. */
  cancel(): void;
}

/** The job was taken back before it began. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** Milliseconds; the percentiles of all jobs so far. */
export interface Times {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface ExecutorStatistics {
  /** Threads besides the calling one. */
  readonly workers: number;
  readonly queued: number;
  readonly running: number;
  readonly completed: number;
  /** Jobs that were run again because their worker died. */
  readonly retried: number;
  /** From being asked for to being begun. */
  readonly waitMs: Times;
  /** From being begun to being answered, the way to the worker and back included; of jobs that went together, once. */
  readonly runMs: Times;
  /** Time in jobs per thread since the start: 0 to 1. */
  readonly utilization: number;
}

/** Runs jobs somewhere. A rejection is a `PoolError` or `Cancelled`. */
export interface Executor {
  run<Work extends Job>(job: Work, priority: Priority): Pending<OutcomeOf<Work>>;
  statistics(): ExecutorStatistics;
  /** Settles once every job that was asked for is answered and no thread is left. */
  close(): Promise<void>;
}

/** What happened to the jobs of one executor, as it goes on. */
export interface Recorder {
  waited(ms: number): void;
  /** `jobs` of them, in one task. */
  ran(ms: number, jobs: number): void;
  retried(): void;
  read(now: {
    readonly workers: number;
    readonly queued: number;
    readonly running: number;
  }): ExecutorStatistics;
}

const MICROSECONDS = 1_000;

/** The longest time that is told from longer ones: ten minutes, in microseconds. */
const LONGEST = 600_000_000;

export function createRecorder(): Recorder {
  const wait = createHistogram({ lowest: 1, highest: LONGEST, figures: 2 });
  const run = createHistogram({ lowest: 1, highest: LONGEST, figures: 2 });
  const start = performance.now();
  let completed = 0;
  let retried = 0;
  let busyMs = 0;
  return {
    waited: (ms) => record(wait, ms),
    ran: (ms, jobs) => {
      completed += jobs;
      busyMs += ms;
      record(run, ms);
    },
    retried: () => {
      retried++;
    },
    read: (now) => ({
      ...now,
      completed,
      retried,
      waitMs: timesOf(wait),
      runMs: timesOf(run),
      utilization: Math.min(1, busyMs / (performance.now() - start) / Math.max(1, now.workers)),
    }),
  };
}

function record(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.min(LONGEST, Math.max(1, Math.round(ms * MICROSECONDS))));
}

function timesOf(histogram: RecordableHistogram): Times {
  if (histogram.count === 0) return { p50: 0, p99: 0, max: 0 };
  return {
    p50: histogram.percentile(50) / MICROSECONDS,
    p99: histogram.percentile(99) / MICROSECONDS,
    max: histogram.max / MICROSECONDS,
  };
}
