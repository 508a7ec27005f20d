import { expect, test } from 'vitest';
import { losePairs } from './update.ts';

test('an update of the validator set survives the loss of pairs of messages, part 5 of 37', () => {
  expect(losePairs(5, 37)).toBeGreaterThan(200);
});
