import { describe, expect, it } from 'vitest';
import {
  BEGIN,
  BEGIN_HEADER_BYTES,
  type Code,
  HEADER_BYTES,
  NEXT,
  PART_BYTES,
} from '../../../src/adapters/tls/channels.ts';
import { createSendQueue, outgoingFrame, type SendQueue } from '../../../src/adapters/tls/send-queue.ts';
import { createTrafficCounters } from '../../../src/adapters/tls/statistics.ts';
import { pattern } from './support/world.ts';

const ROOMY = [0, 1 << 24, 1 << 24, 1 << 24];
/** What a queue counts for a frame besides its bytes. */
const OVERHEAD = 128;

describe('createSendQueue', () => {
  it('lets consensus go before commands and commands before sync, each in order', () => {
    const { queue } = create();
    push(queue, 3, 30, 31);
    push(queue, 2, 20, 21);
    push(queue, 1, 10, 11);
    expect(lengths(queue)).toEqual([10, 11, 20, 21, 30, 31]);
    expect(queue.isEmpty()).toBe(true);
  });

  it('cuts large frames, so that others go between the parts', () => {
    const { queue } = create();
    push(queue, 3, 2 * PART_BYTES + 1);
    expect(next(queue)).toEqual({ kind: 3 | BEGIN, length: PART_BYTES, total: 2 * PART_BYTES + 1 });
    push(queue, 1, 10);
    expect(next(queue)).toEqual({ kind: 1, length: 10 });
    expect(next(queue)).toEqual({ kind: 3 | NEXT, length: PART_BYTES });
    push(queue, 2, 20);
    expect(next(queue)).toEqual({ kind: 2, length: 20 });
    expect(next(queue)).toEqual({ kind: 3 | NEXT, length: 1 });
    expect(next(queue)).toBeNull();
  });

  it('writes the payload that was given, without a copy', () => {
    const { queue } = create();
    const payload = pattern(500, 1);
    queue.push(outgoingFrame(1, payload));
    const written: Uint8Array[] = [];
    queue.writeNext((bytes) => written.push(bytes));
    expect(written[1]).toBe(payload);
  });

  it('drops the oldest of the channel that is full, and counts', () => {
    const { queue, counters } = create([0, 3 * (100 + OVERHEAD), 1 << 20, 1 << 20]);
    push(queue, 2, 7);
    push(queue, 1, 100, 99, 98, 97, 96);
    expect(queue.bytes(1)).toBe(98 + 97 + 96 + 3 * OVERHEAD);
    expect(lengths(queue)).toEqual([98, 97, 96, 7]);
    expect(counters[1]).toMatchObject({ framesDropped: 2, bytesDropped: 199, framesOut: 3, bytesOut: 291 });
    expect(counters[2]).toMatchObject({ framesDropped: 0, framesOut: 1 });
  });

  it('bounds the number of empty frames as well', () => {
    const { queue, counters } = create([0, 10 * OVERHEAD, 0, 0]);
    for (let frame = 0; frame < 1_000; frame++) push(queue, 1, 0);
    expect(counters[1]?.framesDropped).toBe(990);
    expect(lengths(queue)).toHaveLength(10);
  });

  it('drops a frame that would never fit, and no other', () => {
    const { queue, counters } = create([0, 1_000, 0, 0]);
    push(queue, 1, 500);
    push(queue, 1, 1_001);
    push(queue, 2, 1);
    expect(lengths(queue)).toEqual([500]);
    expect(counters[1]?.framesDropped).toBe(1);
    expect(counters[2]?.framesDropped).toBe(1);
  });

  it('never drops a frame that has left in part, but the next oldest', () => {
    const frame = 2 * PART_BYTES;
    const { queue } = create([0, 0, 0, 2 * (frame + OVERHEAD)]);
    push(queue, 3, frame);
    next(queue);
    push(queue, 3, frame - 1);
    push(queue, 3, frame - 2);
    expect(next(queue)).toEqual({ kind: 3 | NEXT, length: PART_BYTES });
    expect(lengths(queue)).toEqual([PART_BYTES, PART_BYTES - 2]);
  });

  it('begins a frame once more after the connection changed', () => {
    const { queue } = create();
    push(queue, 2, PART_BYTES + 5);
    next(queue);
    queue.rewind();
    expect(next(queue)).toEqual({ kind: 2 | BEGIN, length: PART_BYTES, total: PART_BYTES + 5 });
    expect(next(queue)).toEqual({ kind: 2 | NEXT, length: 5 });
  });

  it('keeps the newest when its bounds shrink', () => {
    const { queue, counters } = create();
    push(queue, 1, 10, 11, 12);
    push(queue, 3, 30);
    queue.setBounds([0, 2 * (12 + OVERHEAD), 0, 0]);
    expect(lengths(queue)).toEqual([11, 12]);
    expect(counters[3]?.framesDropped).toBe(1);
  });

  it('keeps its order over many frames', () => {
    const { queue } = create();
    const seen: number[] = [];
    for (let round = 0; round < 500; round++) {
      push(queue, 1, 2 * round, 2 * round + 1);
      seen.push(next(queue)?.length ?? -1);
    }
    expect([...seen, ...lengths(queue)]).toEqual(Array.from({ length: 1_000 }, (_, at) => at));
  });
});

function create(bounds: readonly number[] = ROOMY) {
  const counters = createTrafficCounters();
  return { queue: createSendQueue(bounds, counters), counters };
}

function push(queue: SendQueue, code: Code, ...sizes: readonly number[]): void {
  for (const size of sizes) queue.push(outgoingFrame(code, new Uint8Array(size)));
}

interface Written {
  readonly kind: number;
  readonly length: number;
  readonly total?: number;
}

/** The next record. */
function next(queue: SendQueue): Written | null {
  const written: Uint8Array[] = [];
  if (!queue.writeNext((bytes) => written.push(bytes))) return null;
  const bytes = Buffer.concat(written);
  const record = { kind: bytes[4] as number, length: bytes.readUInt32LE(0) };
  const begins = (record.kind & BEGIN) !== 0;
  expect(bytes.length).toBe((begins ? BEGIN_HEADER_BYTES : HEADER_BYTES) + record.length);
  return begins ? { ...record, total: bytes.readUInt32LE(5) } : record;
}

function lengths(queue: SendQueue): readonly number[] {
  const all: number[] = [];
  for (let record = next(queue); record !== null; record = next(queue)) all.push(record.length);
  return all;
}
