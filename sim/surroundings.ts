/** A place to write to: a terminal, a pipe, or what a test reads. */
export interface Sink {
  readonly isTTY: boolean;
  readonly columns: number;
  write(text: string): void;
}

/** What the commands need of the process that they run in. */
export interface Surroundings {
  readonly stdout: Sink;
  /** Progress and errors. */
  readonly stderr: Sink;
  /** The bundle of `worker.ts` with the library that is to be tried. */
  workerCode(): Promise<string>;
  /** Calls `stop` at Ctrl-C; at once when that has been pressed already. */
  onInterrupt(stop: () => void): void;
}

export const EXIT = { fine: 0, violation: 1, usage: 2, interrupted: 130 } as const;
