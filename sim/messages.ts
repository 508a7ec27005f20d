import type { Outcome } from './outcome.ts';
import type { RunOptions } from './run-options.ts';

/** What a worker is asked to do. */
export interface Job {
  readonly seed: number;
  readonly options: RunOptions;
  /** Whether to send every line of the trace. */
  readonly trace: boolean;
  /** Whether to make the page of the trace. */
  readonly html: boolean;
}

/** What a worker says, in this order; `done` once per job. */
export type Report =
  | { readonly type: 'progress'; readonly views: number }
  | { readonly type: 'lines'; readonly lines: readonly string[] }
  | { readonly type: 'done'; readonly outcome: Outcome; readonly html: string | null };
