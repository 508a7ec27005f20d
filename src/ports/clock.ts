import type { Millis } from '../model/ids.ts';

export interface Clock {
  /** Monotonic milliseconds. */
  now(): Millis;
  /** Calls `fire` once at or after `at`, unless disposed before. Must not keep the process alive by itself when disposed. */
  setTimer(at: Millis, fire: () => void): Disposable;
}
