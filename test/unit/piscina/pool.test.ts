import { afterEach, describe, expect, it } from 'vitest';
import { Cancelled, type Pending } from '../../../src/adapters/piscina/executor.ts';
import type { Job } from '../../../src/adapters/piscina/jobs.ts';
import { WorkerPool } from '../../../src/adapters/piscina/pool.ts';
import { PoolError, PoolFullError } from '../../../src/model/errors.ts';
import type { Priority } from '../../../src/ports/signature-scheme.ts';

const SCRIPTED = new URL('./scripted-worker.mjs', import.meta.url);

interface Script {
  readonly does?: 'answer' | 'count' | 'die' | 'die-once' | 'throw' | 'wait';
  readonly value?: unknown;
  readonly gate?: Int32Array;
}

const pools: WorkerPool[] = [];
const gates: Int32Array[] = [];

function poolOf(workers: number, maxQueue = 100, filename = SCRIPTED): WorkerPool {
  const pool = new WorkerPool({ workers, maxQueue, filename });
  pools.push(pool);
  return pool;
}

/** The pool hands jobs on as they are; each of these is a task of its own. */
function run(pool: WorkerPool, script: Script, priority: Priority = 'now', votes = 100): Pending<unknown> {
  const indexes = new Uint32Array(votes);
  const job = { scheme: 'bls12381', type: 'votes', indexes, script: { does: 'answer', ...script } };
  return pool.run(job as unknown as Job, priority);
}

/** Four of these fill a task. */
const runSmall = (pool: WorkerPool, script: Script, priority: Priority = 'now'): Pending<unknown> =>
  run(pool, script, priority, 1);

/** What a job waits at until it is opened. */
function closedGate(): Int32Array {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  gates.push(gate);
  return gate;
}

function open(gate: Int32Array): void {
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
}

