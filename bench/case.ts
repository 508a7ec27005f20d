/** Something to measure: called again and again. What it returns is kept, so that no compiler leaves it out. */
export type Operation = { readonly sync: () => unknown } | { readonly async: () => Promise<unknown> };

export interface Prepared {
  readonly run: Operation;
  /** What to compare with: the same work done by somebody else, on the same machine in the same run. */
  readonly baseline?: { readonly name: string; readonly run: Operation };
  close?(): Promise<void> | void;
}

/** One line of the report. Its name is a path that says scheme, size and durability. */
export interface Case {
  readonly name: string;
  /** Makes keys, votes, stores: not measured, and only done for cases that are run. */
  prepare(): Promise<Prepared> | Prepared;
}

/** Times of one operation in microseconds, ascending; each is the mean of as many runs as fit some milliseconds. */
export type Samples = readonly number[];

export interface Result {
  readonly name: string;
  /** Of the numbers. Of times less is better, of rates more. */
  readonly unit: 'us' | 'ms' | 'commands/s' | 'views/s';
  readonly median: number;
  readonly p5: number;
  readonly p95: number;
  readonly samples: number;
  readonly baseline?: { readonly name: string; readonly median: number };
  /** How many times better than the baseline: above 1 is better. */
  readonly ratio?: number;
}

/** The value below which `share` of the ascending samples lie. */
export function quantile(samples: Samples, share: number): number {
  const at = share * (samples.length - 1);
  const below = samples[Math.floor(at)] as number;
  const above = samples[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}

export function resultOf(
  name: string,
  samples: Samples,
  baseline: { readonly name: string; readonly samples: Samples } | null,
): Result {
  const median = quantile(samples, 0.5);
  const result: Result = {
    name,
    unit: 'us',
    median,
    p5: quantile(samples, 0.05),
    p95: quantile(samples, 0.95),
    samples: samples.length,
  };
  if (baseline === null) return result;
  const other = quantile(baseline.samples, 0.5);
  return { ...result, baseline: { name: baseline.name, median: other }, ratio: other / median };
}

/** Of figures that are no times of one operation: `values` ascending, a baseline of the same unit. */
export function rateResultOf(
  name: string,
  unit: Exclude<Result['unit'], 'us'>,
  values: Samples,
  baseline: { readonly name: string; readonly median: number } | null,
): Result {
  const { median, p5, p95, samples } = resultOf(name, values, null);
  const result: Result = { name, unit, median, p5, p95, samples };
  return baseline === null ? result : { ...result, baseline, ratio: median / baseline.median };
}
