import type { ProgressCertificate } from '../../model/certificate.ts';
import { asView, type ReplicaId, type View } from '../../model/ids.ts';
import type { TimeoutVote } from '../../model/messages.ts';
import { NO_WAIT } from '../effect.ts';
import { enterView, renewBudgets } from '../hotstuff/enter-view.ts';
import { form } from '../hotstuff/phase-vote.ts';
import { broadcastCertificate } from '../hotstuff/propose.ts';
import { activeSets } from '../hotstuff/roles.ts';
import { reject } from '../hotstuff/slot.ts';
import { emit, send, setTimer, THIS_STEP } from '../output.ts';
import { amActiveValidator, type Core } from '../state.ts';
import { addVote, emptyTally, type Tally, talliedPower } from '../votes/collector.ts';
import { isEpochChange } from './epochs.ts';

/**
 * The deadline of `view` (SPECIFICATION.md section 7): a normal view is left for the next one; an epoch-change view
 * is not left without a certificate: validators vote to leave it, again at every further deadline.
 */
export function onViewDeadline(core: Core, view: View): void {
  if (view !== core.view) return;
  emit(core, { type: 'view-timed-out', view });
  if (!isEpochChange(view, core.config.chain.epochLength)) {
    enterView(core, asView(view + 1), 'timer');
    return;
  }
  setTimer(core, { type: 'view', view }, core.config.settings.viewTimeMs);
  renewBudgets(core);
  voteToLeave(core);
  // What is no quorum of the old set may be one of a set that was committed meanwhile.
  const tally = core.collectors.timeouts.get(view);
  if (tally !== undefined) formTimeoutIfQuorum(core, view, tally);
}

/** Broadcasts this replica's TimeoutVote of the current view, once its entry is durable (R6, R7). */
export function voteToLeave(core: Core): void {
  if (!amActiveValidator(core)) return;
  sendTimeoutVote(core, core.view, 'all');
}

function sendTimeoutVote(core: Core, view: View, to: readonly ReplicaId[] | 'all'): void {
  const { chainId } = core.config.chain;
  // An entry written in this very step has no ticket yet.
  const after = core.out.delta.entry === undefined ? core.entryTicket : THIS_STEP;
  if (core.durable < core.entryTicket || core.out.delta.entry !== undefined) core.out.flushNow = true;
  send(core, to, { type: 'timeout-vote', chainId, view, highestTc: core.highestTc }, after);
  emit(core, { type: 'timeout-voted', view }, after);
}

/** A TimeoutVote whose highestTc was processed (R28). */
export function onTimeoutVote(core: Core, from: ReplicaId, message: TimeoutVote): void {
  const { view } = message;
  emit(core, { type: 'timeout-vote-received', from, view });
  if (!isEpochChange(view, core.config.chain.epochLength))
    return reject(core, from, message, 'stale', 'no epoch-change view');
  if (view < core.view) return answerStale(core, from, view);
  const tally = core.collectors.timeouts.get(view) ?? emptyTally();
  core.collectors.timeouts.set(view, tally);
  if (tally.votes.has(from)) return reject(core, from, message, 'duplicate');
  addVote(tally, { signer: from, signature: message.signature });
  formTimeoutIfQuorum(core, view, tally);
}

export function formTimeoutIfQuorum(core: Core, view: View, tally: Tally): void {
  if (tally.forming !== null || tally.votes.size <= tally.triedWith) return;
  for (const set of activeSets(core.sets)) {
    if (tally.formedFor.includes(set) || talliedPower(tally, set) < set.quorum) continue;
    form(core, tally, set, { type: 'timeout-vote', chainId: core.config.chain.chainId, view });
    return;
  }
}

/** Answers to one peer at once: enough for one that walks through the epochs, too little to be worth asking for. */
const MAX_ANSWERS = 8;

/**
 * A stale TimeoutVote is answered with one's own for that view, always, and with the certificate of the highest view
 * held if that is not older: at most once per peer and view per viewTime (R14).
 */
function answerStale(core: Core, to: ReplicaId, view: View): void {
  if (!amActiveValidator(core) || to === core.config.me) return;
  const { viewTimeMs } = core.config.settings;
  const recent = (core.answered.get(to) ?? []).filter(({ at }) => core.now - at < viewTimeMs);
  if (recent.length >= MAX_ANSWERS || recent.some((answer) => answer.view === view)) return;
  recent.push({ view, at: core.now });
  core.answered.set(to, recent);
  sendTimeoutVote(core, view, [to]);
  const highest = highestCertificate(core);
  if (highest === null || highest.view < view) return;
  send(core, [to], { type: 'advance-view', certificate: highest.certificate }, NO_WAIT);
  emit(core, { type: 'view-advanced', view: highest.view, why: 'answer' });
}

function highestCertificate(
  core: Core,
): { readonly view: View; readonly certificate: ProgressCertificate } | null {
  const { pc } = core.highestPc;
  const held: { readonly view: View; readonly certificate: ProgressCertificate }[] = [];
  if (pc.view > 0) held.push({ view: pc.view, certificate: { type: 'pc', pc } });
  const tc = core.highestTc;
  if (tc !== null) held.push({ view: tc.view, certificate: { type: 'tc', tc } });
  const entry = core.entryCertificate;
  if (entry !== null)
    held.push({ view: entry.type === 'pc' ? entry.pc.view : entry.tc.view, certificate: entry });
  return held.reduce<(typeof held)[number] | null>(
    (best, one) => (best === null || one.view > best.view ? one : best),
    null,
  );
}

/**
 * Entered by certificate, and none for this view or a later one came within viewTime / 2: the entry certificate is
 * broadcast once, whether or not a proposal came (R13), since a Byzantine leader may have shown it here alone.
 */
export function onRelayTimer(core: Core, view: View): void {
  if (view !== core.view || core.enteredBy !== 'certificate' || core.entryCertificate === null) return;
  if (amActiveValidator(core)) broadcastCertificate(core, core.entryCertificate, 'relay');
}
