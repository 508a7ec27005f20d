import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { native, SCHEME_NUMBERS, VERDICT } from '../../../src/adapters/native/binding.ts';
import { nativeHasher } from '../../../src/adapters/native/index.ts';
import { merkleRoot } from '../../../src/codec/data-hash.ts';
import { SCHEME_SIZES, type SchemeName } from '../../../src/model/scheme.ts';
import { concat, indexes, signersOf } from '../../conformance/native/support.ts';

// What peers send, mutated: every answer is a verdict, never a throw, and only the untouched is valid.

const SCHEMES: readonly SchemeName[] = ['bls12381', 'ed25519'];
const N = 10;
const MESSAGE = Uint8Array.of(1, 2, 3);

/** A change of a byte string: bits flipped, cut, extended, or replaced. */
const mutation = fc.oneof(
  fc.array(fc.nat(), { minLength: 1, maxLength: 3 }).map((bits) => (bytes: Uint8Array) => {
    const changed = bytes.slice();
    for (const bit of bits) {
      const at = (bit >> 3) % changed.length;
      changed[at] = (changed[at] as number) ^ (1 << (bit & 7));
    }
    return changed;
  }),
  fc.nat().map((end) => (bytes: Uint8Array) => bytes.slice(0, end % bytes.length)),
  fc.uint8Array({ minLength: 1, maxLength: 70 }).map((more) => (bytes: Uint8Array) => concat([bytes, more])),
  fc.uint8Array({ maxLength: 100 }).map((other) => () => other),
);

const same = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;

describe.each(SCHEMES)('malformed %s input', (scheme) => {
  const { secrets, set } = signersOf(scheme, N);
  const sizes = SCHEME_SIZES[scheme];
  const signers = indexes(0, 7);
  const votes = secrets.slice(0, 7).map((secret) => secret.sign(MESSAGE));
  const good = set.formCertificate(MESSAGE, signers, concat(votes));

  it('certificates', () => {
    const check = (change: (bytes: Uint8Array) => Uint8Array, ofBitmap: boolean) => {
      const bitmap = ofBitmap ? change(good.bitmap) : good.bitmap;
      const signatures = ofBitmap ? good.signatures : change(good.signatures);
      const untouched = same(bitmap, good.bitmap) && same(signatures, good.signatures);
      const verdict = set.verifyCertificate(MESSAGE, bitmap, signatures);
      expect(Object.values(VERDICT)).toContain(verdict);
      expect(verdict === VERDICT.valid).toBe(untouched);
    };
    fc.assert(fc.property(mutation, fc.boolean(), check), { numRuns: 1_000 });
  });

  it('votes: a bad one voids itself alone', () => {
    const fill = (bytes: Uint8Array) => concat([bytes, new Uint8Array(sizes.vote)]).subarray(0, sizes.vote);
    const changes = fc.array(fc.option(mutation, { freq: 3 }), { minLength: 7, maxLength: 7 });
    const check = (mutations: readonly (((bytes: Uint8Array) => Uint8Array) | null)[]) => {
      const changed = votes.map((vote, at) => fill(mutations[at]?.(vote) ?? vote));
      const intact = changed.map((vote, at) => same(vote, votes[at] as Uint8Array));
      const formed = set.formCertificate(MESSAGE, signers, concat(changed));
      expect([...formed.votes].map((verdict) => verdict === VERDICT.valid)).toEqual(intact);
      expect(formed.verdict === VERDICT.valid).toBe(intact.includes(true));
      const expected = intact.reduce((bits, isIntact, at) => (isIntact ? bits | (1 << at) : bits), 0);
      if (expected !== 0) {
        expect([...formed.bitmap]).toEqual([expected, 0]);
        expect(set.verifyCertificate(MESSAGE, formed.bitmap, formed.signatures)).toBe(VERDICT.valid);
      }
      const messages = concat(changed.map(() => MESSAGE));
      const offsets = indexes(0, 8).map((at) => at * MESSAGE.length);
      const verdicts = set.checkVotes(signers, messages, offsets, concat(changed));
      expect([...verdicts].map((verdict) => verdict === VERDICT.valid)).toEqual(intact);
    };
    fc.assert(fc.property(changes, check), { numRuns: 200 });
  });

  it('keys', () => {
    const key = secrets[0]?.publicKey() ?? new Uint8Array();
    const fill = (bytes: Uint8Array) =>
      concat([bytes, new Uint8Array(sizes.publicKey)]).subarray(0, sizes.publicKey);
    const check = (change: (bytes: Uint8Array) => Uint8Array) => {
      const changed = fill(change(key));
      const verdict = native.checkKeys(SCHEME_NUMBERS[scheme], changed)[0];
      expect(Object.values(VERDICT)).toContain(verdict);
      const offsets = Uint32Array.of(0, MESSAGE.length);
      const vote = votes[0] as Uint8Array;
      const answer = native.checkSignatures(SCHEME_NUMBERS[scheme], changed, MESSAGE, offsets, vote)[0];
      expect(answer === VERDICT.valid).toBe(same(changed, key));
      if (verdict !== VERDICT.valid) expect(answer).toBe(verdict);
    };
    fc.assert(fc.property(mutation, check), { numRuns: 500 });
  });

  it('indexes', () => {
    const anyIndexes = fc.array(fc.oneof(fc.nat(N + 2), fc.nat(0xffff_ffff)), { maxLength: 12 });
    const check = (list: number[]) => {
      const given = Uint32Array.from(list);
      const signatures = concat(list.map((at) => secrets[at]?.sign(MESSAGE) ?? (votes[0] as Uint8Array)));
      const formed = set.formCertificate(MESSAGE, given, signatures);
      const expected = list.map((at, place) => {
        if (at >= N) return VERDICT.unknownSigner;
        return list.indexOf(at) === place ? VERDICT.valid : VERDICT.duplicateSigner;
      });
      expect([...formed.votes]).toEqual(expected);
    };
    fc.assert(fc.property(anyIndexes, check), { numRuns: 200 });
  });
});

describe('the native hasher', () => {
  it('has the Merkle roots of the codec', () => {
    const datums = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 40 });
    const check = (list: Uint8Array[]) => {
      expect(nativeHasher.merkleRoot(list)).toEqual(merkleRoot(list));
    };
    fc.assert(fc.property(datums, check));
  });
});
