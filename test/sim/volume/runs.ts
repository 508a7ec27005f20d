import { describe, expect, test } from 'vitest';
import { type Kind, shareOf, VIEWS_PER_WORLD } from './plan.ts';
import { attackedWorld, faultyWorld } from './worlds.ts';

/** Worlds of one test: a failure names its seed, and this is what must be run again for it. */
const WORLDS_PER_TEST = 10;

/** Blocks that must be committed in a world, at the least: it is no test of safety when nothing is. */
const MIN_HEIGHT = 10;

/**
 * Runs a shard of a share of the plan; the simulator's checkers watch agreement, validity, durability, liveness and
 * more. Seeds count through the shards.
 */
export function testVolume(n: number, kind: Kind, shard: number): void {
  const { views, shards } = shareOf(n, kind);
  const worlds = Math.ceil(views / shards / VIEWS_PER_WORLD);
  const [first, end] = [shard * worlds, (shard + 1) * worlds];
  const create = kind === 'faults' ? faultyWorld : attackedWorld;
  let passed = 0;

  describe(`n = ${n}, ${kind}, ${worlds} worlds of ${VIEWS_PER_WORLD} views`, () => {
    const tests = Array.from(
      { length: Math.ceil(worlds / WORLDS_PER_TEST) },
      (_, at) => first + at * WORLDS_PER_TEST,
    );
    test.each(tests)(`seeds %i to + ${WORLDS_PER_TEST - 1}: nothing breaks, and the chain grows`, (from) => {
      for (let seed = from; seed < Math.min(from + WORLDS_PER_TEST, end); seed++) {
        const world = create(n, seed);
        world.run({ views: VIEWS_PER_WORLD });
        expect(world.height, `seed ${seed}`).toBeGreaterThan(MIN_HEIGHT);
        passed += world.view;
      }
    });

    test('so many views were passed as the plan says', () => {
      expect(passed).toBeGreaterThanOrEqual(views / shards);
    });
  });
}
