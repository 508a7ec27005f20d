import type { PhaseCertificate } from '../../model/certificate.ts';
import { asView, type ReplicaId, type View } from '../../model/ids.ts';
import type { PhaseVote, VoteSubject } from '../../model/messages.ts';
import type { SignatureSet } from '../../model/scheme.ts';
import type { ValidatorSet } from '../../model/validator-set.ts';
import { emit, newRequest, perform, setTimer } from '../output.ts';
import { leaderOf } from '../pacemaker/leader.ts';
import { remember } from '../pending.ts';
import type { Core } from '../state.ts';
import { hasQuorumShape, recordVerdict } from '../verdicts.ts';
import {
  addVote,
  emptyTally,
  emptyViewVotes,
  removeVotes,
  subjectKey,
  type Tally,
  talliedPower,
  type ViewVotes,
  votesIn,
} from '../votes/collector.ts';
import { activeSets, signersOf } from './roles.ts';
import { reject } from './slot.ts';

/**
 * A vote of the current view or the one before (late ones count). Votes are collected unverified, one per (signer,
 * view) (R19), and verified as a quorum (performance comes first here: a bad one costs its sender, not the quorum).
 * There are no more tallies than voters; fewer would let the faulty fill them all before the honest have voted.
 */
export function onPhaseVote(core: Core, from: ReplicaId, message: PhaseVote): void {
  const { view, block, phase, signature } = message;
  emit(core, { type: 'phase-vote-received', from, view, block, phase });
  if (view < core.view - 1) return;
  const votes = core.collectors.phases.get(view) ?? emptyViewVotes();
  core.collectors.phases.set(view, votes);
  const key = subjectKey(block, phase);
  if (votes.bad.has(from)) return reject(core, from, message, 'muted');
  if (votes.votedFor.has(from)) return reject(core, from, message, 'duplicate');
  const entry = votes.tallies.get(key) ?? { block, phase, tally: emptyTally() };
  votes.tallies.set(key, entry);
  votes.votedFor.set(from, key);
  addVote(entry.tally, { signer: from, signature });
  formIfQuorum(core, view, key);
}

/**
 * Forms a certificate as soon as a quorum of an active set has voted: at once as leader of the next view; as leader
 * of this one, only after viewTime / 4 without the next leader's (R12).
 */
export function formIfQuorum(core: Core, view: View, key: string): void {
  const votes = core.collectors.phases.get(view);
  const entry = votes?.tallies.get(key);
  if (votes === undefined || entry === undefined) return;
  const { tally } = entry;
  if (tally.forming !== null || tally.votes.size <= tally.triedWith) return;
  const set = setWithQuorum(core, tally, entry.phase);
  if (set === null) return;
  const { me, chain, settings } = core.config;
  const isNextLeader = activeSets(core.sets).some(
    (active) => leaderOf(active, asView(view + 1), chain.leaderTenure) === me,
  );
  if (!isNextLeader && !votes.waitOver) {
    if (!votes.waitingForNextLeader) setTimer(core, { type: 'form-pc', view }, settings.viewTimeMs / 4);
    votes.waitingForNextLeader = true;
    return;
  }
  const { block, phase } = entry;
  form(core, tally, set, { type: 'phase-vote', chainId: chain.chainId, view, block, phase });
}

/** The set that should sign this phase comes first. */
function setWithQuorum(core: Core, tally: Tally, phase: PhaseCertificate['phase']): ValidatorSet | null {
  const isReady = (set: ValidatorSet): boolean =>
    !tally.formedFor.includes(set) && talliedPower(tally, set) >= set.quorum;
  const first = signersOf(core.sets, phase);
  return isReady(first) ? first : (activeSets(core.sets).find(isReady) ?? null);
}

export function form(core: Core, tally: Tally, set: ValidatorSet, subject: VoteSubject): void {
  const votes = votesIn(tally, set);
  const request = newRequest(core);
  tally.forming = request;
  tally.triedWith = tally.votes.size;
  remember(core, request, { type: 'form', set, subject, votes: votes.length });
  perform(core, { type: 'form-certificate', request, set, subject, votes });
}

/**
 * The next leader has had its time to show a certificate of `view`: this replica forms it itself (R12), even if it has
 * left the view by timer meanwhile, as it does when the votes come late.
 */
export function onFormTimer(core: Core, view: View): void {
  const votes = core.collectors.phases.get(view);
  if (votes === undefined || isShown(core, view)) return;
  votes.waitOver = true;
  for (const key of votes.tallies.keys()) formIfQuorum(core, view, key);
}

/** Whether a certificate of `view` or a later one is here, of a known block or of one that is being fetched. */
function isShown(core: Core, view: View): boolean {
  const entry = core.entryCertificate;
  return core.highestPc.pc.view >= view || (entry?.type === 'pc' && entry.pc.view >= view);
}

/**
 * The votes were verified and summed. Bad ones are thrown out and their signers not heard again in this view; the
 * rest is a certificate if it still is a quorum, and is returned.
 */
export function takeFormed(
  core: Core,
  tally: Tally,
  set: ValidatorSet,
  subject: VoteSubject,
  answer: { readonly signatures: SignatureSet | null; readonly badSigners: readonly ReplicaId[] },
): SignatureSet | null {
  tally.forming = null;
  if (answer.badSigners.length > 0) {
    removeVotes(tally, answer.badSigners);
    tally.triedWith = 0;
    for (const signer of answer.badSigners) reject(core, signer, { type: subject.type }, 'bad-signature');
  }
  const { signatures } = answer;
  if (signatures === null || !hasQuorumShape(core, set, signatures)) return null;
  tally.formedFor.push(set);
  recordVerdict(core, set, subject, signatures, true);
  return signatures;
}

/** Marks signers whose vote was bad; their slot is free, their word is not wanted in this view. */
export function muteBadVoters(votes: ViewVotes, signers: readonly ReplicaId[]): void {
  for (const signer of signers) {
    votes.bad.add(signer);
    votes.votedFor.delete(signer);
  }
}
