import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { native, SCHEME_NUMBERS, VERDICT } from '../../../src/adapters/native/binding.ts';
import { bytesFor, concat, signersOf, verdictOn } from './support.ts';

// The rule is the verdict of ed25519-dalek's `verify`; the cargo tests hold every path to it, edge cases included. Here
// OpenSSL (through node:crypto) and @noble/curves give opinions that share no code with it.

const ED25519 = SCHEME_NUMBERS.ed25519;
const SECRET_PREFIX = '302e020100300506032b657004220420';
const PUBLIC_PREFIX = '302a300506032b6570032100';

const der = (prefix: string, bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from(prefix, 'hex'), bytes]);

const publicKeyObject = (key: Uint8Array): KeyObject =>
  createPublicKey({ key: der(PUBLIC_PREFIX, key), format: 'der', type: 'spki' });

describe('Ed25519 against node:crypto and @noble/curves', () => {
  it('makes the same keys and signatures', () => {
    for (let round = 0; round < 50; round++) {
      const seed = bytesFor(`seed ${round}`);
      const message = bytesFor(`message ${round}`).subarray(0, round % 33);
      const secret = native.SecretKey.fromBytes(ED25519, seed);
      expect(secret.publicKey()).toEqual(ed25519.getPublicKey(seed));
      const signature = secret.sign(message);
      expect(signature).toEqual(ed25519.sign(message, seed));
      const theirs = createPrivateKey({ key: der(SECRET_PREFIX, seed), format: 'der', type: 'pkcs8' });
      expect(signature).toEqual(new Uint8Array(sign(null, message, theirs)));
      expect(verdictOn('ed25519', secret.publicKey(), message, signature)).toBe(VERDICT.valid);
    }
  });

  it('gives the verdict of both on any change of a signature, before and after keys have tables', () => {
    const { secrets, set } = signersOf('ed25519', 4);
    const keys = secrets.map((secret) => secret.publicKey());
    const objects = keys.map(publicKeyObject);
    const change = fc.record({
      signer: fc.nat(3),
      message: fc.uint8Array({ maxLength: 80 }),
      flips: fc.array(fc.nat(511), { maxLength: 2 }),
    });
    const check = ({ signer, message, flips }: { signer: number; message: Uint8Array; flips: number[] }) => {
      const signature = Uint8Array.from(secrets[signer]?.sign(message) ?? []);
      for (const bit of flips) signature[bit >> 3] = (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const offsets = Uint32Array.of(0, message.length);
      const ours = set.checkVotes(Uint32Array.of(signer), message, offsets, signature)[0] === VERDICT.valid;
      expect(ours).toBe(verify(null, message, objects[signer] as KeyObject, signature));
      expect(ours).toBe(ed25519.verify(signature, message, keys[signer] as Uint8Array, { zip215: false }));
    };
    fc.assert(fc.property(change, check), { numRuns: 300 });
  });

  it('agrees with OpenSSL on keys and R of small order', () => {
    const smallOrder = [
      '0100000000000000000000000000000000000000000000000000000000000000',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      '0000000000000000000000000000000000000000000000000000000000000000',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    ].map((hex) => new Uint8Array(Buffer.from(hex, 'hex')));
    let accepted = 0;
    for (const key of smallOrder) {
      const object = publicKeyObject(key);
      for (const r of smallOrder) {
        for (let message = 0; message < 8; message++) {
          const signature = concat([r, new Uint8Array(32)]);
          const theirs = verify(null, Uint8Array.of(message), object, signature);
          const ours = verdictOn('ed25519', key, Uint8Array.of(message), signature) === VERDICT.valid;
          expect(ours).toBe(theirs);
          if (theirs) accepted++;
        }
      }
    }
    expect(accepted).toBeGreaterThan(20);
  });

  it('lists signatures in ascending order, each valid by itself', () => {
    const { secrets, set, keys } = signersOf('ed25519', 9);
    const message = bytesFor('message');
    const order = Uint32Array.of(8, 1, 5);
    const votes = [...order].map((at) => secrets[at]?.sign(message) ?? new Uint8Array());
    const formed = set.formCertificate(message, order, concat(votes));
    expect(formed.bitmap).toEqual(Uint8Array.of(0b0010_0010, 1));
    for (const [slot, at] of [1, 5, 8].entries()) {
      const signature = formed.signatures.subarray(64 * slot, 64 * slot + 64);
      expect(ed25519.verify(signature, message, keys.subarray(32 * at, 32 * at + 32))).toBe(true);
    }
    expect(set.verifyCertificate(message, formed.bitmap, formed.signatures)).toBe(VERDICT.valid);
  });
});