afterEach(async () => {
  for (const gate of gates.splice(0)) open(gate);
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

describe('a worker pool', () => {
  it.each([1, 2, 3])('answers every job with %i workers', async (workers) => {
    const pool = poolOf(workers);
    const jobs = Array.from({ length: 30 }, (_, value) => run(pool, { value }).promise);
    expect(await Promise.all(jobs)).toEqual(Array.from({ length: 30 }, (_, value) => value));
    const { completed, queued, running, retried } = pool.statistics();
    expect({ completed, queued, running, retried }).toEqual({
      completed: 30,
      queued: 0,
      running: 0,
      retried: 0,
    });
  });

  it('prefers what the view waits for, and keeps the order of equals', async () => {
    const pool = poolOf(1);
    const gate = closedGate();
    const order: unknown[] = [];
    const jobs = [run(pool, { does: 'wait', gate, value: 'first' })];
    for (const priority of ['sync', 'soon', 'now', 'sync', 'soon', 'now'] as const) {
      jobs.push(run(pool, { value: `${priority} ${jobs.length}` }, priority));
    }
    const all = Promise.all(jobs.map(({ promise }) => promise.then((value) => order.push(value))));
    expect(pool.statistics()).toMatchObject({ queued: 6, running: 1 });
    open(gate);
    await all;
    expect(order).toEqual(['first', 'now 3', 'now 6', 'soon 2', 'soon 5', 'sync 1', 'sync 4']);
  });

  it('refuses a job when too many wait, and goes on', async () => {
    const pool = poolOf(1, 2);
    const gate = closedGate();
    const jobs = [run(pool, { does: 'wait', gate }), run(pool, { value: 1 }), run(pool, { value: 2 })];
    await expect(run(pool, { value: 3 }).promise).rejects.toThrow(new PoolFullError('2 jobs wait already'));
    open(gate);
    expect(await Promise.all(jobs.map(({ promise }) => promise))).toEqual([undefined, 1, 2]);
    expect(await run(pool, { value: 4 }).promise).toBe(4);
  });

  it('takes a waiting job back, never a running one', async () => {
    const pool = poolOf(1);
    const gate = closedGate();
    const running = run(pool, { does: 'wait', gate, value: 'ran' });
    const waiting = run(pool, { value: 'never' });
    const last = run(pool, { value: 'last' });
    running.cancel();
    waiting.cancel();
    waiting.cancel();
    await expect(waiting.promise).rejects.toBeInstanceOf(Cancelled);
    expect(pool.statistics().queued).toBe(1);
    open(gate);
    expect(await running.promise).toBe('ran');
    expect(await last.promise).toBe('last');
    last.cancel();
  });

  it('runs a job again when its worker dies, and loses no other', async () => {
    const pool = poolOf(2);
    const jobs = Array.from({ length: 20 }, (_, value) =>
      run(pool, { does: value % 5 === 2 ? 'die-once' : 'answer', gate: closedGate(), value }),
    );
    expect(await Promise.all(jobs.map(({ promise }) => promise))).toEqual(
      Array.from({ length: 20 }, (_, value) => value),
    );
    expect(pool.statistics()).toMatchObject({ completed: 20, retried: 4 });
  });

  it.each(['die', 'throw'] as const)(
    'gives up a job at which workers %s twice, and goes on',
    async (does) => {
      const pool = poolOf(1);
      const fatal = run(pool, { does });
      const next = run(pool, { value: 'next' });
      await expect(fatal.promise).rejects.toThrow('workers failed twice at a job of type votes');
      await expect(fatal.promise).rejects.toBeInstanceOf(PoolError);
      expect(await next.promise).toBe('next');
    },
  );

  it('has small jobs that wait done together, those of one priority', async () => {
    const pool = poolOf(1);
    const gate = closedGate();
    const jobs = [run(pool, { does: 'wait', gate, value: 'first' })];
    for (let count = 0; count < 6; count++) jobs.push(runSmall(pool, { does: 'count' }));
    jobs.push(run(pool, { does: 'count' }), runSmall(pool, { does: 'count' }));
    for (let count = 0; count < 2; count++) jobs.push(runSmall(pool, { does: 'count' }, 'soon'));
    expect(pool.statistics()).toMatchObject({ queued: 10, running: 1 });
    open(gate);
    const answers = await Promise.all(jobs.map(({ promise }) => promise));
    expect(answers).toEqual(['first', 4, 4, 4, 4, 2, 2, 1, 1, 2, 2]);
    expect(pool.statistics()).toMatchObject({ completed: 11, queued: 0, running: 0 });
  });

  it('leaves a share of small jobs to its other workers', async () => {
    const pool = poolOf(2);
    const gates = [closedGate(), closedGate()] as const;
    const busy = gates.map((gate) => run(pool, { does: 'wait', gate }));
    const jobs = Array.from({ length: 4 }, () => runSmall(pool, { does: 'count' }));
    open(gates[0]);
    // The free worker takes half of what waits, three times: 2, 1 and 1.
    expect(await Promise.all(jobs.map(({ promise }) => promise))).toEqual([2, 2, 1, 1]);
    open(gates[1]);
    await Promise.all(busy.map(({ promise }) => promise));
  });

  it('loses none of the jobs that were together with one that is fatal', async () => {
    const pool = poolOf(1);
    const gate = closedGate();
    const first = run(pool, { does: 'wait', gate });
    const good = [runSmall(pool, { value: 1 }), runSmall(pool, { value: 2 })];
    const fatal = runSmall(pool, { does: 'die' });
    good.push(runSmall(pool, { value: 3 }));
    open(gate);
    await first.promise;
    await expect(fatal.promise).rejects.toBeInstanceOf(PoolError);
    expect(await Promise.all(good.map(({ promise }) => promise))).toEqual([1, 2, 3]);
    expect(pool.statistics()).toMatchObject({ retried: 4, queued: 0, running: 0 });
  });

  it('says so when no worker starts', async () => {
    const pool = poolOf(2, 100, new URL('./stillborn-worker.mjs', import.meta.url));
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map((value) => run(pool, { value }).promise));
    for (const outcome of outcomes) {
      expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(PoolError);
    }
  });

  it('answers what was asked before it closes, and nothing else', async () => {
    const pool = poolOf(1);
    const gate = closedGate();
    const running = run(pool, { does: 'wait', gate, value: 1 });
    const waiting = run(pool, { value: 2 });
    const closing = pool.close();
    await expect(run(pool, { value: 3 }).promise).rejects.toThrow('the worker pool is closed');
    open(gate);
    await closing;
    expect(await Promise.all([running.promise, waiting.promise])).toEqual([1, 2]);
    await pool.close();
  });

  it('closes at once when nothing was asked', async () => {
    await poolOf(2).close();
  });

  it('measures waiting and running', async () => {
    const pool = poolOf(1);
    await Promise.all([1, 2, 3].map((value) => run(pool, { value }).promise));
    const { waitMs, runMs, utilization, workers } = pool.statistics();
    expect(workers).toBe(1);
    expect(runMs.max).toBeGreaterThan(0);
    expect(waitMs.max).toBeGreaterThan(0);
    expect(runMs.p50).toBeLessThanOrEqual(runMs.p99);
    expect(utilization).toBeGreaterThan(0);
    expect(utilization).toBeLessThanOrEqual(1);
  });
});
