/** Durations, counted in buckets that are 2 % wide: percentiles are that exact, whatever their number. */
export interface Histogram {
  record(ms: number): void;
  /** Adds what another one counted, as its `counts` tell. */
  add(counts: readonly number[]): void;
  /** In milliseconds; 0 when nothing was recorded. `fraction` of 0.5 is the median. */
  percentile(fraction: number): number;
  readonly total: number;
  /** By bucket; survives JSON. */
  counts(): readonly number[];
}

const GROWTH = Math.log(1.02);
const SHORTEST_MS = 0.01;

/** The last bucket begins at some 50 minutes, and takes all that is longer. */
const BUCKETS = 1_000;

export function createHistogram(): Histogram {
  const buckets = new Array<number>(BUCKETS).fill(0);
  let total = 0;
  function count(bucket: number, times: number): void {
    const at = Math.min(bucket, BUCKETS - 1);
    buckets[at] = (buckets[at] as number) + times;
    total += times;
  }
  return {
    record(ms) {
      count(ms <= SHORTEST_MS ? 0 : Math.ceil(Math.log(ms / SHORTEST_MS) / GROWTH), 1);
    },
    add(counts) {
      for (const [bucket, times] of counts.entries()) count(bucket, times);
    },
    percentile(fraction) {
      if (total === 0) return 0;
      const wanted = Math.max(1, Math.ceil(fraction * total));
      let seen = 0;
      const bucket = buckets.findIndex((times) => {
        seen += times;
        return seen >= wanted;
      });
      return SHORTEST_MS * Math.exp(bucket * GROWTH);
    },
    get total() {
      return total;
    },
    counts: () => buckets.slice(0, buckets.findLastIndex((times) => times > 0) + 1),
  };
}
