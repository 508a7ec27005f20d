import type { CancelSignal } from '../ports/signature-scheme.ts';
import { report } from './report.ts';

const REASON = new DOMException('the answer is not wanted any more', 'AbortError');

/** The signal of one question. Making an `AbortSignal` for each takes longer than a remembered answer. */
export class Cancellation implements CancelSignal {
  #aborted = false;
  #listeners: (() => void)[] = [];

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#aborted ? REASON : undefined;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.#listeners.includes(listener)) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at !== -1) this.#listeners.splice(at, 1);
  }

  /** Never throws, as that of an `AbortController`: whoever takes a question back has other things to end. */
  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) {
      try {
        listener();
      } catch (error) {
        report('a listener of a cancelled question threw', error);
      }
    }
  }
}
