import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_INTEGER } from '../../../src/model/ids.ts';
import { quorumOf } from '../../../src/model/validator-set.ts';

describe('a quorum', () => {
  const total = fc.oneof(
    fc.integer({ min: 1, max: 1_000 }),
    fc.maxSafeNat().filter((value) => value > 0),
  );

  test('is floor(2 * total / 3) + 1, exactly, up to 2^53 - 1', () => {
    fc.assert(
      fc.property(total, (power) => {
        expect(BigInt(quorumOf(power))).toBe((2n * BigInt(power)) / 3n + 1n);
      }),
    );
    expect(BigInt(quorumOf(MAX_INTEGER))).toBe((2n * BigInt(MAX_INTEGER)) / 3n + 1n);
  });

  test('of which two share more than what may be faulty, and which the honest can reach', () => {
    fc.assert(
      fc.property(total, (power) => {
        const quorum = BigInt(quorumOf(power));
        const all = BigInt(power);
        const faulty = all - quorum;
        expect(2n * quorum - all).toBeGreaterThan(faulty);
        expect(3n * faulty).toBeLessThan(all);
      }),
    );
  });
});
