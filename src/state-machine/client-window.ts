import { readU64, writeU64 } from './envelope.ts';

/**
 * How far a client's sequences may lie apart: what lies so far below the highest one used counts as used. Its bits
 * are what one active client costs in the state, 1 KiB at most; a submitter keeps its pending commands within it.
 */
export const SEQUENCE_WINDOW = 8_192;

const WINDOW_BYTES = SEQUENCE_WINDOW / 8;
const LAST_HEIGHT_AT = 0;
const BASE_AT = 8;
const BITS_AT = 16;

/**
 * Which sequences of one client have been used: all below `base`, and those whose bit is set in `bits` (bit i, in
 * byte i >> 3, is sequence `base` + i). `base` is a multiple of 8, so that it moves by whole bytes.
 */
export interface ClientWindow {
  /** Height of the latest block in which a command of the client took effect. */
  lastHeight: number;
  base: number;
  bits: Uint8Array;
}

export const emptyWindow = (): ClientWindow => ({ lastHeight: 0, base: 0, bits: new Uint8Array(8) });

export function isUsed(window: ClientWindow, sequence: number): boolean {
  if (sequence < window.base) return true;
  const offset = sequence - window.base;
  const byte = window.bits[Math.floor(offset / 8)];
  return byte !== undefined && (byte & (1 << (offset % 8))) !== 0;
}

/** Marks `sequence`, which must be unused, as used. */
export function markUsed(window: ClientWindow, sequence: number): void {
  if (sequence - window.base >= SEQUENCE_WINDOW) {
    const bytes = Math.ceil((sequence - window.base - SEQUENCE_WINDOW + 1) / 8);
    window.base += bytes * 8;
    window.bits = window.bits.slice(Math.min(bytes, window.bits.length));
  }
  const offset = sequence - window.base;
  const at = offset >> 3;
  if (at >= window.bits.length) window.bits = grown(window.bits, at + 1);
  window.bits[at] = (window.bits[at] as number) | (1 << (offset & 7));
}

function grown(bits: Uint8Array, needed: number): Uint8Array {
  const larger = new Uint8Array(Math.min(WINDOW_BYTES, Math.max(needed, bits.length * 2)));
  larger.set(bits);
  return larger;
}

/** Canonical bytes: full bytes at the start have moved into `base`, empty ones at the end are left out. */
export function encodeWindow({ lastHeight, base, bits }: ClientWindow): Uint8Array {
  let start = 0;
  while (bits[start] === 0xff) start++;
  let end = bits.length;
  while (end > start && bits[end - 1] === 0) end--;
  const bytes = new Uint8Array(BITS_AT + end - start);
  writeU64(bytes, LAST_HEIGHT_AT, lastHeight);
  writeU64(bytes, BASE_AT, base + start * 8);
  bytes.set(bits.subarray(start, end), BITS_AT);
  return bytes;
}

/** Reads what `encodeWindow` wrote into the replicated state; throws on anything else, which no replica writes. */
export function decodeWindow(bytes: Uint8Array): ClientWindow {
  const lastHeight = bytes.length < BITS_AT ? null : readU64(bytes, LAST_HEIGHT_AT);
  const base = bytes.length < BITS_AT ? null : readU64(bytes, BASE_AT);
  if (lastHeight === null || base === null) throw new TypeError('malformed client window in the state');
  return { lastHeight, base, bits: bytes.slice(BITS_AT) };
}
