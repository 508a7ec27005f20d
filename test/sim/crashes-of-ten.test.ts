import { expect, test } from 'vitest';
import { createWorld } from '../../src/simulator/index.ts';

// T6 [R12, R26] for ten replicas, three of which are down for good: all 120 placements.

const N = 10;
const indices = Array.from({ length: N }, (_, index) => index);

const PLACEMENTS = indices.flatMap((a) =>
  indices.slice(a + 1).flatMap((b) => indices.slice(b + 1).map((c) => [a, b, c] as const)),
);

/** Windows of 2 n leaderTenure views, each of which must see a commit. */
const WINDOWS = 3;

test.each([1, 4])('leaderTenure %i: each window of 2 n leaderTenure views sees a commit', (leaderTenure) => {
  expect(PLACEMENTS).toHaveLength(120);
  for (const down of PLACEMENTS) {
    const world = createWorld({ n: N, seed: 300 + down[0], chain: { leaderTenure }, traceMemory: 50 });
    for (const index of down) world.crash(index);
    for (let window = 0; window < WINDOWS; window++) {
      const [height, end] = [world.height, world.view + 2 * N * leaderTenure];
      // What comes after the commit is the next window's.
      world.runUntil(() => world.height > height || world.view >= end, {
        withinMs: 2 * 2 * N * leaderTenure * world.settings.viewTimeMs,
        what: `a commit or view ${end} with ${down} down`,
      });
      expect(world.height, `down ${down}, window ${window}`).toBeGreaterThan(height);
    }
  }
});
