/** A rule that was broken in the run of a seed. */
export interface Violation {
  readonly seed: number;
  /** The checker that found it, or `error` for a fault of the simulator, `hang` and `process` for the worker's end. */
  readonly property: string;
  readonly what: string;
  /** View in which the run ended. */
  readonly view: number;
  /** Virtual milliseconds. */
  readonly atMs: number;
  /** What happened last, one line each. */
  readonly lastEvents: readonly string[];
}

/** What became of the run of one seed. */
export interface Outcome {
  readonly seed: number;
  /** Highest view that an honest replica entered. */
  readonly views: number;
  readonly committedBlocks: number;
  readonly messages: number;
  /** Equal for equal histories, byte for byte. */
  readonly history: string;
  readonly violation: Violation | null;
}
