import { allocate } from '../codec/bytes.ts';
import { checksum } from '../codec/checksum.ts';
import {
  createWriter,
  decode,
  finish,
  HASH_SIZE,
  type Reader,
  type Writer,
  writeBytes,
  writeU32,
} from '../codec/primitives.ts';
import { StorageError } from '../model/errors.ts';
import { bytesToHex, writeHex } from '../model/hex.ts';
import { asBlockHash, asHeight, type BlockHash, type Height } from '../model/ids.ts';
import type { KeyRange, KVSnapshot } from '../ports/kv-store.ts';

/** Changes when stored bytes do; a store of another version is refused. */
export const SCHEMA_VERSION = 1;

/**
 * The one key table, in the order of the bytes. A key is its table's byte, then the fields named here; numbers are
 * big-endian, so that keys sort by height and the oldest blocks are one range. Every value ends with the checksum of
 * its key and itself.
 *
 * | table               | key after its byte | value                                                               |
 * |---------------------|--------------------|---------------------------------------------------------------------|
 * | variables           | u8, see VARIABLES  | one each, there from genesis on                                     |
 * | blockAtHeight       | height             | hash and app-state hash of the committed block                      |
 * | headers             | height, hash       | header, flags, updatesBefore, app-state hash                        |
 * | data                | height, hash       | datums behind a table of their ends; none for a block without data  |
 * | appStateUpdates     | height, hash       | updates by key, until they are committed; none where none were made |
 * | validatorSetUpdates | height, hash       | updates of a validator-set-updating block                           |
 * | commitPcs           | height, hash       | the certificate that committed such a block (R10)                   |
 * | heights             | hash               | height of every stored block                                        |
 * | appState            | the app's key      | the app's value                                                     |
 * | parsedKeys          |                    | keys of validators as the verifier parsed them; see parsed-keys.ts  |
 *
 * Children are not stored: they are the blocks one higher that justify the block.
 */
export const TABLES = {
  variables: 0,
  blockAtHeight: 1,
  headers: 2,
  data: 3,
  appStateUpdates: 4,
  validatorSetUpdates: 5,
  commitPcs: 6,
  heights: 7,
  appState: 8,
  parsedKeys: 9,
} as const;

type Table = keyof typeof TABLES;

/** Tables with one record for each of some blocks. */
type BlockTable = 'headers' | 'data' | 'appStateUpdates' | 'validatorSetUpdates' | 'commitPcs';

/**
 * `state` holds what is small and, of each of those after it, the checksum: a variable that is in order but not the
 * one written last is found out.
 */
export const VARIABLES = {
  identity: 0,
  state: 1,
  validatorSets: 2,
  lockedPc: 3,
  highestPc: 4,
  highestTc: 5,
  entry: 6,
  keptPcs: 7,
} as const;

export type Variable = keyof typeof VARIABLES;

const HEIGHT_SIZE = 8;

const CHECKSUM_SIZE = 4;

/** Every key that a store can hold, but for the very highest. */
export const ALL_KEYS: KeyRange = { start: Uint8Array.of(0), end: new Uint8Array(1_200).fill(0xff) };

const TABLE_NAMES = Object.keys(TABLES) as readonly Table[];

/** The table that a key belongs to; undefined when it is no record's key. */
export const tableOf = (key: Uint8Array): Table | undefined => TABLE_NAMES[key[0] as number];

export const variableKey = (variable: Variable): Uint8Array =>
  Uint8Array.of(TABLES.variables, VARIABLES[variable]);

export function blockKey(table: BlockTable, height: Height, hash: BlockHash): Uint8Array {
  const key = heightKey(table, height, HASH_SIZE);
  writeHex(hash, key, 1 + HEIGHT_SIZE);
  return key;
}

export const blockAtHeightKey = (height: Height): Uint8Array => heightKey('blockAtHeight', height);

export function heightOfKey(hash: BlockHash): Uint8Array {
  const key = new Uint8Array(1 + HASH_SIZE);
  key[0] = TABLES.heights;
  writeHex(hash, key, 1);
  return key;
}

export function appStateKey(key: Uint8Array): Uint8Array {
  const stored = allocate(1 + key.length);
  stored[0] = TABLES.appState;
  stored.set(key, 1);
  return stored;
}

/** The headers of the heights from `from` to `to`, both inclusive; without `to`, of all from there on. */
export function headerRange(from: Height, to?: Height): KeyRange {
  const end = to === undefined ? Uint8Array.of(TABLES.headers + 1) : heightKey('headers', asHeight(to + 1));
  return { start: heightKey('headers', from), end };
}

/** Height and hash of a header's key. */
export function blockOfHeaderKey(key: Uint8Array): { readonly height: Height; readonly hash: BlockHash } {
  let height = 0;
  for (let at = 1; at < 1 + HEIGHT_SIZE; at++) height = height * 256 + (key[at] as number);
  return { height: asHeight(height), hash: asBlockHash(bytesToHex(key, 1 + HEIGHT_SIZE)) };
}

