import Benchmark from 'benchmark';
import type { Case, Entry, Mode, Operation, Rival } from './case.ts';
import { type Result, resultOf } from './result.ts';
import { ascending, quantile, type Samples } from './statistics.ts';

export interface Budget {
  /** Seconds to spend on one operation, what it is compared with not included; a few samples are taken whatever they take. */
  readonly seconds: number;
  readonly minSamples: number;
  /** How often the operation and its rivals take turns, so that a machine that slows down slows down all of them. */
  readonly turns: number;
}

export const BUDGETS: { readonly [Name in Mode]: Budget } = {
  full: { seconds: 0.4, minSamples: 5, turns: 2 },
  quick: { seconds: 0.1, minSamples: 3, turns: 1 },
};

/** Seconds that one sample lasts at least: short operations are repeated until then. */
const SAMPLE_SECONDS = 0.01;

const MICROSECONDS = 1e6;

/** Where results go, so that no operation is optimised away. */
export const sink: { last: unknown } = { last: null };

/** Times of `operation` in microseconds. Rejects with what it throws. */
export function measure(
  operation: Operation,
  { seconds, minSamples }: Pick<Budget, 'seconds' | 'minSamples'>,
): Promise<Samples> {
  if ('taken' in operation) return operation.taken(seconds);
  return new Promise((resolve, reject) => {
    const benchmark = new Benchmark({
      ...('sync' in operation ? syncOptions(operation.sync) : deferredOptions(operation.async, reject)),
      async: true,
      initCount: 1,
      minTime: SAMPLE_SECONDS,
      maxTime: seconds,
      minSamples,
      onComplete: () => {
        if (benchmark.error !== undefined) reject(benchmark.error);
        else resolve(ascending(benchmark.stats.sample.map((each: number) => each * MICROSECONDS)));
      },
    });
    benchmark.run();
  });
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

/** Prepares a case, measures it and its rivals by turns, and puts everything away again. */
export async function runCase({ name, prepare }: Case, budget: Budget): Promise<readonly Result[]> {
  const { run, rivals = [], close } = await prepare();
  try {
    const operations = [run, ...rivals.map((rival) => rival.run)];
    const taken = operations.map((): number[] => []);
    for (let turn = 0; turn < budget.turns; turn++) {
      for (const [index, operation] of operations.entries()) {
        taken[index]!.push(
          ...(await measure(operation, { ...budget, seconds: budget.seconds / budget.turns })),
        );
      }
    }
    return resultsOf(name, rivals, taken.map(ascending));
  } finally {
    await close?.();
  }
}

function resultsOf(name: string, rivals: readonly Rival[], taken: readonly Samples[]): readonly Result[] {
  const [samples, ...others] = taken as [Samples, ...Samples[]];
  if (rivals.length === 0) return [resultOf({ name, unit: 'us', samples })];
  return rivals.map((rival, index) =>
    resultOf({
      name: index === 0 ? name : `${name}/vs=${rival.name}`,
      unit: 'us',
      samples,
      baseline: { name: rival.name, median: quantile(others[index]!, 0.5) },
    }),
  );
}

/** About how long making keys and votes takes besides. */
const PREPARE_SECONDS = 0.3;

export const entryOf = (one: Case, { quick }: { readonly quick: boolean }): Entry => ({
  name: one.name,
  quick,
  seconds: (mode) => 2 * BUDGETS[mode].seconds + PREPARE_SECONDS,
  run: (mode) => runCase(one, BUDGETS[mode]),
});
