import { createRequire } from 'node:module';
import type { Piscina } from 'piscina';
import { PoolError, PoolFullError } from '../../model/errors.ts';
import type { Priority } from '../../ports/signature-scheme.ts';
import { Cancelled, createRecorder, type Executor, type Pending, type Recorder } from './executor.ts';
import type { Job, OutcomeOf } from './jobs.ts';
import { shareOfTask } from './workers.ts';

export interface PoolOptions {
  readonly workers: number;
  /** Jobs that may wait; the next one is refused. */
  readonly maxQueue: number;
  /** The compiled worker, which exports `runJobs`. */
  readonly filename?: URL;
}

/** From `src` and from `dist` alike: a worker thread loads JavaScript. */
const WORKER = new URL('../../../dist/adapters/piscina/worker.js', import.meta.url);

/** Only who has workers loads piscina; without a wait, so that a pool can begin in the middle of a call. */
const loadPiscina = (): typeof Piscina =>
  (createRequire(import.meta.url)('piscina') as { Piscina: typeof Piscina }).Piscina;

/** Times that a job is begun: once more when its worker died under it, which need not be the job's fault. */
const MAX_ATTEMPTS = 2;

const PRIORITIES: readonly Priority[] = ['now', 'soon', 'sync'];

interface Deferred<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: Error) => void;
}

