/** How long a block's commands are applied in one turn of the event loop; a command that takes longer is not cut. */
const SLICE_MS = 2;

/** Commands between two looks at the clock, which costs as much as a small one. */
const LOOK_EVERY = 16;

/** Divides the work on one block into turns of the event loop: what the host does besides goes on in between. */
export interface Slices {
  /** To be asked before each command: whether this turn's time is over. Then `next` is to be awaited. */
  isOver(): boolean;
  /** The next turn. Rejects with the signal's reason when the work is not wanted any more. */
  next(): Promise<void>;
}

export function createSlices(signal: AbortSignal): Slices {
  let endMs = performance.now() + SLICE_MS;
  let asked = 0;
  return {
    isOver() {
      asked += 1;
      return asked % LOOK_EVERY === 0 && performance.now() >= endMs;
    },
    async next() {
      await new Promise((resolve) => void setImmediate(resolve));
      // The state that is read may be closed by now.
      signal.throwIfAborted();
      endMs = performance.now() + SLICE_MS;
    },
  };
}
