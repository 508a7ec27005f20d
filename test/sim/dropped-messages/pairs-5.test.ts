import { expect, test } from 'vitest';
import { losePairs, PARTS } from './update.ts';

test('an update of the validator set survives the loss of every pair of messages, part 6 of 6', () => {
  expect(losePairs(5, PARTS)).toBeGreaterThan(1_500);
});
