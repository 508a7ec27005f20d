import { describe, expect, test } from 'vitest';
import { type Kind, shareOf, VIEWS_PER_WORLD } from './plan.ts';
import { attackedWorld, faultyWorld } from './worlds.ts';

/** Worlds of one test: a failure names its seed, and this is what must be run again for it. */
const WORLDS_PER_TEST = 10;

/** Blocks that must be committed in a world, at the least: it is no test of safety when nothing is. */
const MIN_HEIGHT = 10;

/**
 * Runs one file's part of a share of the plan; the simulator's checkers watch agreement, validity, durability, liveness
 * and more.
 */
export function testVolume(n: number, kind: Kind, part: number): void {
  const { views, files } = shareOf(n, kind);
  const worlds = Math.ceil(views / files / VIEWS_PER_WORLD);
  const firstSeed = part * worlds;
  const create = kind === 'faults' ? faultyWorld : attackedWorld;
  let passed = 0;

  describe(`n = ${n}, ${kind}, ${worlds} worlds of ${VIEWS_PER_WORLD} views`, () => {
    const tests = Array.from(
      { length: Math.ceil(worlds / WORLDS_PER_TEST) },
      (_, at) => firstSeed + at * WORLDS_PER_TEST,
    );
    test.each(tests)(`seeds %i to + ${WORLDS_PER_TEST - 1}: nothing breaks, and the chain grows`, (first) => {
      for (let seed = first; seed < Math.min(first + WORLDS_PER_TEST, firstSeed + worlds); seed++) {
        const world = create(n, seed);
        world.run({ views: VIEWS_PER_WORLD });
        expect(world.height, `seed ${seed}`).toBeGreaterThan(MIN_HEIGHT);
        passed += world.view;
      }
    });

    test('so many views were passed as the plan says', () => {
      expect(passed).toBeGreaterThanOrEqual(views / files);
    });
  });
}
