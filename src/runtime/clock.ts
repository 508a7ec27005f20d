import { asMillis, type Millis } from '../model/ids.ts';
import type { Clock } from '../ports/clock.ts';

/** The longest delay that `setTimeout` takes; a longer wait is made of several. */
const LONGEST_TIMEOUT_MS = 0x7fff_ffff;

/** The process's monotonic clock: milliseconds, with fractions, since the process began. */
export const systemClock: Clock = {
  now: () => asMillis(performance.now()),
  setTimer: (at, fire) => new SystemTimer(at, fire),
};

class SystemTimer implements Disposable {
  readonly #at: Millis;
  readonly #fire: () => void;
  #handle: NodeJS.Timeout | null = null;

  constructor(at: Millis, fire: () => void) {
    this.#at = at;
    this.#fire = fire;
    this.#arm();
  }

  #arm(): void {
    // Rounded up: firing early would break the port's promise, and cost a second wait below.
    const waitMs = Math.ceil(this.#at - performance.now());
    this.#handle = setTimeout(() => this.#onTimeout(), Math.min(Math.max(waitMs, 0), LONGEST_TIMEOUT_MS));
  }

  /** `setTimeout` counts from the event loop's own, coarser time and may be early by a fraction. */
  #onTimeout(): void {
    if (performance.now() < this.#at) {
      this.#arm();
      return;
    }
    this.#handle = null;
    this.#fire();
  }

  [Symbol.dispose](): void {
    if (this.#handle !== null) clearTimeout(this.#handle);
    this.#handle = null;
  }
}
