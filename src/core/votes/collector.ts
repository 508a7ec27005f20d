import type { Phase } from '../../model/certificate.ts';
import type { BlockHash, ReplicaId, View } from '../../model/ids.ts';
import { powerOf, type ValidatorSet } from '../../model/validator-set.ts';
import type { RequestId } from '../input.ts';

export interface CollectedVote {
  readonly signer: ReplicaId;
  readonly signature: Uint8Array;
}

/** Votes on one (block, phase) of one view, or on leaving one epoch-change view. Not verified: a quorum is. */
export interface Tally {
  readonly votes: Map<ReplicaId, CollectedVote>;
  /** Running sums of the votes' power per set, so that a vote costs the same whatever came before. */
  readonly powers: { readonly set: ValidatorSet; power: number }[];
  /** Sets for which a certificate was formed. */
  readonly formedFor: ValidatorSet[];
  forming: RequestId | null;
  /** Votes that the last unsuccessful try had: only more are worth another. */
  triedWith: number;
}

export interface ViewVotes {
  /** By `subjectKey`. */
  readonly tallies: Map<string, { readonly block: BlockHash; readonly phase: Phase; readonly tally: Tally }>;
  /** What each signer voted for in this view: one vote per (signer, view) (R19). */
  readonly votedFor: Map<ReplicaId, string>;
  /** Signers whose vote was bad: a bad signature takes no slot, but it costs verification, so one chance is given. */
  readonly bad: Set<ReplicaId>;
  /** Whether the leader of this view has begun to count down for the next leader's certificate (R12). */
  waitingForNextLeader: boolean;
  waitOver: boolean;
}

export interface Collectors {
  /** Of the current view and the one before. */
  readonly phases: Map<View, ViewVotes>;
  /** Of the current view, when it is an epoch-change view. */
  readonly timeouts: Map<View, Tally>;
}

export const emptyTally = (): Tally => ({
  votes: new Map(),
  powers: [],
  formedFor: [],
  forming: null,
  triedWith: 0,
});

export const emptyViewVotes = (): ViewVotes => ({
  tallies: new Map(),
  votedFor: new Map(),
  bad: new Set(),
  waitingForNextLeader: false,
  waitOver: false,
});

export const subjectKey = (block: BlockHash, phase: Phase): string => `${phase}/${block}`;

export function addVote(tally: Tally, vote: CollectedVote): void {
  tally.votes.set(vote.signer, vote);
  for (const sum of tally.powers) sum.power += powerOf(sum.set, vote.signer);
}

export function removeVotes(tally: Tally, signers: readonly ReplicaId[]): void {
  for (const signer of signers) tally.votes.delete(signer);
  tally.powers.length = 0;
}

/** Power of the tally's signers in `set`. */
export function talliedPower(tally: Tally, set: ValidatorSet): number {
  const known = tally.powers.find((sum) => sum.set === set);
  if (known !== undefined) return known.power;
  let power = 0;
  for (const signer of tally.votes.keys()) power += powerOf(set, signer);
  tally.powers.push({ set, power });
  return power;
}

/** The votes that count in `set`. */
export const votesIn = (tally: Tally, set: ValidatorSet): readonly CollectedVote[] =>
  [...tally.votes.values()].filter(({ signer }) => set.indexOf.has(signer));

/** Forgets the collectors of views before `view - 1` (late votes of the view before still count). */
export function forgetBefore(collectors: Collectors, view: View): void {
  for (const at of collectors.phases.keys()) if (at < view - 1) collectors.phases.delete(at);
  for (const at of collectors.timeouts.keys()) if (at < view) collectors.timeouts.delete(at);
}
