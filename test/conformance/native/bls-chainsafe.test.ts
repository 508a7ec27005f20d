import { aggregatePublicKeys, aggregateSignatures, PublicKey, SecretKey, Signature } from '@chainsafe/blst';
import { describe, expect, it } from 'vitest';
import { native, SCHEME_NUMBERS, VERDICT } from '../../../src/adapters/native/binding.ts';
import { bytesFor, concat, indexes, signersOf } from './support.ts';

// @chainsafe/blst is fixed to keys in G1 and signatures in G2 with the domain of Ethereum, so it can neither make nor
// verify a signature of ours. What it can do is read and sum our points, with the groups in exchanged roles: our
// votes are points like its keys, our keys are points like its signatures. Both are built on the same C library, so this
// is a second opinion on how we use it; @noble/curves is the one on the library itself.

const BLS = SCHEME_NUMBERS.bls12381;

describe('BLS12-381 against @chainsafe/blst', () => {
  it('derives the same secret keys', () => {
    for (let round = 0; round < 10; round++) {
      const randomness = bytesFor(`randomness ${round}`);
      const theirs = SecretKey.fromKeygen(randomness).toBytes();
      expect(native.SecretKey.generate(BLS, randomness).toBytes()).toEqual(new Uint8Array(theirs));
    }
  });

  it('refuses the same secret keys', () => {
    const order = Buffer.from('73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001', 'hex');
    for (const bytes of [new Uint8Array(32), new Uint8Array(order), new Uint8Array(32).fill(0xff)]) {
      expect(() => SecretKey.fromBytes(bytes)).toThrow();
      expect(() => native.SecretKey.fromBytes(BLS, bytes)).toThrow();
    }
  });

  it('sums votes to the same point', () => {
    const { secrets, set } = signersOf('bls12381', 20);
    const message = bytesFor('message');
    const votes = secrets.map((secret) => secret.sign(message));
    const formed = set.formCertificate(message, indexes(0, 20), concat(votes));
    const sum = aggregatePublicKeys(votes.map((vote) => PublicKey.fromBytes(vote, true)));
    expect(formed.signatures).toEqual(new Uint8Array(sum.toBytes(true)));
  });

  it('sums keys to the same point', () => {
    const { secrets, set, keys } = signersOf('bls12381', 20);
    const message = bytesFor('message');
    const sum = set.startSum();
    for (const [at, secret] of secrets.entries())
      expect(sum.add(at, secret.sign(message))).toBe(VERDICT.valid);
    const points = secrets.map((_, at) => Signature.fromBytes(keys.subarray(96 * at, 96 * at + 96), true));
    expect(sum.partial().key).toEqual(new Uint8Array(aggregateSignatures(points).toBytes(false)));
  });

  it('reads the same points as keys', () => {
    const valid = [native.SecretKey.generate(BLS, bytesFor('a')).publicKey()];
    const guesses = Array.from({ length: 30 }, (_, x) => {
      const encoding = new Uint8Array(96);
      encoding[0] = 0x80;
      encoding[95] = x;
      return encoding;
    });
    const identity = new Uint8Array(96);
    identity[0] = 0xc0;
    for (const encoding of [...valid, ...guesses, identity]) {
      let accepted = true;
      try {
        Signature.fromBytes(encoding, true, true);
      } catch {
        accepted = false;
      }
      expect(native.checkKeys(BLS, encoding)[0] === VERDICT.valid).toBe(accepted);
    }
  });
});
