import type { SchemeName } from '../../src/index.ts';

/** What a verifier with so many threads did. */
export interface Swept {
  readonly workers: number;
  /** Certificates made of a quorum's votes a second, when several are wanted at a time. */
  readonly perSecond: number;
  /** Microseconds from the last vote to the certificate when nothing else is wanted. */
  readonly latencyUs: number;
  /**
   * How long the calling thread was held up at a time meanwhile, in milliseconds: the median, since longer times are
   * as often other processes' doing.
   */
  readonly heldMs: number;
}

export interface Recommendation {
  readonly scheme: SchemeName;
  readonly n: number;
  readonly workers: number;
  readonly why: string;
}

/** Longer than this, the requests that the same thread serves notice. */
const MAX_HELD_MS = 2;

/** What more threads must bring to be worth their memory and their switches. */
const WORTH = 1.1;

/**
 * The number of threads for one replica on this machine. Of the sizes that leave the calling thread free (all, when none
 * does), those within 10 % of the highest throughput are good enough; of these, those within 10 % of the shortest
 * latency; of these, the fewest threads. Throws `RangeError` when nothing was swept.
 */
export function recommend(
  { scheme, n }: Pick<Recommendation, 'scheme' | 'n'>,
  swept: readonly Swept[],
): Recommendation {
  if (swept.length === 0) throw new RangeError('no size of the pool was measured');
  const free = swept.filter(({ heldMs }) => heldMs <= MAX_HELD_MS);
  const candidates = free.length > 0 ? free : swept;
  const most = Math.max(...candidates.map(({ perSecond }) => perSecond));
  const fast = candidates.filter(({ perSecond }) => perSecond * WORTH >= most);
  const shortest = Math.min(...fast.map(({ latencyUs }) => latencyUs));
  const good = fast.filter(({ latencyUs }) => latencyUs <= shortest * WORTH);
  const best = good.reduce((a, b) => (b.workers < a.workers ? b : a));
  return { scheme, n, workers: best.workers, why: reasonFor(best, swept, free.length > 0) };
}

function reasonFor(best: Swept, swept: readonly Swept[], leavesThreadFree: boolean): string {
  const figures = `${Math.round(best.perSecond)} certificates/s, ${Math.round(best.latencyUs)} us for one`;
  if (!leavesThreadFree)
    return `${figures}; every size holds up the calling thread for more than ${MAX_HELD_MS} ms`;
  const inline = swept.find(({ workers }) => workers === 0);
  if (best.workers === 0) return `${figures}; threads bring nothing here`;
  if (inline !== undefined && inline.heldMs > MAX_HELD_MS) {
    return `${figures}; without threads the calling one is held up for ${inline.heldMs.toFixed(1)} ms`;
  }
  return figures;
}

/**
 * Sizes worth trying on a machine of `cores`: none, one, and then doubling up to all but one. Under load the calling
 * thread of a replica needs a core of its own; in the sweep it does nothing else, which would flatter one thread more.
 */
export function sizesFor(cores: number): readonly number[] {
  const sizes = new Set([0, 1]);
  for (let size = 2; size < cores; size *= 2) sizes.add(size);
  if (cores > 2) sizes.add(cores - 1);
  return [...sizes];
}

/** One line for each, as the report ends. */
export const describeRecommendation = ({ scheme, n, workers, why }: Recommendation): string =>
  `workers: ${workers} for ${scheme} with ${n} validators (${why})`;
