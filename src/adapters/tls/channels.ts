import type { Channel } from '../../ports/network.ts';

/**
 * What travels on a link: records, each a header and a body.
 *
 * | bytes | field |
 * |---|---|
 * | 4 | length of the body, little-endian |
 * | 1 | kind: 0 control, 1 consensus, 2 commands, 3 sync; plus BEGIN or NEXT for a part of a frame |
 * | 4 | only with BEGIN: length of the whole frame, little-endian |
 * | length | body |
 *
 * A frame larger than PART_BYTES is cut into several records, so that votes need not wait until a whole block of
 * sync has left: the first with BEGIN, all others with NEXT. Parts of one frame are in order, with no other frame of
 * their channel between them; other channels' records may lie there.
 */
export const HEADER_BYTES = 5;

/** A header with BEGIN. */
export const BEGIN_HEADER_BYTES = 9;

export const BEGIN = 0x40;
export const NEXT = 0x80;

/** Handshake, heartbeats and farewells; never seen by the user of the network. */
export const CONTROL = 0;

/** The channels in order of priority; a channel's code is its index. */
export const CODES: readonly ['control', 'consensus', 'commands', 'sync'] = [
  'control',
  'consensus',
  'commands',
  'sync',
];

export type Code = 0 | 1 | 2 | 3;

export const CHANNEL_CODES: { readonly [Name in Channel]: Code } = { consensus: 1, commands: 2, sync: 3 };

/** A body is cut here: 64 KiB are 5 ms of a 100 Mbit/s line, and large enough to make the headers' cost vanish. */
export const PART_BYTES = 64 * 1024;

/** A control message: the largest are a hello with a BLS key (some 200 bytes) and a refusal with its words. */
export const MAX_CONTROL_BYTES = 2 * 1024;

/** Frames of one channel only, each in the order of CODES. */
export type PerChannel = { readonly [Name in Channel]: number };

/** The header of a whole frame, or of a part that is not the first. */
export function recordHeader(length: number, kind: number): Uint8Array {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32LE(length, 0);
  header[4] = kind;
  return header;
}

/** The header of the first part of a frame of `total` bytes. */
export function beginHeader(length: number, code: Code, total: number): Uint8Array {
  const header = Buffer.allocUnsafe(BEGIN_HEADER_BYTES);
  header.writeUInt32LE(length, 0);
  header[4] = code | BEGIN;
  header.writeUInt32LE(total, 5);
  return header;
}
