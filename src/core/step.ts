import { assertNever } from '../model/assert.ts';
import type { ProgressCertificate } from '../model/certificate.ts';
import { compareRanks, isGenesisPc } from '../model/certificate.ts';
import { asView } from '../model/ids.ts';
import {
  onAdvertisementChecked,
  onSyncBlockValidated,
  onSyncTimeout,
  onSyncTrigger,
  workOnSync,
} from './block-sync/client.ts';
import { continueFetch } from './block-sync/requests.ts';
import { advertise } from './block-sync/server.ts';
import { isKnown } from './block-tree/tree.ts';
import { applyKeptPcs, learnCertificate, recordVerdicts } from './certificates.ts';
import type { Effect } from './effect.ts';
import { tryNudge } from './hotstuff/nudge.ts';
import { formIfQuorum, muteBadVoters, onFormTimer, takeFormed } from './hotstuff/phase-vote.ts';
import { onProposalValidated, tryProposal } from './hotstuff/proposal.ts';
import { broadcastCertificate, onBlockProduced, proposeIfReady } from './hotstuff/propose.ts';
import { mayVote } from './hotstuff/vote.ts';
import { takeView } from './inbox.ts';
import type { Input, TimerId } from './input.ts';
import { InvariantViolation, invariant } from './invariant.ts';
import { emit, emptyOutput, finishStep } from './output.ts';
import { formTimeoutIfQuorum, onRelayTimer, onViewDeadline } from './pacemaker/timeouts.ts';
import { type Continuation, resume } from './pending.ts';
import { dispatch, handle, receive } from './receive.ts';
import { recover } from './start.ts';
import { assertStarted, type Core } from './state.ts';
import { subjectKey } from './votes/collector.ts';
import { withdrawUnwanted } from './withdraw.ts';

export { type Core, coreStatus, createCore } from './state.ts';

/**
 * The sole entry of the protocol: what happened in, what is to be done out. Synchronous and deterministic: equal
 * cores and inputs give equal effects. A broken invariant gives `halt` alone, and nothing ever after (R23).
 */
export function step(core: Core, input: Input): readonly Effect[] {
  if (core.halted) return [];
  try {
    core.now = input.now;
    react(core, input);
    settle(core);
    checkInvariants(core);
    return finishStep(core);
  } catch (error) {
    core.halted = true;
    core.out = emptyOutput();
    return [{ type: 'halt', fault: asViolation(error) }];
  }
}

/** Whatever is thrown in here is a bug of ours: a peer's input has no way to throw (R23). */
const asViolation = (error: unknown): InvariantViolation =>
  error instanceof InvariantViolation
    ? error
    : new InvariantViolation(`the core failed: ${String(error)}`, { cause: error });

function react(core: Core, input: Input): void {
  if (input.type !== 'recovered') assertStarted(core);
  switch (input.type) {
    case 'recovered':
      return recover(core, input.disk);
    case 'message-received':
      return receive(core, input);
    case 'timer-fired':
      return onTimer(core, input.timer);
    case 'persisted':
      core.durable = input.ticket > core.durable ? input.ticket : core.durable;
      return;
    case 'signatures-checked':
      return onSignaturesChecked(core, input);
    case 'certificate-formed':
      return onCertificateFormed(core, input);
    case 'block-produced': {
      const continuation = resume(core, input.request, 'produce');
      if (continuation !== null) onBlockProduced(core, continuation.justify, input.block);
      return;
    }
    case 'block-validated': {
      const continuation = resume(core, input.request, 'validate-proposal', 'validate-sync');
      if (continuation?.type === 'validate-sync')
        onSyncBlockValidated(core, continuation.job, input.validity);
      else if (continuation !== null) onProposalValidated(core, continuation, input.validity);
      return;
    }
    default:
      return assertNever(input);
  }
}

function onTimer(core: Core, timer: TimerId): void {
  switch (timer.type) {
    case 'view':
      return onViewDeadline(core, timer.view);
    case 'form-pc':
      return onFormTimer(core, timer.view);
    case 'new-views':
      if (timer.view === core.view) core.proposing.waitOver = true;
      return;
    case 'relay':
      return onRelayTimer(core, timer.view);
    case 'sync-trigger':
      return onSyncTrigger(core);
    case 'advertise':
      return advertise(core);
    case 'fetch':
      return continueFetch(core);
    case 'sync-request':
      return onSyncTimeout(core, timer.request);
    default:
      return assertNever(timer);
  }
}

function onSignaturesChecked(core: Core, input: Extract<Input, { type: 'signatures-checked' }>): void {
  const continuation = resume(core, input.request, 'certificates', 'sync-certificates', 'advertisement');
  switch (continuation?.type) {
    case undefined:
      return;
    case 'certificates':
      recordVerdicts(core, continuation.questions, input.valid);
      for (const waiter of continuation.waiters) handle(core, waiter);
      return;
    case 'sync-certificates':
      recordVerdicts(core, continuation.questions, input.valid);
      continuation.job.waiting = null;
      return workOnSync(core);
    case 'advertisement':
      return onAdvertisementChecked(core, continuation.from, continuation.message, input.valid[0] === 1);
    default:
      return assertNever(continuation);
  }
}

