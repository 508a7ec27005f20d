import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEventQueue } from '../../../src/simulator/event-queue.ts';

test('events happen in order of time, then of scheduling; cancelled ones do not', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ at: fc.nat(20), cancelled: fc.boolean() })), (plans) => {
      const queue = createEventQueue();
      const happened: number[] = [];
      for (const [index, { at, cancelled }] of plans.entries()) {
        const event = queue.schedule(at, () => happened.push(index));
        if (cancelled) queue.cancel(event);
      }
      const times: number[] = [];
      for (let event = queue.take(); event !== null; event = queue.take()) {
        event.run();
        times.push(queue.now);
      }
      const expected = [...plans.entries()]
        .filter(([, { cancelled }]) => !cancelled)
        .sort(([a, { at: atA }], [b, { at: atB }]) => atA - atB || a - b);
      expect(happened).toEqual(expected.map(([index]) => index));
      expect(times).toEqual(expected.map(([, { at }]) => at));
    }),
  );
});

test('time does not run past the next event, and never back', () => {
  const queue = createEventQueue();
  queue.schedule(10, () => undefined);
  queue.advanceTo(25);
  expect(queue.now).toBe(10);
  queue.take();
  queue.advanceTo(25);
  queue.advanceTo(20);
  expect(queue.now).toBe(25);
  queue.schedule(3, () => undefined);
  expect(queue.peek()).toBe(25);
});

test('hundreds of events, of which most are cancelled on the way, happen in order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { minLength: 200, maxLength: 600 }), fc.nat(9), (delays, kept) => {
      const queue = createEventQueue();
      const happened: string[] = [];
      const expected: [number, number][] = [];
      for (const [index, at] of delays.entries()) {
        const event = queue.schedule(at, () => happened.push(`${queue.now}/${index}`));
        if (index % 10 > kept) queue.cancel(event);
        else expected.push([at, index]);
      }
      const later = delays.map((at) => queue.schedule(400 + at, () => happened.push('later')));
      // Some of those that are cancelled then have happened, and are forgotten.
      while ((queue.peek() ?? 500) < 500) queue.take()?.run();
      for (const event of later) queue.cancel(event);
      for (let event = queue.take(); event !== null; event = queue.take()) event.run();
      const inOrder = expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      expect(happened.filter((name) => name !== 'later')).toEqual(
        inOrder.map(([at, index]) => `${at}/${index}`),
      );
    }),
  );
});
