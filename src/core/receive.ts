import { assertNever } from '../model/assert.ts';
import type { RejectionCode } from '../model/events.ts';
import { asView, type ReplicaId, type View } from '../model/ids.ts';
import type { Message } from '../model/messages.ts';
import { onAdvertiseBlock, onAdvertisePc, onBlockSyncResponse } from './block-sync/client.ts';
import { syncPeer } from './block-sync/requests.ts';
import { isTooSoon, onBlockSyncRequest } from './block-sync/server.ts';
import {
  askForVerdicts,
  certificateIn,
  hasRetiredSet,
  isBlameworthy,
  isLearned,
  isWorthVerifying,
  learnCertificate,
  openQuestions,
  questionsBeforeBlame,
} from './certificates.ts';
import { onNewView } from './hotstuff/new-view.ts';
import { onNudge } from './hotstuff/nudge.ts';
import { onPhaseVote } from './hotstuff/phase-vote.ts';
import { onProposal } from './hotstuff/proposal.ts';
import { isActiveValidator } from './hotstuff/roles.ts';
import { reject } from './hotstuff/slot.ts';
import { buffer, INBOX_EPOCHS } from './inbox.ts';
import { emit } from './output.ts';
import { noteView } from './pacemaker/astray.ts';
import { onTimeoutVote } from './pacemaker/timeouts.ts';
import type { CertificateQuestion, Waiter } from './pending.ts';
import type { Budget, Core } from './state.ts';

/**
 * What one peer may send in a view, and in each view time of one that lasts longer (R19). AdvanceViews: as former,
 * relay, before a re-proposal and in answer. Proposals count for views that come by while signatures are being checked.
 */
const BUDGET: Budget = { proposals: 16, newViews: 16, advanceViews: 4, timeoutVotes: 16 };

/**
 * A message from an authenticated peer: bounds first, signatures last (R19), certificates before the message that
 * carries them (R28).
 */
export function receive(core: Core, waiter: Waiter): void {
  const { from, message } = waiter;
  if (isFromOtherChain(core, message)) return reject(core, from, message, 'wrong-chain'); // R5
  if (needsActiveSender(message) && !isActiveValidator(core.sets, from)) {
    return reject(core, from, message, 'not-a-validator'); // R1, R19
  }
  if (from !== core.config.me && !spendBudget(core, from, message))
    return reject(core, from, message, 'quota-exceeded');
  const questions = questionsOf(core, message);
  if (questions.length === 0) return handle(core, waiter);
  if (core.muted.has(from)) return reject(core, from, message, 'muted');
  if (!askForVerdicts(core, questions, waiter)) reject(core, from, message, 'overloaded');
}

/**
 * Why `receive` would reject a message of `type` from `from` whatever it says; null when that depends. For whoever
 * has to read a message first: that may take longer than all else that is done about it, and any peer may send blocks.
 */
export function refusalUnread(core: Core, from: ReplicaId, type: Message['type']): RejectionCode | null {
  if (needsActiveSender({ type }) && !isActiveValidator(core.sets, from)) return 'not-a-validator';
  if (type === 'block-sync-response' && !core.sync.requests.has(from)) return 'unsolicited';
  const kind = budgetKind({ type });
  const spent = kind === null ? undefined : core.budgets.get(from)?.[kind];
  return kind !== null && spent !== undefined && spent >= BUDGET[kind] ? 'quota-exceeded' : null;
}

/** What has to be verified before `message` is handled; nothing when all is known or could teach nothing. */
export const questionsOf = (core: Core, message: Message): readonly CertificateQuestion[] =>
  questionsAbout(core, message, openQuestions);

/** What has to be verified besides before the sender of `message` is muted for what failed. */
export const questionsBeforeMuting = (core: Core, message: Message): readonly CertificateQuestion[] =>
  hasRetiredSet(core) ? questionsAbout(core, message, questionsBeforeBlame) : NO_QUESTIONS;

const NO_QUESTIONS: readonly CertificateQuestion[] = [];

function questionsAbout(
  core: Core,
  message: Message,
  questionsOn: typeof openQuestions,
): readonly CertificateQuestion[] {
  const certificate = certificateIn(message);
  if (certificate === null) return NO_QUESTIONS;
  const mustVerify = (message.type === 'proposal' || message.type === 'nudge') && message.view >= core.view;
  if (!mustVerify && !isWorthVerifying(core, certificate)) return NO_QUESTIONS;
  return questionsOn(core, certificate);
}

