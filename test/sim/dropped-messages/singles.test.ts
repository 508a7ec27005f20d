import { describe, expect, test } from 'vitest';
import { updateWithout } from './update.ts';

describe('an update of the validator set', () => {
  const { world, messages } = updateWithout([]);

  test('takes its course when nothing is lost', () => {
    // Five views with a leader’s message to four others and votes to two leaders, and what the change of sets adds.
    expect(messages).toBeGreaterThan(60);
    expect(messages).toBeLessThan(250);
    expect(world.replica(0).status?.validatorSets.committed.validators).toHaveLength(5);
  });

  test('survives the loss of each single message', () => {
    for (let lost = 0; lost < messages; lost++) expect(updateWithout([lost]).messages).toBeGreaterThan(lost);
  });
});
