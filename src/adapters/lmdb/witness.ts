import { closeSync, constants, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { WriteBatch } from '../../ports/kv-store.ts';
import { DATA_FILE } from './data-file.ts';

// What was written last, told by a second file.
//
// Values can carry checksums, and the library's do, but LMDB's own pages have none: one flipped bit in a page number
// can bring back an older page, whose values are all in order, only out of date. A replica must not vote on such a
// record. So the environment counts its transactions, and after each one the count goes into this file too, with the
// checksums of the values that were written last. A file that is ahead of the environment, or that names another value,
// shows that the environment went back in time; so does a data file that is shorter than it was. One that is behind or unreadable shows nothing: it is not flushed (a
// power cut may take it back, never forward), and so costs no more than a system call.

const FILE_NAME = 'last-write';

/**
 * Values remembered: those of a batch's lowest keys, where the library keeps what a vote depends on. With keys of up
 * to 200 bytes it all fits in one page of the file.
 */
const REMEMBERED_VALUES = 16;

/** Where the parts lie: a checksum of all that follows, the count, the data file's size, the bytes of the values. */
const AT = { checksum: 0, count: 4, dataSize: 12, valueBytes: 20, values: 24 } as const;

export interface Witness {
  /** Says that transaction `count` is durable and that `batch` was the last one in it. Throws when the file fails. */
  record(count: number, batch: WriteBatch): void;
  close(): void;
}

export interface Testimony {
  readonly count: number;
  /** Bytes that the data file had: it never shrinks. */
  readonly dataSize: number;
  readonly values: readonly (readonly [key: Uint8Array, checksum: number])[];
}

/** Of an environment whose data file exists. */
export function openWitness(directory: string): Witness {
  const own = openSync(join(directory, FILE_NAME), constants.O_WRONLY | constants.O_CREAT, 0o600);
  const data = openSync(join(directory, DATA_FILE), 'r');
  return {
    record(count, batch) {
      const bytes = encodeTestimony(count, fstatSync(data).size, batch);
      const written = writeSync(own, bytes, 0, bytes.length, 0);
      if (written !== bytes.length)
        throw new Error(`${FILE_NAME}: wrote ${written} of ${bytes.length} bytes`);
    },
    close() {
      closeSync(own);
      closeSync(data);
    },
  };
}

/** What the file in `directory` says; null when there is none or it is torn. */
export function readTestimony(directory: string): Testimony | null {
  let file: Buffer;
  try {
    file = readFileSync(join(directory, FILE_NAME));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return decodeTestimony(file);
}

/** The values are u16 length, key, u32 checksum each. */
function encodeTestimony(count: number, dataSize: number, { sets }: WriteBatch): Buffer {
  const lowest = lowestKeys(sets);
  const size = lowest.reduce((sum, [key]) => sum + 2 + key.length + 4, 0);
  const bytes = Buffer.allocUnsafe(AT.values + size);
  bytes.writeBigUInt64LE(BigInt(count), AT.count);
  bytes.writeBigUInt64LE(BigInt(dataSize), AT.dataSize);
  bytes.writeUInt32LE(size, AT.valueBytes);
  let at: number = AT.values;
  for (const [key, value] of lowest) {
    at = bytes.writeUInt16LE(key.length, at);
    bytes.set(key, at);
    at = bytes.writeUInt32LE(crc32(value), at + key.length);
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(AT.count)), AT.checksum);
  return bytes;
}

/** One pass: a batch may have thousands of sets. */
function lowestKeys(sets: WriteBatch['sets']): WriteBatch['sets'] {
  const lowest: KeyAndValue[] = [];
  for (const set of sets) {
    const highest = lowest[REMEMBERED_VALUES - 1];
    if (highest !== undefined && compare(set, highest) >= 0) continue;
    const at = lowest.findIndex((other) => compare(set, other) < 0);
    lowest.splice(at === -1 ? lowest.length : at, 0, set);
    if (lowest.length > REMEMBERED_VALUES) lowest.pop();
  }
  return lowest;
}

type KeyAndValue = WriteBatch['sets'][number];

const compare = ([a]: KeyAndValue, [b]: KeyAndValue): number =>
  (a[0] as number) - (b[0] as number) || Buffer.compare(a, b);

/** The file keeps the end of a longer list that was there before; it is not looked at. */
function decodeTestimony(file: Buffer): Testimony | null {
  if (file.length < AT.values) return null;
  const end = AT.values + file.readUInt32LE(AT.valueBytes);
  if (end > file.length || crc32(file.subarray(AT.count, end)) !== file.readUInt32LE(AT.checksum))
    return null;
  const values: [Uint8Array, number][] = [];
  for (let at: number = AT.values; at < end; ) {
    const keyEnd = at + 2 + file.readUInt16LE(at);
    values.push([file.subarray(at + 2, keyEnd), file.readUInt32LE(keyEnd)]);
    at = keyEnd + 4;
  }
  return {
    count: Number(file.readBigUInt64LE(AT.count)),
    dataSize: Number(file.readBigUInt64LE(AT.dataSize)),
    values,
  };
}
