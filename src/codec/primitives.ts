import { hash } from 'node:crypto';
import type { ChainLimits } from '../model/chain.ts';
import type { Rejection } from '../model/events.ts';
import { writeHex as writeHexInto } from '../model/hex.ts';
import { MAX_INTEGER } from '../model/ids.ts';
import type { SchemeName } from '../model/scheme.ts';
import { allocate } from './bytes.ts';

/** What decides how bytes are read: the chain's scheme gives sizes, its limits bound what is allocated. */
export interface WireFormat {
  readonly scheme: SchemeName;
  readonly limits: ChainLimits;
}

/** What became of bytes from outside: a value, or why there is none. Telling the two apart: `'value' in decoded`. */
export type Decoded<T> = { readonly value: T } | { readonly rejection: Rejection };

/** A position in bytes that are being decoded. */
export interface Reader {
  readonly bytes: Uint8Array;
  at: number;
}

/** A position in bytes that are being encoded; their number is known before the first is written. */
export interface Writer {
  readonly bytes: Uint8Array;
  at: number;
}

/** Leaves a decoder at the first fault; never escapes `decode`. No Error, so that garbage costs no stack trace. */
class Malformed {
  readonly detail: string;

  constructor(detail: string) {
    this.detail = detail;
  }
}

/** Refuses what is being decoded; for readers alone. */
export function malformed(detail: string): never {
  throw new Malformed(detail);
}

/**
 * Runs `read` over all of `bytes`. Never throws on any bytes; trailing bytes are refused.
 *
 * The memory of `bytes` passes to the value: byte fields of the value are views of it, so it must not be changed
 * afterwards, and it lives as long as they do.
 */
export function decode<T>(bytes: Uint8Array, read: (reader: Reader) => T): Decoded<T> {
  const reader = createReader(bytes);
  try {
    const value = read(reader);
    if (reader.at !== bytes.length) malformed(`${bytes.length - reader.at} trailing bytes`);
    return { value };
  } catch (fault) {
    if (fault instanceof Malformed) return { rejection: { code: 'malformed', detail: fault.detail } };
    throw fault;
  }
}

/** Over a plain array, whose views are plain too, whatever came in. */
const createReader = (bytes: Uint8Array): Reader => ({
  bytes: bytes instanceof Buffer ? plain(bytes) : bytes,
  at: 0,
});

/** Passes `length` bytes and returns where they began. */
function pass(reader: Reader, length: number): number {
  const start = reader.at;
  if (length > reader.bytes.length - start) malformed(`ends within a field at byte ${start}`);
  reader.at = start + length;
  return start;
}

export function readU8(reader: Reader): number {
  return reader.bytes[pass(reader, 1)] as number;
}

