import { expect } from 'vitest';
import type { Message } from '../../../src/model/messages.ts';
import { createWorld, type World } from '../../../src/simulator/index.ts';

// An update of the validator set with messages lost on the way: each single one, and each pair.
//
// Why all pairs are all pairs: time, keys, delays and clocks of this world are fixed, so a run is decided by which
// messages are lost. A message on its way to its own sender cannot be lost, and is none. What is sent before the block
// of the update is, is lost in an ordinary view, and what is sent after everybody has decided the update, after it:
// the messages between are those of the update. They are numbered as they are sent. A run in which message i is lost is
// the run without losses up to there, so going through every i, and for each through every later j of the run without i,
// meets every pair, those included whose second message is only sent because the first was lost.

/** Two epochs are allowed, as for everything that goes wrong. */
const EPOCHS = 2;

const carriesUpdate = (message: Message): boolean =>
  message.type === 'proposal' &&
  message.block.data.some((datum) => Buffer.from(datum).includes('validators'));

export interface LossyUpdate {
  readonly world: World;
  /** Messages from the proposal of the update until everybody had decided it. */
  readonly messages: number;
}

/** An update that adds a fifth validator, without the messages of these numbers. Throws when it is not decided in time. */
export function updateWithout(lost: readonly number[], { records = true } = {}): LossyUpdate {
  const chain = { leaderTenure: 1 };
  const world = createWorld({ n: 4, listeners: 1, seed: 12, chain, records, traceMemory: 50 });
  world.run({ views: 2 });
  world.updateValidators({ insert: { 4: 1 } });
  let messages = 0;
  let isOnItsWay = false;
  const stop = world.intercept((_from, _to, message) => {
    isOnItsWay ||= carriesUpdate(message);
    return isOnItsWay && lost.includes(messages++) ? 'drop' : undefined;
  });
  const isDecided = (index: number): boolean => {
    const sets = world.replica(index).status?.validatorSets;
    return sets?.updateHeight !== null && sets?.decided === true;
  };
  const limitMs = EPOCHS * world.chain.epochLength * world.settings.viewTimeMs;
  world.runUntil(() => world.replicas.every(({ index }) => isDecided(index)), {
    withinMs: limitMs,
    what: `the update without messages ${lost}`,
  });
  stop();
  const target = world.height + 2;
  world.runUntil(() => world.replicas.every(({ height }) => height >= target), {
    withinMs: limitMs,
    what: `height ${target} without messages ${lost}`,
  });
  expect(world.replica(4).status?.isActiveValidator, `without messages ${lost}`).toBe(true);
  return { world, messages };
}

/**
 * Every pair whose first message has a number that leaves `part` when divided by `parts`. `pairs` is how many they are,
 * `undisturbed` how many the messages of a run without losses make.
 */
export function losePairs(
  part: number,
  parts: number,
): { readonly pairs: number; readonly undisturbed: number } {
  let pairs = 0;
  let undisturbed = 0;
  const { messages } = updateWithout([]);
  for (let first = part; first < messages; first += parts) {
    undisturbed += messages - 1 - first;
    const alone = updateWithout([first], { records: false });
    for (let second = first + 1; second < alone.messages; second++) {
      updateWithout([first, second], { records: false });
      pairs++;
    }
  }
  return { pairs, undisturbed };
}
