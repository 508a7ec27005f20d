import type { Result } from './result.ts';
import type { Samples } from './statistics.ts';

/**
 * Something to measure: called again and again. What it returns is kept, so that no compiler leaves it out. `taken`
 * measures itself, for as many seconds as it is told, in microseconds.
 */
export type Operation =
  | { readonly sync: () => unknown }
  | { readonly async: () => Promise<unknown> }
  | { readonly taken: (seconds: number) => Promise<Samples> };

/** What to compare with: the same work done by somebody else, on the same machine in the same run. */
export interface Rival {
  readonly name: string;
  readonly run: Operation;
}

export interface Prepared {
  readonly run: Operation;
  /** The first is the baseline of the result; each further one gives a result of its own, `NAME/vs=RIVAL`. */
  readonly rivals?: readonly Rival[];
  close?(): Promise<void> | void;
}

/** An operation and those it is compared with: one line of the report, or one for each rival. */
export interface Case {
  readonly name: string;
  /** Makes keys, votes, stores: not measured, and only done for cases that are run. */
  prepare(): Promise<Prepared> | Prepared;
}

/** How much time a run may take. */
export type Mode = 'quick' | 'full';

/** Whatever gives one or several results: a case, a cluster, a size of the worker pool. */
export interface Entry {
  readonly name: string;
  /** Whether `--quick` runs it too. */
  readonly quick: boolean;
  /** About how long it takes, for the time that is left. */
  seconds(mode: Mode): number;
  run(mode: Mode): Promise<readonly Result[]>;
}
