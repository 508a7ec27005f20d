import type { TimerId } from '../core/input.ts';
import { timerKey } from '../core/timer-key.ts';
import type { Millis } from '../model/ids.ts';
import type { Clock } from '../ports/clock.ts';

/** The core's timers. Their number is bounded by the requests and unfinished certificates of the last few view times. */
export interface Timers {
  /** Replaces the timer of equal key. */
  set(timer: TimerId, at: Millis): void;
  stop(): void;
  readonly size: number;
}

export function createTimers(clock: Clock, onFired: (timer: TimerId) => void): Timers {
  const running = new Map<string, Disposable>();
  return {
    set(timer, at) {
      const key = timerKey(timer);
      running.get(key)?.[Symbol.dispose]();
      const handle = clock.setTimer(at, () => {
        running.delete(key);
        onFired(timer);
      });
      running.set(key, handle);
    },
    stop() {
      for (const handle of running.values()) handle[Symbol.dispose]();
      running.clear();
    },
    get size() {
      return running.size;
    },
  };
}
