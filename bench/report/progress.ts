/** Says what is going on: one line that changes on a terminal, a line per step elsewhere. */
export interface Progress {
  /** `doneSeconds` and `leftSeconds` are what was expected of the steps, this one being left. */
  step(text: string, expected: { readonly doneSeconds: number; readonly leftSeconds: number }): void;
  /** A line that stays. */
  done(text: string): void;
  end(): void;
}

const CLEAR_LINE = '\r\u001b[2K';
const REDRAW_MS = 1_000;

export function createProgress(
  stream: NodeJS.WriteStream,
  now: () => number = () => performance.now(),
): Progress {
  if (!stream.isTTY) {
    return { step: () => {}, done: (text) => stream.write(`${text}\n`), end: () => {} };
  }
  const startMs = now();
  let redraw: NodeJS.Timeout | undefined;
  return {
    step(text, expected) {
      clearInterval(redraw);
      const since = now();
      const draw = (): void => {
        const left = secondsLeft(expected, since - startMs, now() - since);
        stream.write(`${CLEAR_LINE}${`${text} ... ${formatLeft(left)} left`.slice(0, stream.columns - 1)}`);
      };
      draw();
      redraw = setInterval(draw, REDRAW_MS);
    },
    done: (text) => stream.write(`${CLEAR_LINE}${text}\n`),
    end: () => {
      clearInterval(redraw);
      stream.write(CLEAR_LINE);
    },
  };
}

/** Steps that count before what was expected is corrected by what they took. */
const TRUSTED_SECONDS = 5;

/** What is left, corrected by how much longer than expected everything took so far. */
export function secondsLeft(
  { doneSeconds, leftSeconds }: { readonly doneSeconds: number; readonly leftSeconds: number },
  tookMs: number,
  sinceStepMs: number,
): number {
  const pace = doneSeconds < TRUSTED_SECONDS ? 1 : tookMs / 1_000 / doneSeconds;
  return Math.max(0, leftSeconds * pace - sinceStepMs / 1_000);
}

export function formatLeft(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)}:${`${whole % 60}`.padStart(2, '0')} min`;
}
