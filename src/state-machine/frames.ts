import { ENVELOPE_BYTES } from './envelope.ts';

/**
 * Frames of the `commands` channel: a version byte, then each command's datum behind its length (u32,
 * little-endian).
 */

const FRAME_FORMAT = 1;
const LENGTH_BYTES = 4;

/**
 * Where a frame of many commands is cut, so that one neither holds up the link nor its receiver, who reads it at once,
 * whoever sent it; a large command goes alone.
 */
export const MAX_FRAME_BYTES = 256 * 1024;

/** Packs `datums`, in order, into as many frames as it takes. */
export function encodeFrames(datums: readonly Uint8Array[]): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let start = 0;
  while (start < datums.length) {
    let bytes = 1;
    let end = start;
    while (end < datums.length) {
      const next = LENGTH_BYTES + (datums[end] as Uint8Array).length;
      if (end > start && bytes + next > MAX_FRAME_BYTES) break;
      bytes += next;
      end += 1;
    }
    frames.push(encodeFrame(datums.slice(start, end), bytes));
    start = end;
  }
  return frames;
}

function encodeFrame(datums: readonly Uint8Array[], bytes: number): Uint8Array {
  const frame = new Uint8Array(bytes);
  const view = new DataView(frame.buffer);
  frame[0] = FRAME_FORMAT;
  let at = 1;
  for (const datum of datums) {
    view.setUint32(at, datum.length, true);
    frame.set(datum, at + LENGTH_BYTES);
    at += LENGTH_BYTES + datum.length;
  }
  return frame;
}

/**
 * The datums of a frame as views over it; null when it is none that `encodeFrames` makes of commands. Never throws, and
 * takes no longer than `MAX_FRAME_BYTES` of the shortest commands do, however long the frame is.
 */
export function decodeFrame(frame: Uint8Array): Uint8Array[] | null {
  if (frame[0] !== FRAME_FORMAT) return null;
  const isLarge = frame.length > MAX_FRAME_BYTES;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const datums: Uint8Array[] = [];
  let at = 1;
  while (at < frame.length) {
    if (at + LENGTH_BYTES > frame.length) return null;
    const start = at + LENGTH_BYTES;
    const end = start + view.getUint32(at, true);
    if (end - start < ENVELOPE_BYTES || end > frame.length) return null;
    if (isLarge && end < frame.length) return null;
    datums.push(frame.subarray(start, end));
    at = end;
  }
  return datums;
}
