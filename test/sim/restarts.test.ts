import { describe, expect, test } from 'vitest';
import { createWorld, uniform } from '../../src/simulator/index.ts';

const SUBSETS = Array.from({ length: 15 }, (_, at) =>
  [0, 1, 2, 3].filter((index) => (at + 1) & (1 << index)),
);

describe('restarts', () => {
  test.each(SUBSETS.map((subset) => ({ subset })))('of $subset at any moment of an epoch', ({ subset }) => {
    for (let offset = 0; offset < 10; offset++) {
      const world = createWorld({ n: 4, seed: 1_000 + offset, latencies: { flush: uniform(1, 10) } });
      world.run({ views: 10 + offset });
      for (const index of subset) world.crash(index);
      for (const index of subset) world.restart(index);
      const before = world.height;
      // Two epochs at most; the liveness checker holds every replica to its bound as well.
      world.runUntil(() => world.replicas.every(({ height }) => height > before + 1), {
        withinMs: 2 * world.chain.epochLength * world.settings.viewTimeMs,
        what: `progress after a restart of ${subset} at offset ${offset}`,
      });
    }
  });

  test('of the whole cluster, boots spread over ten view times: commits within fifteen of the last', () => {
    for (let seed = 0; seed < 8; seed++) {
      const world = createWorld({ n: 7, seed });
      world.run({ views: 35 });
      for (const { index } of world.replicas) world.crash(index);
      const random = world.random.fork('boots');
      for (const { index } of world.replicas)
        world.after(random.float() * 10_000, () => world.restart(index));
      world.run({ ms: 10_000 });
      const before = world.height;
      world.runUntil(() => world.height > before, { withinMs: 15_000, what: 'a commit' });
    }
  });

  test('of replica 2 again and again: its committed height never goes back', () => {
    const world = createWorld({ n: 4, seed: 11, latencies: { flush: uniform(1, 30) } });
    let highest = -1;
    for (let round = 0; round < 60; round++) {
      world.run({ ms: 20 + 7 * round });
      world.crash(2);
      expect(world.replica(2).height).toBeGreaterThanOrEqual(highest);
      highest = world.replica(2).height;
      world.restart(2);
    }
    world.run({ views: 20 });
    expect(world.replica(2).life).toBe(61);
    expect(world.replica(2).height).toBeGreaterThan(highest);
  });
});