function u32At(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

export function readU32(reader: Reader): number {
  return u32At(reader.bytes, pass(reader, 4));
}

/** High halves from here on make a u64 above 2^53 - 1. */
const HIGH_HALF_LIMIT = 0x20_0000;

/** A u64 up to 2^53 - 1. */
export function readU64(reader: Reader): number {
  const at = pass(reader, 8);
  const high = u32At(reader.bytes, at + 4);
  if (high >= HIGH_HALF_LIMIT) malformed(`integer above 2^53 - 1 at byte ${at}`);
  return high * 0x1_0000_0000 + u32At(reader.bytes, at);
}

/** A view of the next `length` bytes. */
export function readBytes(reader: Reader, length: number): Uint8Array {
  const start = pass(reader, length);
  return reader.bytes.subarray(start, reader.at);
}

/** Of any bytes, without a Buffer of their own. */
const hexSlice = Buffer.prototype.hexSlice as (this: Uint8Array, start: number, end: number) => string;

/** The next `length` bytes as lower-case hex. */
export function readHex(reader: Reader, length: number): string {
  const start = pass(reader, length);
  return hexSlice.call(reader.bytes, start, reader.at);
}

/** Of any bytes, without a view or a Buffer of their own. */
const compare = Buffer.prototype.compare as (
  this: Uint8Array,
  other: Uint8Array,
  otherStart: number,
  otherEnd: number,
  start: number,
  end: number,
) => number;

/** Whether `expected` are the next bytes; passes nothing. */
export function isNext({ bytes, at }: Reader, expected: Uint8Array): boolean {
  const end = at + expected.length;
  return end <= bytes.length && compare.call(bytes, expected, 0, expected.length, at, end) === 0;
}

/** A u32 length of at most `limit` items, of which each takes `itemBytes` or more of the remaining bytes. */
export function readLength(reader: Reader, limit: number, itemBytes: number, what: string): number {
  const length = readU32(reader);
  if (length > limit) malformed(`${length} ${what}, of ${limit} at most`);
  if (length * itemBytes > reader.bytes.length - reader.at) malformed(`${length} ${what} in too few bytes`);
  return length;
}

/** The tag of an `Option`: whether a payload follows. */
export function readPresence(reader: Reader): boolean {
  const tag = readU8(reader);
  if (tag > 1) malformed(`option tag ${tag} at byte ${reader.at - 1}`);
  return tag === 1;
}

/** A writer of exactly `size` bytes; `finish` hands them out. */
export const createWriter = (size: number): Writer => ({ bytes: allocate(size), at: 0 });

/** The written bytes. Throws `RangeError` unless every byte was written, so that no stale memory leaves. */
export function finish(writer: Writer): Uint8Array {
  if (writer.at !== writer.bytes.length) {
    throw new RangeError(`wrote ${writer.at} of ${writer.bytes.length} bytes`);
  }
  return writer.bytes;
}

function claim(writer: Writer, length: number): number {
  const start = writer.at;
  if (length > writer.bytes.length - start) throw new RangeError(`no room for ${length} bytes at ${start}`);
  writer.at = start + length;
  return start;
}

export function writeU8(writer: Writer, value: number): void {
  writer.bytes[claim(writer, 1)] = value;
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** Throws `RangeError` unless `value` is a whole number below 2^32. */
export function writeU32(writer: Writer, value: number): void {
  if (value >>> 0 !== value) throw new RangeError(`not a u32: ${value}`);
  putU32(writer.bytes, claim(writer, 4), value);
}

/** Throws `RangeError` unless `value` is a whole number from 0 to 2^53 - 1. */
export function writeU64(writer: Writer, value: number): void {
  if (!(Number.isInteger(value) && value >= 0 && value <= MAX_INTEGER)) {
    throw new RangeError(`not a whole number from 0 to 2^53 - 1: ${value}`);
  }
  const at = claim(writer, 8);
  putU32(writer.bytes, at, value >>> 0);
  putU32(writer.bytes, at + 4, (value / 0x1_0000_0000) >>> 0);
}

/** Throws `RangeError` unless `bytes` has exactly `length` bytes. */
export function writeBytes(writer: Writer, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes where ${length} belong`);
  writer.bytes.set(bytes, claim(writer, length));
}

/** The `length` bytes of `bytes` from `start` on: a few, copied without a view. Throws `RangeError` unless they are there. */
export function writePart(writer: Writer, bytes: Uint8Array, start: number, length: number): void {
  if (start + length > bytes.length)
    throw new RangeError(`${bytes.length - start} bytes where ${length} belong`);
  const into = writer.bytes;
  const at = claim(writer, length);
  for (let offset = 0; offset < length; offset++) into[at + offset] = bytes[start + offset] as number;
}

/** Throws `RangeError` unless `hex` is lower-case hex of exactly `length` bytes. */
export function writeHex(writer: Writer, hex: string, length: number): void {
  if (hex.length !== 2 * length) throw new RangeError(`${hex.length} hex digits where ${2 * length} belong`);
  writeHexInto(hex, writer.bytes, claim(writer, length));
}

export function writePresence(writer: Writer, present: boolean): void {
  writeU8(writer, present ? 1 : 0);
}

export const HASH_SIZE = 32;

/** The same memory as a plain array: a Buffer's `slice`, for one, does not copy. */
const plain = ({ buffer, byteOffset, length }: Buffer): Uint8Array =>
  new Uint8Array(buffer, byteOffset, length);

const hexWrite = Buffer.prototype.hexWrite as (
  this: Uint8Array,
  hex: string,
  offset: number,
  length: number,
) => number;

/** SHA-256: 32 bytes. Node gives a hash as hex three times as fast as in a Buffer. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const digest = allocate(HASH_SIZE);
  hexWrite.call(digest, hash('sha256', bytes, 'hex'), 0, HASH_SIZE);
  return digest;
}
