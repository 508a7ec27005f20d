import { asMillis, type Millis } from '../../../../src/model/ids.ts';
import type { Clock } from '../../../../src/ports/clock.ts';

interface ManualTimer {
  readonly at: number;
  readonly fire: () => void;
}

/** A clock that stands still until it is told to go on. */
export interface ManualClock extends Clock {
  /** Fires what is due, in order of time. */
  advance(ms: number): void;
  readonly armed: number;
}

export function createManualClock(): ManualClock {
  let now = 0;
  const timers = new Set<ManualTimer>();
  return {
    now: (): Millis => asMillis(now),
    setTimer(at, fire) {
      const timer = { at, fire };
      timers.add(timer);
      return { [Symbol.dispose]: () => void timers.delete(timer) };
    },
    advance(ms) {
      const until = now + ms;
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        now = Math.max(now, next.at);
        next.fire();
      }
      now = until;
    },
    get armed() {
      return timers.size;
    },
  };
}
