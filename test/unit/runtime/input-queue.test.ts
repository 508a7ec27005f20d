import { describe, expect, it } from 'vitest';
import { asReplicaId, type ReplicaId } from '../../../src/model/ids.ts';
import type { Channel } from '../../../src/ports/network.ts';
import { createFrameQueue } from '../../../src/runtime/input-queue.ts';

const MEGABYTE = 1024 * 1024;
const validators = ['a', 'b', 'c'].map(asReplicaId);
const isValidator = (peer: ReplicaId): boolean => validators.includes(peer);

function start(maxFrameBytes = 1_000, heard = isValidator) {
  const queue = createFrameQueue(maxFrameBytes, heard);
  let number = 0;
  const push = (from: string, channel: Channel = 'consensus', size = 8): boolean => {
    const frame = new Uint8Array(size);
    new DataView(frame.buffer).setUint32(0, number);
    number += 1;
    return queue.push({ from: asReplicaId(from), channel, frame });
  };
  const take = (): string | null => {
    const waiting = queue.next();
    if (waiting === null) return null;
    return `${waiting.from}${new DataView(waiting.frame.buffer).getUint32(0)}`;
  };
  const takeAll = (): string[] => {
    const taken: string[] = [];
    for (let next = take(); next !== null; next = take()) taken.push(next);
    return taken;
  };
  return { queue, push, take, takeAll };
}

describe('the frame queue', () => {
  it('keeps the order of one peer and lets peers take turns', () => {
    const { push, takeAll } = start();
    for (const from of ['a', 'a', 'a', 'b', 'c', 'c']) push(from);
    expect(takeAll()).toEqual(['a0', 'b3', 'c4', 'a1', 'c5', 'a2']);
  });

  it('puts consensus before sync, but never starves sync', () => {
    const { push, take } = start();
    push('a', 'sync');
    for (let count = 0; count < 20; count++) push('b');
    const order = Array.from({ length: 21 }, take);
    expect(order.indexOf('a0')).toBe(7);
    expect(order.filter((name) => name?.startsWith('b'))).toHaveLength(20);
  });

  it('bounds the frames of one peer, without harm to others', () => {
    const { push, queue, take } = start(MEGABYTE);
    const accepted = Array.from({ length: 2_000 }, () => push('a')).filter(Boolean).length;
    expect(accepted).toBe(1_024);
    expect(push('b')).toBe(true);
    expect(queue.size).toBe(1_025);
    take();
    expect(push('a')).toBe(true);
    expect(push('a')).toBe(false);
  });

  it('bounds the bytes of one peer to two of the longest frames', () => {
    const { push, queue, takeAll } = start(1_000);
    expect(push('a', 'consensus', 1_000)).toBe(true);
    expect(push('a', 'sync', 1_000)).toBe(true);
    expect(push('a', 'consensus', 4)).toBe(false);
    expect(queue.bytes).toBe(2_000);
    takeAll();
    expect(queue.bytes).toBe(0);
    expect(push('a', 'consensus', 4)).toBe(true);
  });

  it('bounds what all strangers have together, and keeps room for validators', () => {
    const { push, takeAll } = start(1_000);
    const accepted = Array.from({ length: 10 }, (_, index) => push(`stranger ${index}`, 'sync', 1_000));
    expect(accepted.filter(Boolean)).toHaveLength(4);
    expect(push('a', 'consensus', 1_000)).toBe(true);
    takeAll();
    expect(push('stranger 9', 'sync', 1_000)).toBe(true);
  });

  it('gives a stranger its load back even if it has become a validator meanwhile', () => {
    let promoted = false;
    const { push, takeAll } = start(1_000, () => promoted);
    for (const from of ['d', 'e', 'f', 'g']) expect(push(from, 'sync', 1_000)).toBe(true);
    promoted = true;
    takeAll();
    promoted = false;
    for (const from of ['d', 'e', 'f', 'g']) expect(push(from, 'sync', 1_000)).toBe(true);
  });

  it('under pressure still takes votes, and no blocks', () => {
    const { push, queue } = start(64 * MEGABYTE, () => true);
    for (const from of ['a', 'b', 'c', 'd']) push(from, 'consensus', 64 * MEGABYTE);
    expect(queue.bytes).toBe(256 * MEGABYTE);
    expect(push('e', 'consensus', 2 * MEGABYTE)).toBe(false);
    expect(push('e', 'consensus', 200)).toBe(true);
    expect(push('a', 'consensus', 200)).toBe(false);
  });

  it('is empty after clear', () => {
    const { push, queue, take } = start();
    push('a');
    push('x', 'sync');
    queue.clear();
    expect([queue.size, queue.bytes, take()]).toEqual([0, 0, null]);
  });
});
