import { assertNever } from '../model/assert.ts';
import type { TimerId } from './input.ts';

/**
 * Names the place that a timer takes: one that is set replaces the one of equal key. So do timers that mean something
 * only while their view lasts, whose view is no part of it: the core never goes back, and hundreds of fast views would
 * else come by once more as inputs without effect.
 */
export function timerKey(timer: TimerId): string {
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