function isFromOtherChain(core: Core, message: Message): boolean {
  if (!('chainId' in message)) return false;
  return message.chainId !== core.config.chain.chainId;
}

/** HotStuff and Pacemaker messages; sync is for everybody, since its content certifies itself. */
function needsActiveSender({ type }: Pick<Message, 'type'>): boolean {
  switch (type) {
    case 'advertise-block':
    case 'advertise-pc':
    case 'block-sync-request':
    case 'block-sync-response':
      return false;
    default:
      return true;
  }
}

function spendBudget(core: Core, from: ReplicaId, message: Message): boolean {
  if (message.type === 'advertise-pc') return spendAdvertisement(core, from);
  const kind = budgetKind(message);
  if (kind === null) return true;
  const spent = core.budgets.get(from) ?? { proposals: 0, newViews: 0, advanceViews: 0, timeoutVotes: 0 };
  core.budgets.set(from, spent);
  spent[kind] += 1;
  return spent[kind] <= BUDGET[kind];
}

function spendAdvertisement(core: Core, from: ReplicaId): boolean {
  const peer = syncPeer(core, from);
  if (peer === null || isTooSoon(core, peer.advertisedPcAt)) return false;
  peer.advertisedPcAt = core.now;
  return true;
}

function budgetKind({ type }: Pick<Message, 'type'>): keyof Budget | null {
  switch (type) {
    case 'proposal':
    case 'nudge':
      return 'proposals';
    case 'new-view':
      return 'newViews';
    case 'advance-view':
      return 'advanceViews';
    case 'timeout-vote':
      return 'timeoutVotes';
    default:
      return null;
  }
}

/** A message whose certificates have their verdicts: learns from them, then handles, buffers or drops it. */
export function handle(core: Core, waiter: Waiter): void {
  const { from, message, bytes } = waiter;
  const beforeMuting = core.muted.has(from) ? [] : questionsBeforeMuting(core, message);
  if (beforeMuting.length > 0 && askForVerdicts(core, beforeMuting, waiter)) return;
  const certificate = certificateIn(message);
  if (certificate !== null && !isLearned(core, certificate)) {
    if (isBlameworthy(core, certificate)) core.muted.add(from);
    learnCertificate(core, from, certificate);
  }
  if (needsActiveSender(message) && !isActiveValidator(core.sets, from)) return;
  noteView(core, from, message);
  const view = viewToHandleIn(message);
  if (view === null || view <= core.view) return dispatch(core, from, message);
  const { epochLength } = core.config.chain;
  if (view > core.view + INBOX_EPOCHS * epochLength) return reject(core, from, message, 'too-far-ahead');
  if (!buffer(core.inbox, { from, view, message, bytes })) reject(core, from, message, 'quota-exceeded');
}

function viewToHandleIn(message: Message): View | null {
  switch (message.type) {
    case 'proposal':
    case 'nudge':
    case 'phase-vote':
    case 'timeout-vote':
      return message.view;
    case 'new-view':
      return asView(message.view + 1);
    default:
      return null;
  }
}

/** Hands a message of the current view, or of none, to its handler. */
export function dispatch(core: Core, from: ReplicaId, message: Message): void {
  switch (message.type) {
    case 'proposal':
      return onProposal(core, from, message);
    case 'nudge':
      return onNudge(core, from, message);
    case 'phase-vote':
      return onPhaseVote(core, from, message);
    case 'new-view':
      return onNewView(core, from, message);
    case 'timeout-vote':
      return onTimeoutVote(core, from, message);
    case 'advance-view': {
      const { certificate } = message;
      const view = certificate.type === 'pc' ? certificate.pc.view : certificate.tc.view;
      return emit(core, { type: 'advance-view-received', from, view });
    }
    case 'advertise-block':
      return onAdvertiseBlock(core, from, message);
    case 'advertise-pc':
      return onAdvertisePc(core, from, message);
    case 'block-sync-request':
      return onBlockSyncRequest(core, from, message);
    case 'block-sync-response':
      return onBlockSyncResponse(core, from, message);
    default:
      return assertNever(message);
  }
}
