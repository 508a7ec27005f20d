/**
 * The simulator's own randomness: xoshiro128** 1.1 by David Blackman and Sebastiano Vigna (2018, public domain,
 * prng.di.unimi.it), seeded through the finaliser of MurmurHash3 (Austin Appleby, public domain). Not for secrets.
 */
export interface Random {
  /** Uniform over 0 .. 2^32 - 1. */
  uint32(): number;
  /** Uniform over [0, 1). */
  float(): number;
  /** An integer of 0 .. bound - 1; `bound` is 1 to 2^32. */
  below(bound: number): number;
  /** An integer of low .. high, both included. */
  between(low: number, high: number): number;
  /** True with probability `share`. Consumes nothing when the answer is certain. */
  chance(share: number): boolean;
  /** One of `items`, which must not be empty. */
  pick<Item>(items: readonly Item[]): Item;
  /** `items` in a uniformly random order. */
  shuffled<Item>(items: readonly Item[]): Item[];
  /**
   * An independent generator that depends on this one's seed and on `label` alone: what one part of the world draws
   * never shifts what another part gets.
   */
  fork(label: string): Random;
}

const GOLDEN = 0x9e3779b9;

/** MurmurHash3's finaliser: a bijection of 32-bit words in which every input bit moves every output bit. */
export function mix32(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const hashLabel = (seed: number, label: string): number => {
  let h = mix32(seed ^ GOLDEN);
  for (let at = 0; at < label.length; at++) h = mix32(h ^ Math.imul(label.charCodeAt(at) + 1, GOLDEN));
  return h;
};

const rotateLeft = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/** `seed` is an integer; its lower 32 bits count. */
export function createRandom(seed: number): Random {
  const [a, b, c, d] = [1, 2, 3, 4].map((lane) => mix32((seed | 0) + Math.imul(lane, GOLDEN)) | 0);
  let [s0, s1, s2, s3] = [a as number, b as number, c as number, d as number];

  const uint32 = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9);
    const t = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = rotateLeft(s3, 11);
    return result >>> 0;
  };
  const float = (): number => uint32() / 0x1_0000_0000;
  const below = (bound: number): number => Math.floor(float() * bound);

  return {
    uint32,
    float,
    below,
    between: (low, high) => low + below(high - low + 1),
    chance: (share) => share >= 1 || (share > 0 && float() < share),
    pick<Item>(items: readonly Item[]): Item {
      if (items.length === 0) throw new RangeError('cannot pick from nothing');
      return items[below(items.length)] as Item;
    },
    shuffled<Item>(items: readonly Item[]): Item[] {
      const order = [...items];
      for (let last = order.length - 1; last > 0; last--) {
        const other = below(last + 1);
        [order[last], order[other]] = [order[other] as Item, order[last] as Item];
      }
      return order;
    },
    fork: (label) => createRandom(hashLabel(seed, label)),
  };
}
