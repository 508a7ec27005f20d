import { describe, expect, it } from 'vitest';
import type { RequestId, TimerId } from '../../../src/core/input.ts';
import { asMillis, asView } from '../../../src/model/ids.ts';
import { createTimers } from '../../../src/runtime/timers.ts';
import { createManualClock } from './support/manual-clock.ts';

function start() {
  const clock = createManualClock();
  const fired: TimerId[] = [];
  const timers = createTimers(clock, (timer) => fired.push(timer));
  return { clock, fired, timers };
}

const view = (number: number): TimerId => ({ type: 'view', view: asView(number) });

describe('timers', () => {
  it('fire once, in order of time, and are gone then', () => {
    const { clock, fired, timers } = start();
    timers.set({ type: 'fetch' }, asMillis(20));
    timers.set(view(1), asMillis(10));
    timers.set({ type: 'advertise' }, asMillis(15));
    clock.advance(100);
    expect(fired).toEqual([view(1), { type: 'advertise' }, { type: 'fetch' }]);
    expect(timers.size).toBe(0);
  });

  it('replace equal ones alone', () => {
    const { clock, fired, timers } = start();
    const request = (number: number): TimerId => ({ type: 'sync-request', request: number as RequestId });
    timers.set(view(1), asMillis(10));
    timers.set({ type: 'relay', view: asView(1) }, asMillis(10));
    timers.set(request(1), asMillis(10));
    timers.set(request(2), asMillis(10));
    timers.set(view(1), asMillis(30));
    clock.advance(20);
    expect(fired).toEqual([{ type: 'relay', view: 1 }, request(1), request(2)]);
    clock.advance(20);
    expect(fired.at(-1)).toEqual(view(1));
  });

  it('of a view give way to those of a later one, unless they are about its votes', () => {
    const { clock, fired, timers } = start();
    for (const number of [1, 2]) {
      for (const type of ['view', 'relay', 'new-views', 'form-pc'] as const)
        timers.set({ type, view: asView(number) }, asMillis(10 * number));
    }
    expect(timers.size).toBe(5);
    clock.advance(100);
    const named = fired.map((timer) => `${timer.type} ${'view' in timer ? timer.view : ''}`);
    expect(named.sort()).toEqual(['form-pc 1', 'form-pc 2', 'new-views 2', 'relay 2', 'view 2']);
  });

  it('do not fire after stop, and hold nothing', () => {
    const { clock, fired, timers } = start();
    timers.set(view(1), asMillis(10));
    timers.stop();
    clock.advance(100);
    expect(fired).toEqual([]);
    expect(clock.armed).toBe(0);
  });
});
