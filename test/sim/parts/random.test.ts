import { expect, test } from 'vitest';
import { createRandom } from '../../../src/simulator/random.ts';

/** The generator as its authors publish it, on unsigned words with BigInt: slow, obvious, and another hand's. */
function* reference(state: bigint[]): Generator<number> {
  const mask = 0xffff_ffffn;
  const rotl = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & mask;
  for (;;) {
    yield Number((rotl((state[1]! * 5n) & mask, 7n) * 9n) & mask);
    const t = (state[1]! << 9n) & mask;
    state[2]! ^= state[0]!;
    state[3]! ^= state[1]!;
    state[1]! ^= state[2]!;
    state[0]! ^= state[3]!;
    state[2]! ^= t;
    state[3] = rotl(state[3]!, 11n);
  }
}

/** MurmurHash3's finaliser in BigInt. */
function finalise(word: bigint): bigint {
  const mask = 0xffff_ffffn;
  let h = word & mask;
  h = ((h ^ (h >> 16n)) * 0x85ebca6bn) & mask;
  h = ((h ^ (h >> 13n)) * 0xc2b2ae35n) & mask;
  return h ^ (h >> 16n);
}

test('draws what xoshiro128** draws', () => {
  for (const seed of [0, 1, 42, 0x7fff_ffff, 0xdead_beef]) {
    const state = [1n, 2n, 3n, 4n].map((lane) => finalise(BigInt(seed) + lane * 0x9e3779b9n));
    const expected = reference(state);
    const random = createRandom(seed);
    for (let draw = 0; draw < 1_000; draw++) expect(random.uint32()).toBe(expected.next().value);
  }
});

test('forks do not depend on what was drawn before', () => {
  const [fresh, used] = [createRandom(5), createRandom(5)];
  used.uint32();
  expect(used.fork('disk').uint32()).toBe(fresh.fork('disk').uint32());
  expect(fresh.fork('disk').uint32()).not.toBe(fresh.fork('network').uint32());
});

test('helpers stay in their ranges and reach all of them', () => {
  const random = createRandom(3);
  const seen = new Set(Array.from({ length: 500 }, () => random.between(2, 5)));
  expect([...seen].sort()).toEqual([2, 3, 4, 5]);
  expect(random.chance(0)).toBe(false);
  expect(random.chance(1)).toBe(true);
  expect(random.shuffled([1, 2, 3, 4]).toSorted()).toEqual([1, 2, 3, 4]);
  expect(() => random.pick([])).toThrow(RangeError);
});
