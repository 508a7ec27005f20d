import type { TimerId } from '../core/input.ts';
import { assertNever } from '../model/assert.ts';
import type { Millis } from '../model/ids.ts';
import type { Clock } from '../ports/clock.ts';

/** The core's timers. Their number is bounded by the requests and unfinished certificates of the last few view times. */
export interface Timers {
  /**
   * Replaces an equal timer; and of those that mean something only while their view lasts, that of an earlier view: the
   * core never goes back, and hundreds of fast views would else come by once more as inputs without effect.
   */
  set(timer: TimerId, at: Millis): void;
  stop(): void;
  readonly size: number;
}

export function createTimers(clock: Clock, onFired: (timer: TimerId) => void): Timers {
  const running = new Map<string, Disposable>();
  return {
    set(timer, at) {
      const key = keyOf(timer);
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

function keyOf(timer: TimerId): string {
  switch (timer.type) {
    case 'form-pc':
      return `${timer.type}/${timer.view}`;
    case 'sync-request':
      return `${timer.type}/${timer.request}`;
    case 'view':
    case 'new-views':
    case 'relay':
    case 'sync-trigger':
    case 'advertise':
    case 'fetch':
      return timer.type;
    default:
      return assertNever(timer);
  }
}
