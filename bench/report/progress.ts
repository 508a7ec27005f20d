/** Says what is going on: one line that changes on a terminal, a line per step elsewhere. */
export interface Progress {
  step(text: string): void;
  /** Replaces what `step` said last. */
  done(text: string): void;
  end(): void;
}

const CLEAR_LINE = '\r\u001b[2K';

export function createProgress(stream: NodeJS.WriteStream): Progress {
  if (!stream.isTTY) {
    return { step: () => {}, done: (text) => stream.write(`${text}\n`), end: () => {} };
  }
  return {
    step: (text) => stream.write(`${CLEAR_LINE}${text.slice(0, stream.columns - 1)}`),
    done: (text) => stream.write(`${CLEAR_LINE}${text}\n`),
    end: () => stream.write(CLEAR_LINE),
  };
}
