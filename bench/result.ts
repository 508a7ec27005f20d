import { quantile, type Samples } from './statistics.ts';

/**
 * `us`, `ms`: times of one operation. `.../s`: rates. `bytes`, `checks/block`: counts, which do not vary with the
 * machine.
 */
export type Unit =
  | 'us'
  | 'ms'
  | 'bytes'
  | 'checks/block'
  | 'commands/s'
  | 'views/s'
  | 'blocks/s'
  | 'certificates/s';

export interface Result {
  /** A path that says scheme, size and durability. */
  readonly name: string;
  readonly unit: Unit;
  readonly median: number;
  readonly p5: number;
  readonly p95: number;
  readonly samples: number;
  readonly baseline?: Baseline;
  /** How many times better than the baseline: above 1 is better. */
  readonly ratio?: number;
}

export interface Baseline {
  readonly name: string;
  readonly median: number;
}

/** Whether more of it is better. */
export const isRate = (unit: Unit): boolean => unit.endsWith('/s');

/** Whether it is the same on every machine. */
export const isCount = (unit: Unit): boolean => unit === 'bytes' || unit === 'checks/block';

/** How many times better `value` is than `than`: above 1 is better. */
export const timesBetter = (unit: Unit, value: number, than: number): number =>
  isRate(unit) ? value / than : than / value;

export function resultOf(options: {
  readonly name: string;
  readonly unit: Unit;
  readonly samples: Samples;
  readonly baseline?: Baseline | undefined;
}): Result {
  const { name, unit, samples, baseline } = options;
  const median = quantile(samples, 0.5);
  const result = {
    name,
    unit,
    median,
    p5: quantile(samples, 0.05),
    p95: quantile(samples, 0.95),
    samples: samples.length,
  };
  if (baseline === undefined) return result;
  return { ...result, baseline, ratio: timesBetter(unit, median, baseline.median) };
}
