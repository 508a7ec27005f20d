import type { Datum } from '../model/block.ts';
import { allocate } from './bytes.ts';
import { HASH_SIZE, sha256 } from './primitives.ts';

// The library's own data hash (SPECIFICATION.md section 2): a SHA-256 Merkle root, so that one datum of a block can
// be proved without the others. Leaf SHA-256(0 || datum), node SHA-256(1 || left || right); the first bytes keep a
// node from passing for a datum. The odd node at the end of a level moves up unchanged. No datums: SHA-256 of
// nothing.

const LEAF = 0;
const NODE = 1;

/** In one piece: copying a datum costs less than handing pieces to a hash. */
function leafHash(datum: Datum): Uint8Array {
  const bytes = allocate(1 + datum.length);
  bytes[0] = LEAF;
  bytes.set(datum, 1);
  return sha256(bytes);
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = allocate(1 + 2 * HASH_SIZE);
  bytes[0] = NODE;
  bytes.set(left, 1);
  bytes.set(right, 1 + HASH_SIZE);
  return sha256(bytes);
}

/** The level above; of an odd number of nodes the last one is itself. */
function levelAbove(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = [];
  for (let at = 0; at + 1 < level.length; at += 2) {
    above.push(nodeHash(level[at] as Uint8Array, level[at + 1] as Uint8Array));
  }
  if (level.length % 2 === 1) above.push(level[level.length - 1] as Uint8Array);
  return above;
}

/** 32 bytes; the same as the native hasher's. */
export function merkleRoot(datums: readonly Datum[]): Uint8Array {
  if (datums.length === 0) return sha256(new Uint8Array(0));
  let level: readonly Uint8Array[] = datums.map(leafHash);
  while (level.length > 1) level = levelAbove(level);
  return level[0] as Uint8Array;
}

/** Hashes with `node:crypto`: for where the addon is not wanted. Implements the port `Hasher`. */
export const portableHasher: { merkleRoot(datums: readonly Uint8Array[]): Uint8Array } = { merkleRoot };

/** Shows that a datum is one of a block's. */
export interface MerkleProof {
  /** Which datum, from 0. */
  readonly index: number;
  /** How many datums the block has. */
  readonly count: number;
  /** The other node at each level where there is one, from the leaves up: 32 bytes each. */
  readonly path: readonly Uint8Array[];
}

/** Throws `RangeError` when there is no datum `index`. */
export function merkleProof(datums: readonly Datum[], index: number): MerkleProof {
  if (!(Number.isInteger(index) && index >= 0 && index < datums.length)) {
    throw new RangeError(`no datum ${index} of ${datums.length}`);
  }
  const path: Uint8Array[] = [];
  let level: readonly Uint8Array[] = datums.map(leafHash);
  for (let at = index; level.length > 1; at >>>= 1) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) path.push(sibling);
    level = levelAbove(level);
  }
  return { index, count: datums.length, path };
}

/** Lengths are u32 on the wire. */
const MAX_COUNT = 0xffff_ffff;

/**
 * Whether `datum` is one of the datums whose root is `root`; false for proofs of a wrong shape, never a throw.
 *
 * The root does not fix how many datums there are: the proof's `index` is proved only if its `count` is known to be
 * right from elsewhere.
 */
export function verifyMerkleProof(
  root: Uint8Array,
  datum: Datum,
  { index, count, path }: MerkleProof,
): boolean {
  if (!(Number.isInteger(count) && count > 0 && count <= MAX_COUNT)) return false;
  if (!(Number.isInteger(index) && index >= 0 && index < count)) return false;
  let hash = leafHash(datum);
  let used = 0;
  for (let at = index, width = count; width > 1; at = Math.floor(at / 2), width = Math.ceil(width / 2)) {
    const isLeft = at % 2 === 0;
    if (isLeft && at + 1 === width) continue;
    const sibling = path[used++];
    if (sibling?.length !== HASH_SIZE) return false;
    hash = isLeft ? nodeHash(hash, sibling) : nodeHash(sibling, hash);
  }
  return used === path.length && root.length === HASH_SIZE && hash.every((byte, at) => byte === root[at]);
}
