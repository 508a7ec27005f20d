import type { CancelSignal } from '../../ports/signature-scheme.ts';

/** `promise`, or a rejection with the signal's reason as soon as it is aborted, when `onAbort` is called first. */
export function untilAborted<Value>(
  promise: Promise<Value>,
  signal: CancelSignal | undefined,
  onAbort: () => void,
): Promise<Value> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const listener = (): void => {
      signal.removeEventListener('abort', listener);
      onAbort();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', listener);
    promise.then(
      (value) => {
        signal.removeEventListener('abort', listener);
        resolve(value);
      },
      (error: Error) => {
        signal.removeEventListener('abort', listener);
        reject(error);
      },
    );
  });
}
