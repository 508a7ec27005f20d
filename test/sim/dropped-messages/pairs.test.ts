import { expect, test } from 'vitest';
import { losePairs } from './update.ts';

/** All of them take some minutes: of so many parts, the first. `PAIR_PARTS=1` is every pair. */
const PARTS = Number(process.env['PAIR_PARTS'] ?? 6);

/** Pairs that there are at the least, all parts together. */
const ALL_PAIRS = 9_000;

test(`an update of the validator set survives the loss of any pair of its messages, one part of ${PARTS}`, {
  timeout: 3_600_000,
}, () => {
  expect(losePairs(0, PARTS)).toBeGreaterThan(ALL_PAIRS / PARTS);
});
