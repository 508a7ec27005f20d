import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BEGIN,
  beginHeader,
  type Code,
  MAX_CONTROL_BYTES,
  NEXT,
  PART_BYTES,
  recordHeader,
} from '../../../src/adapters/tls/channels.ts';
import { createFrameReader } from '../../../src/adapters/tls/frame-reader.ts';
import { createSendQueue, outgoingFrame } from '../../../src/adapters/tls/send-queue.ts';
import { createTrafficCounters } from '../../../src/adapters/tls/statistics.ts';
import { pattern } from './support/world.ts';

const LIMITS = [MAX_CONTROL_BYTES, 1_000, 200_000, 1_000_000];

describe('createFrameReader', () => {
  it('finds frames wherever the stream is cut', () => {
    const bytes = join(record(1, pattern(7, 1)), record(3, pattern(0, 2)), record(2, pattern(300, 3)));
    const whole = read([bytes]).frames;
    expect(whole).toEqual([
      [1, pattern(7, 1)],
      [3, pattern(0, 2)],
      [2, pattern(300, 3)],
    ]);
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(read([bytes.subarray(0, cut), bytes.subarray(cut)]).frames).toEqual(whole);
    }
    expect(read([...bytes].map((byte) => Uint8Array.of(byte))).frames).toEqual(whole);
  });

  it('puts parts together per channel, with other channels between them', () => {
    const { frames, fault } = read([
      join(begin(3, pattern(100, 1), 151), record(1, pattern(5, 2)), begin(2, pattern(9, 3), 10)),
      join(
        record(3 | NEXT, pattern(50, 4)),
        record(2 | NEXT, pattern(1, 5)),
        record(3 | NEXT, pattern(1, 6)),
      ),
    ]);
    expect(fault).toBeNull();
    expect(frames).toEqual([
      [1, pattern(5, 2)],
      [2, join(pattern(9, 3), pattern(1, 5))],
      [3, join(pattern(100, 1), pattern(50, 4), pattern(1, 6))],
    ]);
  });

  it('reads back all that a queue writes, cut anywhere', () => {
    const frame = fc.record({
      code: fc.constantFrom(1 as const, 2 as const, 3 as const),
      length: fc.oneof(fc.nat(900), fc.nat(3 * PART_BYTES)),
      seed: fc.nat(250),
    });
    const cuts = fc.infiniteStream(
      fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40_000 })),
    );
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), cuts, (specs, lengths) => {
        const limits = [0, 1 << 30, 1 << 30, 1 << 30];
        const queue = createSendQueue(limits, createTrafficCounters());
        const sent = specs.map(({ code, length, seed }) => [code, pattern(length, seed)] as const);
        for (const [code, payload] of sent) queue.push(outgoingFrame(code, payload));
        const bytes = drain(queue);
        const chunks: Uint8Array[] = [];
        for (let at = 0; at < bytes.length; ) {
          const end = at + (lengths.next().value as number);
          chunks.push(bytes.subarray(at, end));
          at = end;
        }
        const { frames } = read(chunks, limits);
        for (const channel of [1, 2, 3]) {
          expect(digests(frames, channel)).toEqual(digests(sent, channel));
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each<[string, readonly Uint8Array[], string]>([
    ['a frame above its channel’s limit', [record(1, new Uint8Array(1_001))], 'oversize-frame'],
    ['a header that announces one', [recordHeader(0xffff_ffff, 3)], 'oversize-frame'],
    ['a first part of one', [beginHeader(10, 1, 1_001)], 'oversize-frame'],
    [
      'parts beyond what was announced',
      [begin(1, new Uint8Array(600), 700), record(1 | NEXT, new Uint8Array(101))],
      'malformed',
    ],
    ['a first part that is the whole', [begin(1, new Uint8Array(600), 600)], 'malformed'],
    ['a part without a first', [record(2 | NEXT, new Uint8Array(1))], 'malformed'],
    ['an empty part', [begin(2, new Uint8Array(5), 9), record(2 | NEXT, new Uint8Array(0))], 'malformed'],
    [
      'a frame between the parts of another',
      [begin(2, new Uint8Array(5), 9), record(2, new Uint8Array(1))],
      'malformed',
    ],
    [
      'a first part after a first part',
      [begin(2, new Uint8Array(5), 9), begin(2, new Uint8Array(5), 9)],
      'malformed',
    ],
    ['a part that is both', [record(2 | BEGIN | NEXT, new Uint8Array(9))], 'malformed'],
    ['a channel that does not exist', [record(4, new Uint8Array(1))], 'malformed'],
    ['a control message in parts', [begin(0, new Uint8Array(1), 2)], 'malformed'],
    [
      'a control message that is too long',
      [record(0, new Uint8Array(MAX_CONTROL_BYTES + 1))],
      'oversize-frame',
    ],
  ])('refuses %s', (_, chunks, code) => {
    expect(read(chunks).fault?.code).toBe(code);
  });

  it('takes memory for what has come, not for what is announced', () => {
    const reader = createFrameReader({ maxBytes: [0, 0, 0, 1 << 26], onFrame: () => true });
    expect(reader.push(beginHeader(1, 3, 1 << 26))).toBeNull();
    expect(reader.heldBytes()).toBe(0);
    let come = 1;
    reader.push(Uint8Array.of(1));
    while (come < 1_000_000) {
      expect(reader.heldBytes()).toBeLessThanOrEqual(Math.max(256 * 1024, 4 * come));
      reader.push(record(3 | NEXT, new Uint8Array(5_000)));
      come += 5_000;
    }
    for (let piece = 0; piece < 100_000; piece++) reader.push(record(3 | NEXT, Uint8Array.of(1)));
    expect(reader.heldBytes()).toBeLessThanOrEqual(4 * 1_100_000);
  });

  it('gives frames that no later byte changes and that keep no more than four times their size', () => {
    const { frames } = read([
      join(...Array.from({ length: 100 }, (_, at) => record(1, pattern(100, at)))),
      record(2, pattern(100_000, 5)),
    ]);
    for (const [at, [, frame]] of frames.slice(0, 100).entries()) {
      expect(frame).toEqual(pattern(100, at));
      expect(frame.buffer.byteLength).toBeLessThanOrEqual(4 * 100);
      frame.fill(0);
    }
    expect(digests(frames.slice(100), 2)).toEqual(digests([[2, pattern(100_000, 5)]], 2));
  });

  it('delivers nothing more once told to stop', () => {
    const seen: number[] = [];
    const reader = createFrameReader({
      maxBytes: LIMITS,
      onFrame: (_, { length }) => {
        seen.push(length);
        return seen.length < 2;
      },
    });
    const three = join(
      record(1, new Uint8Array(1)),
      record(1, new Uint8Array(2)),
      record(1, new Uint8Array(3)),
    );
    expect(reader.push(three)).toBeNull();
    expect(reader.push(three)).toBeNull();
    expect(seen).toEqual([1, 2]);
  });
});

const begin = (code: Code, body: Uint8Array, total: number): Uint8Array =>
  join(beginHeader(body.length, code, total), body);

const record = (kind: number, body: Uint8Array): Uint8Array => join(recordHeader(body.length, kind), body);

const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** Comparing digests is quick where comparing large arrays is not. */
const digests = (frames: readonly (readonly [number, Uint8Array])[], channel: number): readonly string[] =>
  frames
    .filter(([code]) => code === channel)
    .map(([, frame]) => `${frame.length} ${createHash('sha256').update(frame).digest('hex')}`);

function read(chunks: readonly Uint8Array[], maxBytes: readonly number[] = LIMITS) {
  const frames: (readonly [number, Uint8Array])[] = [];
  const reader = createFrameReader({
    maxBytes,
    onFrame: (code, frame) => {
      frames.push([code, frame]);
      return true;
    },
  });
  for (const chunk of chunks) {
    const fault = reader.push(chunk.slice());
    if (fault !== null) return { frames, fault };
  }
  return { frames, fault: null };
}

function drain(queue: ReturnType<typeof createSendQueue>): Uint8Array {
  const written: Uint8Array[] = [];
  while (queue.writeNext((bytes) => written.push(bytes)));
  return join(...written);
}
