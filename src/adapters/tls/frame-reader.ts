import { BEGIN, BEGIN_HEADER_BYTES, CODES, CONTROL, type Code, HEADER_BYTES, NEXT } from './channels.ts';
import { type Refusal, refusal } from './refusal.ts';

export interface FrameReaderOptions {
  /** Largest frame by channel code, in bytes, all of its parts together. */
  readonly maxBytes: readonly number[];
  /**
   * Called in order with every complete frame, which belongs to the receiver: nothing writes to it any more. Says
   * whether to read on; after `false` the reader is done with.
   */
  readonly onFrame: (code: Code, frame: Uint8Array) => boolean;
  /** Asked before any memory is taken for a frame: why there must be none of its channel now, if so. */
  readonly refusalOf?: (code: Code) => Refusal | null;
}

export interface FrameReader {
  /** Takes the next bytes of the stream, which must not change afterwards. Returns why the stream cannot go on. */
  push(chunk: Uint8Array): Refusal | null;
  /** Memory that incomplete frames occupy, in bytes. */
  heldBytes(): number;
  /** Forgets incomplete frames and gives their memory back; the reader is done with. */
  release(): void;
}

/**
 * Memory for a frame that arrives in pieces is taken in steps: this much, then four times as much each time, but never
 * more than the frame needs. So it follows what has come, not what was announced, and most frames get theirs at once.
 */
const FIRST_ALLOCATION = 256 * 1024;
const GROWTH = 4;

/**
 * A frame that fills less than this share of its chunk is copied out of it: a small frame that is kept for long then
 * holds at most four times its size.
 */
const SMALL_SHARE = 4;

/** A frame of one channel that is not complete; `total` is its length, -1 while there is none. */
interface Assembly {
  total: number;
  buffer: Uint8Array;
  length: number;
}

const NOTHING = new Uint8Array(0);

/**
 * Cuts a stream of bytes into frames. A frame that lies within one chunk is a view of it (a copy if small); one that
 * arrives in pieces is put together with 1.4 copies of each byte at most, on average, however small the pieces are.
 */
export function createFrameReader({
  maxBytes,
  onFrame,
  refusalOf = () => null,
}: FrameReaderOptions): FrameReader {
  const assemblies: readonly Assembly[] = CODES.map(() => ({ total: -1, buffer: NOTHING, length: 0 }));
  const header = Buffer.alloc(BEGIN_HEADER_BYTES);
  let headerBytes = 0;
  let code: Code = CONTROL;
  /** Bytes of the current record's body that have not come yet; -1 while its header is incomplete. */
  let missing = -1;
  let wanted = true;

  /** Takes the header that has come. Says why the record must not be, if so. */
  function openRecord(): Refusal | null {
    const length = header.readUInt32LE(0);
    const kind = header[4] as number;
    const part = kind & (BEGIN | NEXT);
    if ((kind ^ part) >= CODES.length) return refusal('malformed', `no channel has the code ${kind ^ part}`);
    code = (kind ^ part) as Code;
    missing = length;
    const assembly = assemblies[code] as Assembly;
    const left = assembly.total - assembly.length;
    if (part === NEXT) return assembly.total < 0 || length === 0 || length > left ? IMPOSSIBLE_PART : null;
    if (assembly.total >= 0 || (part !== 0 && code === CONTROL)) return IMPOSSIBLE_PART;
    const total = part === BEGIN ? header.readUInt32LE(HEADER_BYTES) : length;
    const limit = maxBytes[code] as number;
    if (total > limit) {
      return refusal('oversize-frame', `a frame of ${total} bytes on ${CODES[code]}, of ${limit} at most`);
    }
    if (part !== 0 && (part !== BEGIN || length >= total)) return IMPOSSIBLE_PART;
    assembly.total = total;
    return null;
  }

  /** Reads up to the end of a header; the position after it, or -1 when the chunk ends before. */
  function readHeader(chunk: Uint8Array, start: number): number {
    let at = start;
    for (;;) {
      const isBegin = headerBytes >= HEADER_BYTES && ((header[4] as number) & BEGIN) !== 0;
      const size = isBegin ? BEGIN_HEADER_BYTES : HEADER_BYTES;
      if (headerBytes === size) break;
      const end = Math.min(chunk.length, at + size - headerBytes);
      if (at === end) return -1;
      while (at < end) header[headerBytes++] = chunk[at++] as number;
    }
    headerBytes = 0;
    return at;
  }

  /** Reads up to the end of a body; the position after it, or -1 when the chunk ends before. */
  function readBody(chunk: Uint8Array, start: number): number {
    const assembly = assemblies[code] as Assembly;
    const end = Math.min(chunk.length, start + missing);
    const whole = end - start === assembly.total;
    if (!whole) append(assembly, chunk.subarray(start, end));
    missing -= end - start;
    if (missing > 0) return -1;
    missing = -1;
    if (whole || assembly.length === assembly.total) {
      const frame = whole ? cut(chunk, start, end) : assembly.buffer;
      clear(assembly);
      wanted = onFrame(code, frame);
    }
    return end;
  }

  function push(chunk: Uint8Array): Refusal | null {
    let at = 0;
    while (at >= 0 && wanted) {
      if (missing < 0) {
        at = readHeader(chunk, at);
        if (at < 0) return null;
        const fault = openRecord() ?? refusalOf(code);
        if (fault !== null) return fault;
      }
      at = readBody(chunk, at);
    }
    return null;
  }

  return {
    push,
    heldBytes: () => assemblies.reduce((sum, { buffer }) => sum + buffer.length, 0),
    release() {
      wanted = false;
      for (const assembly of assemblies) clear(assembly);
    },
  };
}

const IMPOSSIBLE_PART = refusal('malformed', 'an impossible part of a frame');

function append(assembly: Assembly, bytes: Uint8Array): void {
  const needed = assembly.length + bytes.length;
  if (needed > assembly.buffer.length) {
    const step = Math.max(GROWTH * assembly.buffer.length, FIRST_ALLOCATION);
    const buffer = allocate(Math.max(needed, Math.min(assembly.total, step)));
    buffer.set(assembly.buffer.subarray(0, assembly.length));
    assembly.buffer = buffer;
  }
  assembly.buffer.set(bytes, assembly.length);
  assembly.length = needed;
}

function clear(assembly: Assembly): void {
  assembly.total = -1;
  assembly.buffer = NOTHING;
  assembly.length = 0;
}

/** Memory that is overwritten before anyone sees it, and is no part of Node's shared pool. */
const allocate = (length: number): Uint8Array => new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);

function cut(chunk: Uint8Array, start: number, end: number): Uint8Array {
  const view = new Uint8Array(chunk.buffer, chunk.byteOffset + start, end - start);
  return view.length * SMALL_SHARE < chunk.length ? view.slice() : view;
}
