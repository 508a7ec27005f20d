import type { Height } from '../model/ids.ts';

/** Callers that wait until a height is committed, at most as many as there are requests open. */
export interface HeightWaiters {
  wait(height: Height, signal?: AbortSignal): Promise<void>;
  reached(height: Height): void;
  /** Rejects all that still wait. */
  close(reason: unknown): void;
}

interface Waiter {
  readonly height: Height;
  settle(reason?: unknown): void;
}

export function createHeightWaiters(): HeightWaiters {
  const waiters = new Set<Waiter>();
  return {
    wait(height, signal) {
      return new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        const abort = (): void => waiter.settle(signal?.reason);
        const waiter: Waiter = {
          height,
          settle: (reason) => {
            waiters.delete(waiter);
            signal?.removeEventListener('abort', abort);
            if (reason === undefined) resolve();
            else reject(reason);
          },
        };
        waiters.add(waiter);
        signal?.addEventListener('abort', abort, { once: true });
      });
    },
    reached(height) {
      for (const waiter of waiters) if (waiter.height <= height) waiter.settle();
    },
    close(reason) {
      for (const waiter of waiters) waiter.settle(reason);
    },
  };
}