function onCertificateFormed(core: Core, input: Extract<Input, { type: 'certificate-formed' }>): void {
  const continuation = resume(core, input.request, 'form');
  if (continuation === null) return;
  const certificate = certificateFormed(core, continuation, input);
  if (certificate === null) return;
  core.formed.push(certificate);
  emit(
    core,
    certificate.type === 'pc'
      ? { type: 'pc-collected', pc: certificate.pc }
      : { type: 'tc-collected', tc: certificate.tc },
  );
  learnCertificate(core, core.config.me, certificate);
}

/** The certificate that the votes made, if they still are wanted and a quorum; else what came since is tried. */
function certificateFormed(
  core: Core,
  { set, subject }: Extract<Continuation, { type: 'form' }>,
  answer: Extract<Input, { type: 'certificate-formed' }>,
): ProgressCertificate | null {
  const { chainId, view } = subject;
  if (subject.type === 'timeout-vote') {
    const tally = core.collectors.timeouts.get(view);
    if (tally === undefined) return null;
    const signatures = takeFormed(core, tally, set, subject, answer);
    if (signatures !== null) return { type: 'tc', tc: { chainId, view, signatures } };
    formTimeoutIfQuorum(core, view, tally);
    return null;
  }
  const { block, phase } = subject;
  const votes = core.collectors.phases.get(view);
  const key = subjectKey(block, phase);
  const entry = votes?.tallies.get(key);
  if (votes === undefined || entry === undefined) return null;
  muteBadVoters(votes, answer.badSigners);
  const signatures = takeFormed(core, entry.tally, set, subject, answer);
  if (signatures !== null) return { type: 'pc', pc: { chainId, view, block, phase, signatures } };
  formIfQuorum(core, view, key);
  return null;
}

/** More rounds than views can be entered and messages retried within one step; a guard against a loop of our own. */
const MAX_ROUNDS = 10_000;

/**
 * Does what the input made possible until nothing more is: messages buffered for a view that was entered, proposals
 * that waited for a block or certificate, proposing, and the broadcast of certificates formed.
 */
function settle(core: Core): void {
  for (let round = 0; ; round++) {
    invariant(round < MAX_ROUNDS, 'a step settles');
    const { out } = core;
    if (out.entered || out.applied) withdrawUnwanted(core);
    if (out.entered) {
      out.entered = false;
      for (const { from, message } of takeView(core.inbox, core.view)) dispatch(core, from, message);
    } else if (out.inserted || out.applied) {
      const { inserted } = out;
      out.inserted = false;
      out.applied = false;
      if (inserted) applyKeptPcs(core);
      retryWaiting(core, inserted);
    } else {
      proposeIfReady(core);
      if (!out.entered && !out.inserted && !out.applied) break;
    }
  }
  broadcastFormed(core);
  flushCommitted(core);
}

/** A certificate may satisfy a lock clause or decide an update; a block may be the missing parent. */
function retryWaiting(core: Core, inserted: boolean): void {
  const waiting = core.waiting;
  if (waiting.length === 0) return;
  core.waiting = [];
  for (const one of waiting) {
    const { from, message, lacks } = one;
    if (lacks === 'block' && (!inserted || !hasParent(core, one.message))) core.waiting.push(one);
    else if (message.type === 'proposal') tryProposal(core, from, message);
    else tryNudge(core, from, message);
  }
}

const hasParent = (core: Core, message: Core['waiting'][number]['message']): boolean =>
  isKnown(core.tree, message.type === 'proposal' ? message.block.justify.block : message.justify.block);

/** Whoever forms a certificate and does not propose with it at once broadcasts it (section 6, On a phase vote). */
function broadcastFormed(core: Core): void {
  for (const certificate of core.formed) {
    const { proposing } = core;
    const isCarried =
      certificate.type === 'pc' &&
      proposing.justify !== null &&
      proposing.justify === certificate.pc &&
      core.view === certificate.pc.view + 1;
    if (isCarried && (proposing.status === 'done' || !proposing.mayWait)) continue;
    if (certificate.type === 'pc' && core.announced === asView(certificate.pc.view + 1)) continue;
    broadcastCertificate(core, certificate, 'former');
  }
  if (core.formed.length > 0) core.formed = [];
}

/**
 * Somebody waits for committed commands to be durable. A vote flushes them along: one that follows at once, because
 * this replica proposes now and votes for that next, or because the app has the block to vote on already. A flush of
 * their own would come before that vote's and hold it up. Where no vote is to be expected, they get one.
 */
function flushCommitted(core: Core): void {
  const { out, proposing } = core;
  if (!out.committedCommands) return;
  const proposesAtOnce = proposing.status === 'asked' && !proposing.mayWait;
  if (!proposesAtOnce && !isVoteUnderWay(core)) out.flushNow = true;
}

/** Whether the app validates a block of the current view that this replica may vote on. */
function isVoteUnderWay(core: Core): boolean {
  for (const open of core.pending.values()) {
    if (open.type !== 'validate-proposal' || open.message.view !== core.view) continue;
    if (mayVote(core, open.message.block.justify)) return true;
  }
  return false;
}

/** Invariants of SPECIFICATION.md section 10, at the end of every step. */
function checkInvariants(core: Core): void {
  const { tree, lockedPc, highestPc } = core;
  invariant(
    isGenesisPc(lockedPc.pc) || isKnown(tree, lockedPc.pc.block),
    'lockedPc is on the committed branch',
  );
  invariant(
    isGenesisPc(highestPc.pc) || isKnown(tree, highestPc.pc.block),
    'highestPc is on the committed branch',
  );
  invariant(compareRanks(highestPc.rank, lockedPc.rank) >= 0, 'highestPc ranks at or above lockedPc');
}
