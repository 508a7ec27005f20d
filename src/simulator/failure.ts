/** A rule was broken in a simulated world. The message holds what is needed to see it again: the seed and the past. */
export class SimulationFailure extends Error {
  override readonly name = 'SimulationFailure';
  readonly seed: number;
  /** Which checker, or part of the world, found it. */
  readonly checker: string;
  /** What it found, in a sentence. */
  readonly what: string;
  /** The last events before it, one line each. */
  readonly lines: readonly string[];

  constructor(checker: string, what: string, seed: number, lines: readonly string[]) {
    super(`${checker}: ${what}\nseed ${seed}; the last ${lines.length} events:\n${lines.join('\n')}`);
    this.seed = seed;
    this.checker = checker;
    this.what = what;
    this.lines = lines;
  }
}
