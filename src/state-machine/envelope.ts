import { allocate, copyOf, latin1 } from '../codec/bytes.ts';
import { MAX_INTEGER } from '../model/ids.ts';

/**
 * The bytes of a block of the state-machine API. Its first datum is a header, every further one a command:
 *
 * - header: version (1 byte), app-state hash of the parent (32 bytes)
 * - command: client id (16 bytes), sequence (u64), last height at which it may take effect (u64), the user's bytes
 * - void command: the same without the user's bytes, and with the highest bit of the last height set. It does nothing but
 *   use its name up: no other command of that name takes effect any more
 *
 * Integers are little-endian and at most 2^53 - 1, as everywhere in the protocol.
 */

const BLOCK_FORMAT = 1;
const HASH_BYTES = 32;
const HEADER_BYTES = 1 + HASH_BYTES;

export const CLIENT_ID_BYTES = 16;
const SEQUENCE_AT = CLIENT_ID_BYTES;
const NOT_AFTER_AT = SEQUENCE_AT + 8;
export const ENVELOPE_BYTES = NOT_AFTER_AT + 8;

const VOID_AT = NOT_AFTER_AT + 7;
const VOID_BIT = 0x80;

const TWO_32 = 2 ** 32;

/** Names a command for ever: no two commands of a chain that take effect have the same client and sequence. */
export interface CommandId {
  readonly clientId: Uint8Array;
  readonly sequence: number;
}

/** A parsed command. What the user gave is a view over the datum; commands of one client mostly share its id. */
export interface Envelope extends CommandId {
  /** The command takes effect in no block above this height. */
  readonly notAfter: number;
  readonly isVoid: boolean;
  readonly command: Uint8Array;
}

export function encodeHeader(parentStateHash: Uint8Array): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header[0] = BLOCK_FORMAT;
  header.set(parentStateHash, 1);
  return header;
}

/** The parent's app-state hash that a header datum carries; null when the datum is no header. */
export function decodeHeader(datum: Uint8Array | undefined): Uint8Array | null {
  if (datum === undefined || datum.length !== HEADER_BYTES || datum[0] !== BLOCK_FORMAT) return null;
  return datum.subarray(1);
}

export function encodeCommand({
  clientId,
  sequence,
  notAfter,
  command,
}: Omit<Envelope, 'isVoid'>): Uint8Array {
  const datum = allocate(ENVELOPE_BYTES + command.length);
  datum.set(clientId, 0);
  writeU64(datum, SEQUENCE_AT, sequence);
  writeU64(datum, NOT_AFTER_AT, notAfter);
  datum.set(command, ENVELOPE_BYTES);
  return datum;
}

/** Whether `datum`, a command, is a void one. */
export const isVoidDatum = (datum: Uint8Array): boolean => ((datum[VOID_AT] as number) & VOID_BIT) !== 0;
/** The void command of the same name and lifetime as the command `datum`. */
export function encodeVoid(datum: Uint8Array): Uint8Array {
  const bytes = copyOf(datum.subarray(0, ENVELOPE_BYTES));
  bytes[VOID_AT] = (bytes[VOID_AT] as number) | VOID_BIT;
  return bytes;
}

const notAfterOf = (datum: Uint8Array): number | null => readU64(datum, NOT_AFTER_AT, ~VOID_BIT);

/** Null when the datum is no command. */
export function decodeCommand(datum: Uint8Array): Envelope | null {
  if (!hasShape(datum)) return null;
  const sequence = readU64(datum, SEQUENCE_AT);
  const notAfter = notAfterOf(datum);
  if (sequence === null || notAfter === null) return null;
  return {
    clientId: clientIdOf(datum),
    sequence,
    notAfter,
    isVoid: isVoidDatum(datum),
    command: datum.subarray(ENVELOPE_BYTES),
  };
}

/** Ids seen last, by their first byte: each node is one client, so there are few, and what forgets one costs a copy. */
const clientIds: Uint8Array[] = Array.from({ length: 256 }, () => new Uint8Array(0));

/** Of a datum in which there is one; always the same array as long as it is not forgotten. */
function clientIdOf(datum: Uint8Array): Uint8Array {
  const slot = datum[0] as number;
  const known = clientIds[slot] as Uint8Array;
  if (known.length > 0 && beginsWith(datum, known)) return known;
  const id = copyOf(datum.subarray(0, CLIENT_ID_BYTES));
  clientIds[slot] = id;
  return id;
}

function beginsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  for (let at = 0; at < start.length; at++) if (bytes[at] !== start[at]) return false;
  return true;
}

/** Whether `decodeCommand` would not return null. */
export const isCommand = (datum: Uint8Array): boolean =>
  hasShape(datum) && readU64(datum, SEQUENCE_AT) !== null && notAfterOf(datum) !== null;

/** A void command ends with its envelope. */
const hasShape = (datum: Uint8Array): boolean =>
  datum.length === ENVELOPE_BYTES || (datum.length > ENVELOPE_BYTES && !isVoidDatum(datum));

/** A map key for the client and sequence of a command's datum. */
export const commandKey = (datum: Uint8Array): string => latin1(datum, 0, NOT_AFTER_AT);

export function writeU64(bytes: Uint8Array, at: number, value: number): void {
  writeU32(bytes, at, value % TWO_32);
  writeU32(bytes, at + 4, Math.floor(value / TWO_32));
}

/** Null for integers above 2^53 - 1. Of the last byte, the bits of `mask` count. */
export function readU64(bytes: Uint8Array, at: number, mask = 0xff): number | null {
  const high = readU32(bytes, at + 4) & ((mask << 24) | 0xffffff);
  const value = readU32(bytes, at) + (high >>> 0) * TWO_32;
  return value > MAX_INTEGER ? null : value;
}

/** Byte by byte: a DataView for every command would cost more than all else that is done with its envelope. */
function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function readU32(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
  return (low | ((bytes[at + 3] as number) << 24)) >>> 0;
}
