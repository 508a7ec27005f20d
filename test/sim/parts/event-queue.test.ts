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
  expect(queue.schedule(3, () => undefined).at).toBe(25);
});
