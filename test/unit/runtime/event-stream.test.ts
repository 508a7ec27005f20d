import { describe, expect, it } from 'vitest';
import type { ReplicaEvent } from '../../../src/model/events.ts';
import { asView } from '../../../src/model/ids.ts';
import { createEventStream } from '../../../src/runtime/event-stream.ts';
import { settle } from './support/held-store.ts';

const timedOut = (view: number): ReplicaEvent => ({ type: 'view-timed-out', view: asView(view) });
const voted = (view: number): ReplicaEvent => ({ type: 'timeout-voted', view: asView(view) });
const never = (error: unknown): void => {
  throw error;
};

async function take(events: AsyncIterator<ReplicaEvent>, count: number): Promise<number[]> {
  const views: number[] = [];
  for (let index = 0; index < count; index++) {
    const { value } = await events.next();
    views.push((value as { view: number }).view);
  }
  return views;
}

describe('listeners', () => {
  it('hear their type alone, in order of registration, until disposed', () => {
    const heard: string[] = [];
    const stream = createEventStream(never);
    const first = stream.on('view-timed-out', ({ view }) => heard.push(`first ${view}`));
    stream.on('view-timed-out', ({ view }) => heard.push(`second ${view}`));
    stream.emit(timedOut(1));
    stream.emit(voted(2));
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    stream.emit(timedOut(3));
    expect(heard).toEqual(['first 1', 'second 1', 'second 3']);
  });

  it('may be registered twice, and leave one at a time', () => {
    let calls = 0;
    const stream = createEventStream(never);
    const listener = () => {
      calls += 1;
    };
    const once = stream.on('view-timed-out', listener);
    stream.on('view-timed-out', listener);
    stream.emit(timedOut(1));
    once[Symbol.dispose]();
    stream.emit(timedOut(2));
    expect(calls).toBe(3);
  });

  it('that throw or reject do not keep others from hearing, and are reported', async () => {
    const reported: string[] = [];
    const heard: number[] = [];
    const stream = createEventStream((error, type) => reported.push(`${type}: ${(error as Error).message}`));
    stream.on('view-timed-out', () => {
      throw new Error('thrown');
    });
    stream.on('view-timed-out', async () => {
      throw new Error('rejected');
    });
    stream.on('view-timed-out', ({ view }) => heard.push(view));
    stream.emit(timedOut(1));
    await settle();
    expect(heard).toEqual([1]);
    expect(reported).toEqual(['view-timed-out: thrown', 'view-timed-out: rejected']);
  });

  it('may come and go while an event is handed out', () => {
    const heard: string[] = [];
    const stream = createEventStream(never);
    const self = stream.on('view-timed-out', () => {
      heard.push('leaving');
      self[Symbol.dispose]();
      stream.on('view-timed-out', () => heard.push('new'));
    });
    stream.on('view-timed-out', () => heard.push('staying'));
    stream.emit(timedOut(1));
    expect(heard).toEqual(['leaving', 'staying']);
    stream.emit(timedOut(2));
    expect(heard).toEqual(['leaving', 'staying', 'staying', 'new']);
  });
});

describe('a subscription', () => {
  it('gives every event since it was made, whether it waits for them or they for it', async () => {
    const stream = createEventStream(never);
    stream.emit(timedOut(1));
    const events = stream.subscribe(8);
    stream.emit(timedOut(2));
    stream.emit(voted(3));
    expect(await take(events, 2)).toEqual([2, 3]);
    const later = take(events, 2);
    stream.emit(timedOut(4));
    stream.emit(timedOut(5));
    expect(await later).toEqual([4, 5]);
    expect(events.dropped).toBe(0);
  });

  it('loses the oldest events when its buffer is full, and counts them', async () => {
    const stream = createEventStream(never);
    const events = stream.subscribe(3);
    for (const view of [1, 2, 3, 4, 5]) stream.emit(timedOut(view));
    expect(events.dropped).toBe(2);
    expect(await take(events, 2)).toEqual([3, 4]);
    for (const view of [6, 7, 8]) stream.emit(timedOut(view));
    expect(events.dropped).toBe(3);
    expect(await take(events, 3)).toEqual([6, 7, 8]);
  });

  it('does not slow another one down', async () => {
    const stream = createEventStream(never);
    const slow = stream.subscribe(1);
    const quick = stream.subscribe(2);
    stream.emit(timedOut(1));
    stream.emit(timedOut(2));
    expect([slow.dropped, quick.dropped]).toEqual([1, 0]);
    expect(await take(quick, 2)).toEqual([1, 2]);
  });

  it('ends its loop when the stream ends, after what was buffered', async () => {
    const stream = createEventStream(never);
    const events = stream.subscribe(8);
    const waiting = stream.subscribe(8).next();
    stream.emit(timedOut(1));
    stream.end();
    stream.emit(timedOut(2));
    const seen: ReplicaEvent[] = [];
    for await (const event of events) seen.push(event);
    expect(seen).toEqual([timedOut(1)]);
    expect((await waiting).value).toEqual(timedOut(1));
    expect((await stream.subscribe(8).next()).done).toBe(true);
  });

  it('is over when its loop is left', async () => {
    const stream = createEventStream(never);
    const events = stream.subscribe(8);
    stream.emit(timedOut(1));
    stream.emit(timedOut(2));
    for await (const event of events) {
      expect(event).toEqual(timedOut(1));
      break;
    }
    stream.emit(timedOut(3));
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });
});
