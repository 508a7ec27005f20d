/**
 * What the page of a trace reads: a recording by columns, which are smaller and quicker to read than objects. This
 * file imports nothing, since the page's own sources in trace-page/ are compiled for browsers.
 */
export interface PageData {
  readonly failure: string | null;
  readonly seed: number;
  readonly scheme: string;
  readonly viewTimeMs: number;
  readonly epochLength: number;
  readonly leaderTenure: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly replicas: readonly {
    readonly name: string;
    readonly isHonest: boolean;
    /** At genesis; 0 for who was no validator. */
    readonly power: number;
  }[];
  readonly messageKinds: readonly string[];
  readonly fates: readonly string[];
  readonly markKinds: readonly string[];
  readonly texts: readonly string[];
  /** In the order in which they were sent. */
  readonly flights: {
    readonly from: readonly number[];
    readonly to: readonly number[];
    readonly kind: readonly number[];
    readonly sentAt: readonly number[];
    /** -1 where it never left. */
    readonly dueAt: readonly number[];
    readonly fate: readonly number[];
    /** 1 where it took longer than messages do after GST. */
    readonly late: readonly (0 | 1)[];
    readonly text: readonly number[];
  };
  /** In the order in which they happened. */
  readonly marks: {
    readonly replica: readonly number[];
    readonly at: readonly number[];
    readonly kind: readonly number[];
    readonly text: readonly number[];
    /** That begins there; -1 for marks that are not of kind `view` or `boot`. */
    readonly view: readonly number[];
  };
  readonly notes: { readonly at: readonly number[]; readonly text: readonly number[] };
}
