import { describe, expect, test } from 'vitest';
import { createRandom, createWorld, type World } from '../../src/simulator/index.ts';

// An update of the validator set with messages lost on the way: each single one, and many pairs.

/** Pairs that are tried; all of them are some ten thousand. */
const PAIRS = 120;

/** Brings a world to the moment before the update, and counts, or loses, the messages from there on. */
function updateWithout(lost: ReadonlySet<number>): { readonly world: World; readonly messages: number } {
  const world = createWorld({ n: 4, listeners: 1, seed: 12, chain: { leaderTenure: 1 } });
  world.run({ views: 5 });
  world.updateValidators({ insert: { 4: 1 } });
  let messages = 0;
  const stop = world.intercept(() => (lost.has(messages++) ? 'drop' : undefined));
  const isDecided = (index: number): boolean => {
    const sets = world.replica(index).status?.validatorSets;
    return sets?.updateHeight !== null && sets?.decided === true;
  };
  world.runUntil(() => world.replicas.every(({ index }) => isDecided(index)), {
    withinMs: 2 * 10 * world.settings.viewTimeMs,
    what: `the update without messages ${[...lost]}`,
  });
  stop();
  const target = world.height + 3;
  world.runUntil(() => world.replicas.every(({ height }) => height >= target), {
    withinMs: 2 * 10 * world.settings.viewTimeMs,
    what: `height ${target} without messages ${[...lost]}`,
  });
  return { world, messages };
}

describe('an update of the validator set', () => {
  const { messages } = updateWithout(new Set());

  test('takes its course when nothing is lost', () => {
    expect(messages).toBeGreaterThan(50);
    expect(messages).toBeLessThan(400);
  });

  test('survives the loss of each single message', () => {
    for (let lost = 0; lost < messages; lost++) {
      const { world } = updateWithout(new Set([lost]));
      expect(world.replica(0).status?.validatorSets.committed.validators).toHaveLength(5);
    }
  });

  test(`survives the loss of ${PAIRS} pairs of messages`, () => {
    const random = createRandom(2);
    for (let pair = 0; pair < PAIRS; pair++) {
      const [first, second] = [random.below(messages), random.below(messages)];
      const { world } = updateWithout(new Set([first, second]));
      expect(world.replica(4).status?.isActiveValidator).toBe(true);
    }
  });
});
