// How many views are simulated under faults, over all files of this folder, and who runs which.

export type Kind = 'faults' | 'adversaries';

/** The seeds of one cluster size and kind of trouble. */
export interface Share {
  readonly n: number;
  readonly kind: Kind;
  /** Views that its worlds pass together. */
  readonly views: number;
  /** Files that share them, of half a minute or so each: two cores are busy to the end. */
  readonly shards: number;
}

/** Half of all views are passed against adversaries that know the state of everybody. */
const SHARES_OF_EACH_KIND: readonly Omit<Share, 'kind'>[] = [
  { n: 4, views: 70_000, shards: 7 },
  { n: 7, views: 20_000, shards: 4 },
  { n: 10, views: 10_000, shards: 4 },
];

export const PLAN: readonly Share[] = (['faults', 'adversaries'] as const).flatMap((kind) =>
  SHARES_OF_EACH_KIND.map((share) => ({ ...share, kind })),
);

/** Views of one world: long enough for several changes of the validator set, short enough for many seeds. */
export const VIEWS_PER_WORLD = 250;

export function shareOf(n: number, kind: Kind): Share {
  const found = PLAN.find((share) => share.n === n && share.kind === kind);
  if (found === undefined) throw new RangeError(`the plan has no ${kind} for n = ${n}`);
  return found;
}
