import { expect, test } from 'vitest';
import { losePairs } from './update.ts';

/** Test files among which the pairs are dealt out. Each has a sixth of the messages as the first of a pair. */
const SHARDS = 6;

/** Loses every pair of messages whose first is this shard's. */
export function testPairs(shard: number): void {
  test(`an update of the validator set survives the loss of every pair of messages, shard ${shard}`, () => {
    const { pairs, undisturbed } = losePairs(shard, SHARDS);
    // A loss makes some runs shorter and others longer.
    expect(pairs).toBeGreaterThan(0.8 * undisturbed);
    expect(undisturbed).toBeGreaterThan(1_000);
  });
}
