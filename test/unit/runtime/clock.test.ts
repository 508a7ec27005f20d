import { expect, it } from 'vitest';
import { asMillis } from '../../../src/model/ids.ts';
import { systemClock } from '../../../src/runtime/clock.ts';

it('never fires a timer before its time', async () => {
  const early: number[] = [];
  await Promise.all(
    Array.from({ length: 40 }, (_, index) => {
      const at = asMillis(systemClock.now() + index / 3);
      return new Promise<void>((resolve) => {
        systemClock.setTimer(at, () => {
          if (systemClock.now() < at) early.push(at - systemClock.now());
          resolve();
        });
      });
    }),
  );
  expect(early).toEqual([]);
});

it('does not fire a disposed timer', async () => {
  let fired = 0;
  const disposed = systemClock.setTimer(asMillis(systemClock.now() + 1), () => {
    fired += 1;
  });
  disposed[Symbol.dispose]();
  await new Promise<void>((resolve) => {
    systemClock.setTimer(asMillis(systemClock.now() + 20), resolve);
  });
  expect(fired).toBe(0);
});

it('waits longer than setTimeout can', async () => {
  let fired = 0;
  const far = systemClock.setTimer(asMillis(systemClock.now() + 2 ** 40), () => {
    fired += 1;
  });
  await new Promise<void>((resolve) => {
    systemClock.setTimer(asMillis(systemClock.now() + 20), resolve);
  });
  expect(fired).toBe(0);
  far[Symbol.dispose]();
});
