/** Measured values, ascending. */
export type Samples = readonly number[];

export const ascending = (values: Iterable<number>): Samples => [...values].sort((a, b) => a - b);

/** The value below which `share` of the ascending samples lie. Throws `RangeError` without samples. */
export function quantile(samples: Samples, share: number): number {
  if (samples.length === 0) throw new RangeError('no samples were taken');
  const at = share * (samples.length - 1);
  const below = samples[Math.floor(at)] as number;
  const above = samples[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}

/** The natural logarithm of the binomial coefficient of `n` over `k`. */
export function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let at = 1; at <= Math.min(k, n - k); at++) sum += Math.log((n - Math.min(k, n - k) + at) / at);
  return sum;
}

/**
 * How probable it is that at least `exceeding` of `m` values lie above the `rank`-th smallest of `n` others, when all of
 * them come from one distribution, whichever it is: the precedence test. Each of the orders in which the two kinds may
 * fall is as probable as any other.
 */
export function chanceOfExceeding(options: {
  readonly n: number;
  readonly rank: number;
  readonly m: number;
  readonly exceeding: number;
}): number {
  const { n, rank, m, exceeding } = options;
  const all = logChoose(n + m, n);
  let chance = 0;
  for (let above = exceeding; above <= m; above++) {
    const upper = logChoose(above + n - rank, above);
    const lower = logChoose(m - above + rank - 1, m - above);
    chance += Math.exp(upper + lower - all);
  }
  return Math.min(1, chance);
}
