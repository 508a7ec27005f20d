import { expect, test } from 'vitest';
import { losePairs, PARTS } from './update.ts';

test('an update of the validator set survives the loss of every pair of messages, part 2 of 6', () => {
  expect(losePairs(1, PARTS)).toBeGreaterThan(1_500);
});
