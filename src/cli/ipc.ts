/** What `hotstuff cluster` and the nodes that it starts say to each other over the channel of `child_process.fork`. */
export type ToNode =
  /** Submits commands in the node's process, without HTTP. */
  | { readonly type: 'start-load'; readonly clients: number; readonly valueBytes: number }
  | { readonly type: 'stop-load' };

export type FromNode =
  | { readonly type: 'ready'; readonly url: string; readonly id: string }
  /** The load so far; `isLast` once nothing of it is under way. */
  | ({ readonly type: 'load-report'; readonly isLast: boolean } & LoadReport);

export interface LoadReport {
  readonly committed: number;
  readonly failed: number;
  /** As `Histogram.counts` gives it. */
  readonly latency: readonly number[];
}
