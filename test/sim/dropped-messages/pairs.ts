import { expect, test } from 'vitest';
import { losePairs } from './update.ts';

/** Test files among which the pairs are dealt out. Each has a sixth of the messages as the first of a pair. */
const SHARDS = 6;

/** Loses every pair of messages whose first is this shard's. */
export function testPairs(shard: number): void {
  test(`an update of the validator set survives the loss of every pair of messages, shard ${shard}`, () => {
    expect(losePairs(shard, SHARDS)).toBeGreaterThan(1_500);
  });
}
