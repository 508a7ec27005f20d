import Benchmark from 'benchmark';
import type { Operation, Samples } from './case.ts';

export interface Budget {
  /** Seconds to spend on one operation, its baseline not included; a few samples are taken whatever they take. */
  readonly seconds: number;
  readonly minSamples: number;
}

export const FULL: Budget = { seconds: 1.5, minSamples: 10 };
export const QUICK: Budget = { seconds: 0.2, minSamples: 3 };

/** Seconds that one sample lasts at least: short operations are repeated until then. */
const SAMPLE_SECONDS = 0.01;

const MICROSECONDS = 1e6;

/** Where results go, so that no operation is optimised away. */
export const sink: { last: unknown } = { last: null };

/** Times of `operation`. Rejects with what it throws. */
export function measure(operation: Operation, budget: Budget): Promise<Samples> {
  const { promise, resolve, reject } = outcome<Samples>();
  const benchmark = new Benchmark({
    ...('sync' in operation ? syncOptions(operation.sync) : deferredOptions(operation.async, reject)),
    async: true,
    initCount: 1,
    minTime: SAMPLE_SECONDS,
    maxTime: budget.seconds,
    minSamples: budget.minSamples,
    onComplete: () => {
      if (benchmark.error !== undefined) reject(benchmark.error);
      else
        resolve(
          benchmark.stats.sample.map((seconds: number) => seconds * MICROSECONDS).sort((a, b) => a - b),
        );
    },
  });
  benchmark.run();
  return promise;
}

const syncOptions = (run: () => unknown): Benchmark.Options => ({
  fn: () => {
    sink.last = run();
  },
});

const deferredOptions = (run: () => Promise<unknown>, reject: (error: Error) => void): Benchmark.Options => ({
  defer: true,
  fn: (deferred: Benchmark.Deferred & { resolve(): void }) => {
    run().then((value) => {
      sink.last = value;
      deferred.resolve();
    }, reject);
  },
});

function outcome<Value>(): {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: Error) => void;
} {
  let resolve!: (value: Value) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<Value>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