function heightKey(table: Table, height: Height, extraBytes = 0): Uint8Array {
  const key = new Uint8Array(1 + HEIGHT_SIZE + extraBytes);
  key[0] = TABLES[table];
  let rest: number = height;
  for (let at = HEIGHT_SIZE; at > 0; at--) {
    key[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return key;
}

/** The value of the record under `key` whose payload of `size` bytes `write` writes. */
export function encodeRecord(key: Uint8Array, size: number, write: (writer: Writer) => void): Uint8Array {
  const writer = createWriter(size + CHECKSUM_SIZE);
  write(writer);
  return seal(key, writer);
}

/** The same of a payload that is there already. */
export function recordOf(key: Uint8Array, payload: Uint8Array): Uint8Array {
  const writer = createWriter(payload.length + CHECKSUM_SIZE);
  writeBytes(writer, payload, payload.length);
  writeU32(writer, checksum(key, payload));
  return writer.bytes;
}

/** Ends a record whose payload is written: its checksum takes the last four bytes. */
export function seal(key: Uint8Array, writer: Writer): Uint8Array {
  writeU32(writer, checksum(key, writer.bytes.subarray(0, writer.at)));
  return finish(writer);
}

export const sealedSize = (payload: number): number => payload + CHECKSUM_SIZE;

/** What ends the record; tells apart two values of one key. */
export function checksumOf(value: Uint8Array): number {
  const at = value.length - CHECKSUM_SIZE;
  return new DataView(value.buffer, value.byteOffset).getUint32(at, true);
}

/** The payload of a record that was just made, as a view. */
export const payloadOf = (value: Uint8Array): Uint8Array => value.subarray(0, value.length - CHECKSUM_SIZE);

/** The payload of a record, as a view. Throws `StorageError` when any bit of it is not as it was written. */
export function openRecord(key: Uint8Array, value: Uint8Array): Uint8Array {
  const size = value.length - CHECKSUM_SIZE;
  if (size < 0) throw damaged(key, `it has ${value.length} bytes`);
  const payload = value.subarray(0, size);
  if (checksum(key, payload) !== checksumOf(value)) throw damaged(key, 'its checksum does not fit');
  return payload;
}

/** A record that is kept in memory: its bytes never change, so they need checking and decoding but once. */
export interface KeptRecord {
  readonly value: Uint8Array;
  /** What reads.ts made of `value`; undefined until it is first read. */
  decoded: unknown;
}

/** Where single records are read: a snapshot, or a batch in the making on top of one. */
export interface Records extends Pick<KVSnapshot, 'get'> {
  /** The record that `get` gives the value of: for stores in memory, whose readers decode a record again and again. */
  kept?(key: Uint8Array): KeptRecord | null;
}

/** A snapshot that keeps records in memory. */
export type RecordSnapshot = KVSnapshot & Required<Records>;

/** The payload of the record under `key`, null when there is none. */
export function readRecord(records: Records, key: Uint8Array): Uint8Array | null {
  const value = records.get(key);
  return value === null ? null : openRecord(key, value);
}

/** The same of a record that must be there. */
export function demandRecord(records: Records, key: Uint8Array): Uint8Array {
  const payload = readRecord(records, key);
  if (payload === null) throw new StorageError(`the store is damaged: ${nameOf(key)} is missing`);
  return payload;
}

/** What `read` makes of all of `payload`. Throws `StorageError` when it does not have the record's form. */
export function decodeRecord<T>(key: Uint8Array, payload: Uint8Array, read: (reader: Reader) => T): T {
  const decoded = decode(payload, read);
  if ('rejection' in decoded) throw damaged(key, decoded.rejection.detail ?? 'it is malformed');
  return decoded.value;
}

export const damaged = (key: Uint8Array, why: string): StorageError =>
  new StorageError(`the store is damaged: ${nameOf(key)} cannot be used, ${why}`);

/** A record's name, for people. */
function nameOf(key: Uint8Array): string {
  const table = tableOf(key);
  const rest = bytesToHex(key, 1);
  switch (table) {
    case undefined:
      return `the record ${bytesToHex(key)}`;
    case 'variables': {
      const name = Object.entries(VARIABLES).find(([, id]) => id === key[1])?.[0];
      return `the variable ${name ?? rest}`;
    }
    case 'blockAtHeight':
      return `the block at height ${blockOfHeaderKey(key).height}`;
    case 'heights':
      return `the height of block ${rest}`;
    case 'appState':
      return `the app state's key ${rest}`;
    case 'parsedKeys':
      return 'the parsed keys';
    default: {
      const { height, hash } = blockOfHeaderKey(key);
      return `the record in ${table} of block ${hash} at height ${height}`;
    }
  }
}
