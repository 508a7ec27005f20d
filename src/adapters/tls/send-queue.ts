import { beginHeader, CODES, type Code, NEXT, PART_BYTES, recordHeader } from './channels.ts';
import type { ChannelCounters, TrafficCounters } from './statistics.ts';

/** A frame ready to leave, shared between all peers that it goes to. */
export interface OutgoingFrame {
  readonly code: Code;
  readonly payload: Uint8Array;
  /** Header of the only record, or of the first when the frame is cut. */
  readonly header: Uint8Array;
}

/** Encodes the header once; the payload is neither copied nor changed. */
export function outgoingFrame(code: Code, payload: Uint8Array): OutgoingFrame {
  const { length } = payload;
  const header = length > PART_BYTES ? beginHeader(PART_BYTES, code, length) : recordHeader(length, code);
  return { code, payload, header };
}

/** What a queued frame costs besides its payload: its place here and its objects. Bounds the number of tiny frames. */
const FRAME_OVERHEAD_BYTES = 128;

const cost = (frame: OutgoingFrame): number => frame.payload.length + FRAME_OVERHEAD_BYTES;

export interface SendQueue {
  /** Queues `frame`, at the price of the oldest of its channel when that is full; what is dropped is counted. */
  push(frame: OutgoingFrame): void;
  /** Hands the next record, of the first channel that has one, to `write`. False when nothing is queued. */
  writeNext(write: (bytes: Uint8Array) => void): boolean;
  /** Changes the bounds, by channel code, and drops the oldest frames until they hold. */
  setBounds(maxBytes: readonly number[]): void;
  /** Begins a frame that has left in part once more: it goes over another connection. */
  rewind(): void;
  /** Bytes queued on a channel. */
  bytes(code: Code): number;
  isEmpty(): boolean;
}

/** Frames of one channel, oldest first. */
interface Lane {
  frames: (OutgoingFrame | undefined)[];
  head: number;
  bytes: number;
  /** Bytes of the oldest frame's payload that have left already. */
  sent: number;
  readonly counters: ChannelCounters;
}

/** Consumed places at the front of a lane are reclaimed from this many on, when they are the larger part of it. */
const RECLAIM_FROM = 64;

/**
 * What waits for one peer: a lane per channel, each bounded in bytes by itself. A higher channel's frames go between
 * the parts of a lower one's.
 *
 * Bounds are at least twice the largest frame, or small enough to hold no frame that is sent in parts, so a frame that
 * has left in part never stands in the way of a new one.
 */
export function createSendQueue(initialBounds: readonly number[], counters: TrafficCounters): SendQueue {
  let bounds = initialBounds;
  const lanes: readonly Lane[] = CODES.map((_, code) => ({
    frames: [],
    head: 0,
    bytes: 0,
    sent: 0,
    counters: counters[code] as ChannelCounters,
  }));
  const laneOf = (code: Code): Lane => lanes[code] as Lane;

  return {
    push(frame) {
      const bound = bounds[frame.code] as number;
      const lane = laneOf(frame.code);
      if (cost(frame) > bound) return countDropped(lane, frame);
      makeRoom(lane, bound - cost(frame));
      lane.frames.push(frame);
      lane.bytes += cost(frame);
    },
    writeNext(write) {
      for (const lane of lanes) {
        const frame = lane.frames[lane.head];
        if (frame === undefined) continue;
        writeRecord(lane, frame, write);
        return true;
      }
      return false;
    },
    setBounds(maxBytes) {
      bounds = maxBytes;
      for (const [code, lane] of lanes.entries()) makeRoom(lane, maxBytes[code] as number);
    },
    rewind() {
      for (const lane of lanes) lane.sent = 0;
    },
    bytes: (code) => laneOf(code).bytes,
    isEmpty: () => lanes.every(({ frames, head }) => head === frames.length),
  };
}

function writeRecord(lane: Lane, frame: OutgoingFrame, write: (bytes: Uint8Array) => void): void {
  const { payload, code } = frame;
  const start = lane.sent;
  const end = Math.min(payload.length, start + PART_BYTES);
  const last = end === payload.length;
  write(start === 0 ? frame.header : recordHeader(end - start, code | NEXT));
  if (end > start) write(start === 0 && last ? payload : payload.subarray(start, end));
  lane.sent = end;
  if (!last) return;
  lane.counters.framesOut++;
  lane.counters.bytesOut += payload.length;
  removeHead(lane);
}

/** Drops the oldest frames, but none that has left in part, until at most `bytes` remain. */
function makeRoom(lane: Lane, bytes: number): void {
  while (lane.bytes > bytes) {
    const first = lane.frames[lane.head];
    const second = lane.frames[lane.head + 1];
    const { sent } = lane;
    if (first === undefined || (sent > 0 && second === undefined)) return;
    if (sent > 0) {
      // The frame in flight takes the place of the one behind it, which is dropped from the front.
      lane.frames[lane.head] = second;
      lane.frames[lane.head + 1] = first;
    }
    countDropped(lane, lane.frames[lane.head] as OutgoingFrame);
    removeHead(lane);
    lane.sent = sent;
  }
}

function countDropped({ counters }: Lane, { payload }: OutgoingFrame): void {
  counters.framesDropped++;
  counters.bytesDropped += payload.length;
}

function removeHead(lane: Lane): void {
  lane.bytes -= cost(lane.frames[lane.head] as OutgoingFrame);
  lane.frames[lane.head++] = undefined;
  lane.sent = 0;
  if (lane.head === lane.frames.length) {
    lane.frames.length = 0;
    lane.head = 0;
  } else if (lane.head >= RECLAIM_FROM && 2 * lane.head >= lane.frames.length) {
    lane.frames = lane.frames.slice(lane.head);
    lane.head = 0;
  }
}
