import { describe, expect, test } from 'vitest';
import { createWorld } from '../../src/simulator/index.ts';

/** All ways to choose `count` of the numbers below `n`. */
function choices(n: number, count: number): number[][] {
  if (count === 0) return [[]];
  if (n < count) return [];
  return [...choices(n - 1, count), ...choices(n - 1, count - 1).map((rest) => [...rest, n - 1])];
}

// T6 [R12, R26]: f replicas crash for good, wherever they stand in the rotation of leaders.
describe.each([4, 7])('n = %i, f replicas are down for good', (n) => {
  const f = Math.floor((n - 1) / 3);
  const placements = choices(n, f);

  test(`commits keep coming for each of the ${placements.length} placements`, () => {
    for (const down of placements) {
      const world = createWorld({ n, seed: 100 + down[0]!, scheme: 'bls12381' });
      for (const index of down) world.crash(index);
      const settled = 2 * n * world.chain.leaderTenure;
      world.run({ views: settled });
      const before = world.height;
      world.run({ views: settled });
      expect(world.height, `down ${down}`).toBeGreaterThan(before);
    }
  });

  test('with leaders that change every view as well (T6 as traced)', () => {
    for (const down of placements) {
      const world = createWorld({ n, seed: 200 + down[0]!, chain: { leaderTenure: 1 } });
      for (const index of down) world.crash(index);
      world.run({ views: 2 * n });
      const before = world.height;
      world.run({ views: 2 * n });
      expect(world.height, `down ${down}`).toBeGreaterThan(before);
    }
  });
});

test('more than f down: nothing commits, nothing breaks, and all goes on when one returns', () => {
  const world = createWorld({ n: 4, seed: 1 });
  world.run({ views: 50 });
  world.crash(1);
  world.crash(2);
  world.run({ ms: 3_000 });
  const before = world.height;
  world.run({ ms: 60_000 });
  expect(world.height).toBe(before);
  world.restart(2);
  world.run({ views: 50 });
  expect(world.height).toBeGreaterThan(before + 20);
});

test('a replica whose disk fails stops, and comes back from what it holds', () => {
  const world = createWorld({ n: 4, seed: 4 });
  world.run({ views: 30 });
  world.failDisk(2);
  world.run({ views: 60 });
  expect(world.replica(2).isUp).toBe(false);
  world.restart(2);
  world.run({ views: 60 });
  expect(world.replica(2).height).toBeGreaterThan(100);
});
