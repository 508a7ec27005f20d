import { CODES, CONTROL, type Code, HEADER_BYTES, MORE } from './channels.ts';
import { type Refusal, refusal } from './refusal.ts';

export interface FrameReaderOptions {
  /** Largest frame by channel code, in bytes, all of its parts together. */
  readonly maxBytes: readonly number[];
  /**
   * Called in order with every complete frame, which belongs to the receiver: nothing writes to it any more. Says
   * whether to read on; after `false` the reader is done with.
   */
  readonly onFrame: (code: Code, frame: Uint8Array) => boolean;
}

export interface FrameReader {
  /** Takes the next bytes of the stream, which must not change afterwards. Returns why the stream cannot go on. */
  push(chunk: Uint8Array): Refusal | null;
  /** Memory that incomplete frames occupy, in bytes. */
  heldBytes(): number;
}

/** Frames up to here get their memory at once; larger ones double theirs, so that memory follows what has arrived. */
const FIRST_ALLOCATION = 64 * 1024;

/**
 * A frame that fills less than this share of its chunk is copied out of it: a small frame that is kept for long then
 * holds at most four times its size.
 */
const SMALL_SHARE = 4;

interface Assembly {
  buffer: Uint8Array;
  length: number;
}

const NOTHING = new Uint8Array(0);

/**
 * Cuts a stream of bytes into frames. A frame that lies within one chunk is a view of it (a copy if small); one that
 * arrives in pieces is put together with two copies of each byte at most, on average, however small the pieces are.
 */
export function createFrameReader({ maxBytes, onFrame }: FrameReaderOptions): FrameReader {
  const assemblies: readonly Assembly[] = CODES.map(() => ({ buffer: NOTHING, length: 0 }));
  const header = Buffer.alloc(HEADER_BYTES);
  let headerBytes = 0;
  let code: Code = CONTROL;
  let more = false;
  /** Bytes of the current record's body that have not come yet; -1 while its header is incomplete. */
  let missing = -1;
  let wanted = true;

  function openRecord(length: number, kind: number): Refusal | null {
    const next = kind & ~MORE;
    if (next >= CODES.length) return refusal('malformed', `no channel has the code ${next}`);
    code = next as Code;
    more = (kind & MORE) !== 0;
    const limit = maxBytes[code] as number;
    const bytes = (assemblies[code] as Assembly).length + length;
    if (bytes > limit) {
      return refusal('oversize-frame', `a frame of ${bytes} bytes on ${CODES[code]}, of ${limit} at most`);
    }
    if (more && (length === 0 || code === CONTROL))
      return refusal('malformed', 'an impossible part of a frame');
    missing = length;
    return null;
  }

  /** Reads up to the end of a header; the position after it, or -1 when the chunk ends before. */
  function readHeader(chunk: Uint8Array, start: number): number {
    const end = Math.min(chunk.length, start + HEADER_BYTES - headerBytes);
    for (let at = start; at < end; at++) header[headerBytes++] = chunk[at] as number;
    if (headerBytes < HEADER_BYTES) return -1;
    headerBytes = 0;
    return end;
  }

  function append(assembly: Assembly, bytes: Uint8Array): void {
    const needed = assembly.length + bytes.length;
    if (needed > assembly.buffer.length) {
      const final = more ? (maxBytes[code] as number) : assembly.length + missing;
      const grown = Math.max(2 * assembly.buffer.length, FIRST_ALLOCATION);
      const buffer = allocate(Math.max(needed, Math.min(final, grown)));
      buffer.set(assembly.buffer.subarray(0, assembly.length));
      assembly.buffer = buffer;
    }
    assembly.buffer.set(bytes, assembly.length);
    assembly.length = needed;
  }

  function take(assembly: Assembly): Uint8Array {
    const frame = assembly.buffer.subarray(0, assembly.length);
    assembly.buffer = NOTHING;
    assembly.length = 0;
    return frame;
  }

  /** Reads up to the end of a body; the position after it, or -1 when the chunk ends before. */
  function readBody(chunk: Uint8Array, start: number): number {
    const assembly = assemblies[code] as Assembly;
    const end = Math.min(chunk.length, start + missing);
    const whole = !more && assembly.length === 0 && end - start === missing;
    if (!whole) append(assembly, chunk.subarray(start, end));
    missing -= end - start;
    if (missing > 0) return -1;
    missing = -1;
    if (!more) wanted = onFrame(code, whole ? cut(chunk, start, end) : take(assembly));
    return end;
  }

  function push(chunk: Uint8Array): Refusal | null {
    let at = 0;
    while (at >= 0 && wanted) {
      if (missing < 0) {
        at = readHeader(chunk, at);
        if (at < 0) return null;
        const fault = openRecord(header.readUInt32LE(0), header[4] as number);
        if (fault !== null) return fault;
      }
      at = readBody(chunk, at);
    }
    return null;
  }

  return {
    push,
    heldBytes: () => assemblies.reduce((sum, { buffer }) => sum + buffer.length, 0),
  };
}

/** Memory that is overwritten before anyone sees it, and is no part of Node's shared pool. */
const allocate = (length: number): Uint8Array => new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);

function cut(chunk: Uint8Array, start: number, end: number): Uint8Array {
  const view = new Uint8Array(chunk.buffer, chunk.byteOffset + start, end - start);
  return view.length * SMALL_SHARE < chunk.length ? view.slice() : view;
}
