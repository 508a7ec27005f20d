import { bls12_381 } from '@noble/curves/bls12-381.js';
import { describe, expect, it } from 'vitest';
import { native, SCHEME_NUMBERS, VERDICT } from '../../../src/adapters/native/binding.ts';
import { bytesFor, concat, indexes, signersOf, verdictOn } from './support.ts';

// @noble/curves shares no code with the addon: field, curve, hash and pairing are its own, in JavaScript.

const { shortSignatures, G1, G2 } = bls12_381;
const MESSAGE_DST = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_';
const POSSESSION_DST = 'BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_';
const ROUNDS = 12;
const BLS = SCHEME_NUMBERS.bls12381;

const samples = Array.from({ length: ROUNDS }, (_, round) => ({
  round,
  secret: native.SecretKey.generate(BLS, bytesFor(`secret ${round}`)),
  message: bytesFor(`message ${round}`).subarray(0, (round * 5) % 33),
}));

const uncompressed = (point: { toBytes(compressed: boolean): Uint8Array }): Uint8Array =>
  point.toBytes(false);

/** What noble says of a key: whether it reads the bytes, and if not, whether for the subgroup. */
function verdictOfNoble(encoding: Uint8Array): number {
  try {
    G2.Point.fromBytes(encoding).assertValidity();
    return VERDICT.valid;
  } catch (error) {
    return String(error).includes('subgroup') ? VERDICT.wrongSubgroup : VERDICT.malformed;
  }
}

describe('BLS12-381 against @noble/curves', () => {
  it.each(samples)('keys, votes and proofs are the same bytes ($round)', ({ secret, message }) => {
    const bytes = secret.toBytes();
    expect(secret.publicKey()).toEqual(shortSignatures.getPublicKey(bytes).toBytes(true));
    const vote = shortSignatures.sign(shortSignatures.hash(message, MESSAGE_DST), bytes);
    expect(secret.sign(message)).toEqual(uncompressed(vote));
    const proof = shortSignatures.sign(shortSignatures.hash(message, POSSESSION_DST), bytes);
    expect(secret.provePossession(message)).toEqual(proof.toBytes(true));
  });

  it.each(samples.slice(0, 3))('each accepts what the other signed, and nothing else ($round)', (sample) => {
    const { secret, message } = sample;
    const hash = shortSignatures.hash(message, MESSAGE_DST);
    const theirs = uncompressed(shortSignatures.sign(hash, secret.toBytes()));
    expect(verdictOn('bls12381', secret.publicKey(), message, theirs)).toBe(VERDICT.valid);
    expect(verdictOn('bls12381', secret.publicKey(), bytesFor('other'), theirs)).toBe(VERDICT.invalid);
    const ours = G1.Point.fromBytes(secret.sign(message));
    expect(shortSignatures.verify(ours, hash, secret.publicKey())).toBe(true);
    const otherHash = shortSignatures.hash(bytesFor('other'), MESSAGE_DST);
    expect(shortSignatures.verify(ours, otherHash, secret.publicKey())).toBe(false);
  });

  it('forms the aggregate that noble forms, whichever signed', () => {
    const { secrets, set, keys } = signersOf('bls12381', 10);
    const message = bytesFor('aggregate');
    const hash = shortSignatures.hash(message, MESSAGE_DST);
    for (const [from, to] of [
      [0, 10],
      [0, 1],
      [3, 10],
      [4, 7],
    ] as const) {
      const signers = indexes(from, to);
      const votes = secrets.slice(from, to).map((secret) => secret.sign(message));
      const formed = set.formCertificate(message, signers, concat(votes));
      expect(formed.verdict).toBe(VERDICT.valid);
      const points = votes.map((vote) => G1.Point.fromBytes(vote));
      expect(formed.signatures).toEqual(shortSignatures.aggregateSignatures(points).toBytes(true));
      const publicKeys = [...signers].map((at) => G2.Point.fromBytes(keys.subarray(96 * at, 96 * at + 96)));
      const all = shortSignatures.aggregatePublicKeys(publicKeys);
      expect(shortSignatures.verify(formed.signatures, hash, all)).toBe(true);
    }
  });

  it('verifies the aggregate that noble formed', () => {
    const { secrets, set } = signersOf('bls12381', 7);
    const message = bytesFor('aggregate');
    const hash = shortSignatures.hash(message, MESSAGE_DST);
    const votes = [0, 2, 5].map((at) =>
      shortSignatures.sign(hash, secrets[at]?.toBytes() ?? new Uint8Array()),
    );
    const aggregate = shortSignatures.aggregateSignatures(votes).toBytes(true);
    expect(set.verifyCertificate(message, Uint8Array.of(0b0010_0101), aggregate)).toBe(VERDICT.valid);
    expect(set.verifyCertificate(message, Uint8Array.of(0b0010_0111), aggregate)).toBe(VERDICT.invalid);
  });

  it('reads the points that noble reads, and refuses those that noble finds outside of the subgroup', () => {
    const counts = new Map<number, number>();
    for (let x = 0; x < 60; x++) {
      const encoding = new Uint8Array(96);
      encoding[0] = 0x80;
      encoding[95] = x;
      const expected = verdictOfNoble(encoding);
      expect(native.checkKeys(BLS, encoding)[0], `x = ${x}`).toBe(expected);
      counts.set(expected, (counts.get(expected) ?? 0) + 1);
    }
    expect(counts.get(VERDICT.malformed)).toBeGreaterThan(10);
    expect(counts.get(VERDICT.wrongSubgroup)).toBeGreaterThan(10);
  });

  it('refuses the rogue key that could sign for another one', () => {
    const [attacker, victim] = samples as [(typeof samples)[number], (typeof samples)[number]];
    const own = G2.Point.fromBytes(attacker.secret.publicKey());
    const rogue = own.subtract(G2.Point.fromBytes(victim.secret.publicKey())).toBytes(true);
    // The attack: in one set with its victim the key makes the attacker's signature one of both.
    const set = new native.KeySet(BLS, concat([rogue, victim.secret.publicKey()]), false);
    const message = bytesFor('message');
    const forged = G1.Point.fromBytes(attacker.secret.sign(message)).toBytes(true);
    expect(set.verifyCertificate(message, Uint8Array.of(0b11), forged)).toBe(VERDICT.valid);
    // What prevents it: no proof that the attacker can make is one of the rogue key.
    const proof = attacker.secret.provePossession(message);
    const offsets = Uint32Array.of(0, message.length);
    expect([...native.checkPossessions(rogue, message, offsets, proof)]).toEqual([VERDICT.invalid]);
  });

  it('exports keys as noble writes them uncompressed', () => {
    const { keys, set } = signersOf('bls12381', 3);
    const points = [0, 1, 2].map((at) => G2.Point.fromBytes(keys.subarray(96 * at, 96 * at + 96)));
    expect(set.exportKeys()).toEqual(concat(points.map(uncompressed)));
  });
});