function deferred<Value>(): Deferred<Value> {
  let resolve!: Deferred<Value>['resolve'];
  let reject!: Deferred<Value>['reject'];
  const promise = new Promise<Value>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

interface Entry {
  readonly job: Job;
  readonly priority: Priority;
  readonly askedAt: number;
  attempts: number;
  readonly resolve: (outcome: OutcomeOf<Job>) => void;
  readonly reject: (error: Error) => void;
}

/** Jobs that a thread has at a time: one, or small ones that waited together. */
type Task = readonly Entry[];

/**
 * Runs jobs on `workers` threads, those of higher priority first and equal ones in order. Small ones that wait for a
 * thread go to it together.
 *
 * Jobs wait here and not in piscina: piscina keeps no order among jobs that can be aborted, and aborting one that runs
 * kills its worker.
 */
export class WorkerPool implements Executor {
  readonly #piscina: Piscina<readonly Job[], readonly OutcomeOf<Job>[]>;
  readonly #workers: number;
  readonly #maxQueue: number;
  readonly #recorder: Recorder = createRecorder();
  readonly #lanes: { readonly [Lane in Priority]: Entry[] } = { now: [], soon: [], sync: [] };
  readonly #running = new Set<Task>();
  #closing: { readonly promise: Promise<void>; readonly drained: () => void } | null = null;

  constructor({ workers, maxQueue, filename = WORKER }: PoolOptions) {
    this.#workers = workers;
    this.#maxQueue = maxQueue;
    this.#piscina = new (loadPiscina())<readonly Job[], readonly OutcomeOf<Job>[]>({
      filename: filename.href,
      name: 'runJobs',
      minThreads: workers,
      maxThreads: workers,
      idleTimeout: Number.POSITIVE_INFINITY,
      // Busy waiting answers a loaded worker faster and an idle one, the usual case here, twice as slowly.
      atomics: 'disabled',
      recordTiming: false,
    });
    this.#piscina.on('error', (error: Error) => this.#onIdleWorkerDied(error));
  }

  run<Work extends Job>(job: Work, priority: Priority): Pending<OutcomeOf<Work>> {
    const { promise, resolve, reject } = deferred<OutcomeOf<Job>>();
    const entry: Entry = { job, priority, askedAt: performance.now(), attempts: 0, resolve, reject };
    if (this.#closing !== null) reject(new PoolError('the worker pool is closed'));
    else if (this.#queued >= this.#maxQueue) reject(new PoolFullError(`${this.#maxQueue} jobs wait already`));
    else this.#enqueue(entry);
    return { promise: promise as Promise<OutcomeOf<Work>>, cancel: () => this.#cancel(entry) };
  }

  statistics(): ReturnType<Executor['statistics']> {
    let running = 0;
    for (const task of this.#running) running += task.length;
    return this.#recorder.read({ workers: this.#workers, queued: this.#queued, running });
  }

  close(): Promise<void> {
    if (this.#closing === null) {
      const { promise, resolve } = deferred<void>();
      this.#closing = { promise: promise.then(() => this.#piscina.destroy()), drained: resolve };
      this.#settleClosing();
    }
    return this.#closing.promise;
  }

  get #queued(): number {
    return this.#lanes.now.length + this.#lanes.soon.length + this.#lanes.sync.length;
  }

  #enqueue(entry: Entry): void {
    this.#lanes[entry.priority].push(entry);
    this.#begin();
  }

  /** Begins as many tasks as there are free workers. */
  #begin(): void {
    while (this.#running.size < this.#workers) {
      const lane = PRIORITIES.find((priority) => this.#lanes[priority].length > 0);
      if (lane === undefined) return;
      const task = this.#takeFrom(this.#lanes[lane]);
      const now = performance.now();
      for (const { askedAt } of task) this.#recorder.waited(now - askedAt);
      this.#running.add(task);
      void this.#execute(task);
    }
  }

  /**
   * The first of `lane`, with those behind it that are small too: no more than a worker's share of them, so that none
   * idles beside a busy one. What has failed before goes alone, so that it takes no other job down with it.
   */
  #takeFrom(lane: Entry[]): Task {
    const most = Math.ceil(lane.length / this.#workers);
    let filled = 0;
    let count = 0;
    while (count < most) {
      const { job, attempts } = lane[count] as Entry;
      filled += attempts > 0 ? 1 : shareOfTask(job);
      if (count > 0 && filled > 1) break;
      count++;
      if (filled >= 1) break;
    }
    return lane.splice(0, count);
  }

  async #execute(task: Task): Promise<void> {
    const start = performance.now();
    try {
      for (const entry of task) entry.attempts++;
      const outcomes = await this.#piscina.run(task.map(({ job }) => job));
      this.#recorder.ran(performance.now() - start, task.length);
      if (this.#running.delete(task)) {
        for (const [at, { resolve }] of task.entries()) resolve(outcomes[at] as OutcomeOf<Job>);
      }
    } catch (cause) {
      // From the last to the first, since each goes ahead of its lane.
      if (this.#running.delete(task)) for (const entry of task.toReversed()) this.#onFailure(entry, cause);
    }
    this.#begin();
    this.#settleClosing();
  }

  /** The worker died, or the addon threw in it. Ahead of its lane, since it has waited once already. */
  #onFailure(entry: Entry, cause: unknown): void {
    if (entry.attempts < MAX_ATTEMPTS) {
      this.#recorder.retried();
      this.#lanes[entry.priority].unshift(entry);
      return;
    }
    entry.reject(new PoolError(`workers failed twice at a job of type ${entry.job.type}`, { cause }));
  }

  /**
   * Piscina replaces a worker that dies, but not one that dies while it starts: without any left, what was given to it
   * would wait for ever.
   */
  #onIdleWorkerDied(cause: Error): void {
    if (this.#piscina.threads.length > 0) return;
    const failed = [...this.#running];
    this.#running.clear();
    for (const entry of failed.flat()) entry.reject(new PoolError('no worker starts', { cause }));
    this.#begin();
    this.#settleClosing();
  }

  #cancel(entry: Entry): void {
    const lane = this.#lanes[entry.priority];
    const at = lane.indexOf(entry);
    if (at === -1) return;
    lane.splice(at, 1);
    entry.reject(new Cancelled('taken back before it began'));
    this.#settleClosing();
  }

  #settleClosing(): void {
    if (this.#running.size === 0 && this.#queued === 0) this.#closing?.drained();
  }
}
