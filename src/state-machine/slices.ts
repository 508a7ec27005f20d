/** How long a block's commands are applied in one turn of the event loop; a command that takes longer is not cut. */
const SLICE_MS = 2;

/** Commands between two looks at the clock, which costs as much as a small one. */
const LOOK_EVERY = 16;

/** Bytes of commands between two looks: an application may have to read all of them. */
const LOOK_EVERY_BYTES = 8 * 1024;

/** Divides the work on one block into turns of the event loop: what the host does besides goes on in between. */
export interface Slices {
  /** To be asked before each command, of so many bytes: whether this turn's time is over. Then `next` is to be awaited. */
  isOver(bytes: number): boolean;
  /** The command since the last question took no effect, at a cost that nobody can tell: the clock is looked at next. */
  mayHaveTaken(): void;
  /** The next turn. Rejects with the signal's reason when the work is not wanted any more. */
  next(): Promise<void>;
}

export function createSlices(signal: AbortSignal): Slices {
  let endMs = performance.now() + SLICE_MS;
  let commands = 0;
  let weight = 0;
  return {
    isOver(bytes) {
      commands += 1;
      weight += bytes;
      if (commands < LOOK_EVERY && weight < LOOK_EVERY_BYTES) return false;
      commands = 0;
      weight = 0;
      return performance.now() >= endMs;
    },
    mayHaveTaken() {
      commands = LOOK_EVERY;
    },
    async next() {
      await new Promise((resolve) => void setImmediate(resolve));
      // The state that is read may be closed by now.
      signal.throwIfAborted();
      endMs = performance.now() + SLICE_MS;
    },
  };
}
