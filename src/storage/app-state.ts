import { allocate } from '../codec/bytes.ts';
import {
  HASH_SIZE,
  sha256,
  type Writer,
  writeBytes,
  writePresence,
  writeU32,
  writeU64,
} from '../codec/primitives.ts';
import type { AppStateUpdates } from '../model/app.ts';
import type { GenesisDocument } from '../model/genesis.ts';
import { seal, sealedSize } from './schema.ts';

// Updates of the app's state: their canonical bytes, the chain of hashes over them, and their record.
//
// The canonical bytes are: u64 number of updates, then each in ascending order of the keys' bytes as u32 length and key,
// then 0 for a deletion, or 1, u32 length and value; integers are little-endian.
//
//     hash(block) = SHA-256(hash(parent) || canonical bytes of the block's updates)
//
// where the hash before the first block is that of the genesis state, as sets, behind 32 zero bytes. Every block moves
// the chain, also one without updates.
//
// The record of a block's pending updates is the canonical bytes, then the start of each update among them as u32, so
// that one key is found by bisection without decoding the others.

/** Null deletes the key. */
type Update = readonly [key: Uint8Array, value: Uint8Array | null];

/** Bytes of the count. */
const COUNT_SIZE = 8;

/** The hash of the app's state after a block, from that after its parent: 32 bytes. */
export function appStateHashAfter(parent: Uint8Array, updates: AppStateUpdates): Uint8Array {
  return encodeUpdates(parent, updates).hash;
}

/** The hash of the app's state before the first block. */
export function genesisAppStateHash(appState: GenesisDocument['appState']): Uint8Array {
  return appStateHashAfter(new Uint8Array(HASH_SIZE), { sets: appState, deletes: [] });
}

interface EncodedUpdates {
  readonly hash: Uint8Array;
  /** The value of the updates' record under `key`. */
  record(key: Uint8Array): Uint8Array;
}

/** Room for the parent's hash, the canonical bytes up to `end`, their starts, room for a checksum. */
interface Packing {
  readonly bytes: Uint8Array;
  readonly end: number;
}

/** What was packed before its block is stored, by its updates. */
const packings = new WeakMap<AppStateUpdates, Packing>();

/**
 * The payload of the updates' record, for `pendingUpdates`: packed once, whether they are kept elsewhere as well or go
 * into a record next. It must not be changed, nor may they be from now on.
 */
export function packUpdates(updates: AppStateUpdates): Uint8Array {
  const packing = packings.get(updates) ?? pack(updates);
  packings.set(updates, packing);
  return packing.bytes.subarray(HASH_SIZE, packing.bytes.length - sealedSize(0));
}

/** Hash and record share one encoding: the parent's hash lies before the canonical bytes, their starts after them. */
export function encodeUpdates(parent: Uint8Array, updates: AppStateUpdates): EncodedUpdates {
  const packing = takePacking(updates);
  packing.bytes.set(parent);
  const hash = sha256(packing.bytes.subarray(0, packing.end));
  return {
    hash,
    record(key) {
      const bytes = packing.bytes.subarray(HASH_SIZE);
      return seal(key, { bytes, at: bytes.length - sealedSize(0) });
    },
  };
}

/** One that no other block fills in its parent's hash and its checksum in. */
function takePacking(updates: AppStateUpdates): Packing {
  const packing = packings.get(updates) ?? pack(updates);
  packings.delete(updates);
  return packing;
}

function pack({ sets, deletes }: AppStateUpdates): Packing {
  const updates: Update[] = [...sets];
  for (const key of deletes) updates.push([key, null]);
  updates.sort(([a], [b]) => compareBytes(a, b));
  let size = HASH_SIZE + COUNT_SIZE;
  for (const [key, value] of updates) size += 4 + key.length + 1 + (value === null ? 0 : 4 + value.length);

  const bytes = allocate(size + sealedSize(4 * updates.length));
  const writer: Writer = { bytes, at: HASH_SIZE };
  writeU64(writer, updates.length);
  const starts: Writer = { bytes, at: size };
  for (const update of updates) {
    writeU32(starts, writer.at - HASH_SIZE);
    writeUpdate(writer, update);
  }
  return { bytes, end: size };
}

function writeUpdate(writer: Writer, [key, value]: Update): void {
  writeU32(writer, key.length);
  writeBytes(writer, key, key.length);
  writePresence(writer, value !== null);
  if (value === null) return;
  writeU32(writer, value.length);
  writeBytes(writer, value, value.length);
}

const compareBytes = (a: Uint8Array, b: Uint8Array): number => {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const difference = (a[at] as number) - (b[at] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
};

/** Reads of one block's pending updates, over the payload of their record, which is not decoded as a whole. */
export interface PendingUpdates {
  /** The value that the block gives `key`, null when it deletes it, undefined when it leaves it alone. */
  get(key: Uint8Array): Uint8Array | null | undefined;
  /** Calls `use` with each, in ascending order of the keys; keys and values are views. Null: deleted. */
  forEach(use: (key: Uint8Array, value: Uint8Array | null) => void): void;
}

/** `payload` is one that `encodeUpdates` made: its checksum was verified. */
export function pendingUpdates(payload: Uint8Array): PendingUpdates {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const count = Number(view.getBigUint64(0, true));
  const startsAt = payload.length - 4 * count;
  const startOf = (index: number): number => view.getUint32(startsAt + 4 * index, true);
  const keyAt = (start: number): Uint8Array =>
    payload.subarray(start + 4, start + 4 + view.getUint32(start, true));
  const valueAt = (start: number): Uint8Array | null => {
    const at = start + 4 + view.getUint32(start, true);
    return payload[at] === 0 ? null : payload.subarray(at + 5, at + 5 + view.getUint32(at + 1, true));
  };
  return {
    get(key) {
      let low = 0;
      let high = count;
      while (low < high) {
        const middle = (low + high) >>> 1;
        const start = startOf(middle);
        const order = compareBytes(keyAt(start), key);
        if (order === 0) return valueAt(start);
        if (order < 0) low = middle + 1;
        else high = middle;
      }
      return undefined;
    },
    forEach(use) {
      for (let index = 0; index < count; index++) {
        const start = startOf(index);
        use(keyAt(start), valueAt(start));
      }
    },
  };
}
