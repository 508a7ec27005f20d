import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { merkleProof, merkleRoot, portableHasher, verifyMerkleProof } from '../../../src/codec/data-hash.ts';

const sha = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const leaf = (datum: Uint8Array): Buffer => sha(Buffer.from([0]), datum);
const node = (left: Uint8Array, right: Uint8Array): Buffer => sha(Buffer.from([1]), left, right);
const datums = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => new TextEncoder().encode(`datum ${index}`));

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('the Merkle root', () => {
  it('of no datums is the hash of nothing', () => {
    expect(hex(merkleRoot([]))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it('follows the definition', () => {
    const [a, b, c, d, e] = datums(5).map(leaf) as [Buffer, Buffer, Buffer, Buffer, Buffer];
    const abcd = node(node(a, b), node(c, d));
    expect(hex(merkleRoot(datums(1)))).toBe(hex(a));
    expect(hex(merkleRoot(datums(2)))).toBe(hex(node(a, b)));
    expect(hex(merkleRoot(datums(3)))).toBe(hex(node(node(a, b), c)));
    expect(hex(merkleRoot(datums(4)))).toBe(hex(abcd));
    expect(hex(merkleRoot(datums(5)))).toBe(hex(node(abcd, e)));
    expect(portableHasher.merkleRoot(datums(5))).toEqual(merkleRoot(datums(5)));
  });

  it('tells a doubled last datum from a single one, and a node from a datum', () => {
    const [a, b] = datums(2) as [Uint8Array, Uint8Array];
    expect(merkleRoot([a, b, b])).not.toEqual(merkleRoot([a, b]));
    const posing = Buffer.concat([leaf(a), leaf(b)]);
    expect(merkleRoot([posing])).not.toEqual(merkleRoot([a, b]));
  });
});

describe('Merkle proofs', () => {
  it.each(Array.from({ length: 20 }, (_, index) => index + 1))('prove each of %i datums', (count) => {
    const all = datums(count);
    const root = merkleRoot(all);
    for (const [index, datum] of all.entries()) {
      const proof = merkleProof(all, index);
      expect(verifyMerkleProof(root, datum, proof)).toBe(true);
      expect(verifyMerkleProof(root, new Uint8Array([1]), proof)).toBe(false);
      expect(verifyMerkleProof(merkleRoot([...all, datum]), datum, proof)).toBe(false);
    }
  });

  it('are refused when they are of a wrong shape', () => {
    const all = datums(7);
    const root = merkleRoot(all);
    const datum = all[2]!;
    const proof = merkleProof(all, 2);
    expect(verifyMerkleProof(root, datum, proof)).toBe(true);
    for (const wrong of [
      { ...proof, index: 3 },
      { ...proof, index: 7 },
      { ...proof, index: -1 },
      { ...proof, index: 0.5 },
      { ...proof, count: 0 },
      { ...proof, count: 3 },
      { ...proof, count: 2 ** 32 },
      { ...proof, count: Number.NaN },
      { ...proof, path: proof.path.slice(1) },
      { ...proof, path: [...proof.path, new Uint8Array(32)] },
      { ...proof, path: [new Uint8Array(31), ...proof.path.slice(1)] },
      { ...proof, path: proof.path.toReversed() },
    ]) {
      expect(verifyMerkleProof(root, datum, wrong)).toBe(false);
    }
    expect(verifyMerkleProof(root.subarray(1), datum, proof)).toBe(false);
  });

  it('are not made for datums that are not there', () => {
    for (const index of [-1, 3, 0.5, Number.NaN])
      expect(() => merkleProof(datums(3), index)).toThrow(RangeError);
  });
});
