import {
  compareRanks,
  isGenesisPc,
  isSameStatement,
  type PhaseCertificate,
  type ProgressCertificate,
  type TimeoutCertificate,
  viewOfProgress,
} from '../model/certificate.ts';
import type { ReplicaId } from '../model/ids.ts';
import { asView, ZERO_HASH } from '../model/ids.ts';
import type { Message, VoteSubject } from '../model/messages.ts';
import type { ValidatorSet } from '../model/validator-set.ts';
import { fetchBlock, triggerSync } from './block-sync/requests.ts';
import { applyCertificate } from './block-tree/apply.ts';
import { acceptability, assignedSet, rankOfKnown } from './block-tree/rules.ts';
import { isKnown } from './block-tree/tree.ts';
import { enterView } from './hotstuff/enter-view.ts';
import { activeSets } from './hotstuff/roles.ts';
import { emit, newRequest, perform, THIS_STEP, write } from './output.ts';
import { isEpochChange } from './pacemaker/epochs.ts';
import {
  type CertificateQuestion,
  MAX_PENDING,
  MAX_PENDING_FOR_STRANGERS,
  remember,
  type Waiter,
} from './pending.ts';
import type { Core } from './state.ts';
import {
  certificateVerdict,
  isSameSignatures,
  pcVerdict,
  recordVerdict,
  signaturesOf,
  subjectOf,
} from './verdicts.ts';

/** The certificate inside a message, to be processed before the message itself (R28); null when it has none. */
export function certificateIn(message: Message): ProgressCertificate | null {
  switch (message.type) {
    case 'proposal':
      return { type: 'pc', pc: message.block.justify };
    case 'nudge':
      return { type: 'pc', pc: message.justify };
    case 'new-view':
    case 'advertise-pc':
      return { type: 'pc', pc: message.highestPc };
    case 'timeout-vote':
      return message.highestTc === null ? null : { type: 'tc', tc: message.highestTc };
    case 'advance-view':
      return message.certificate;
    default:
      return null;
  }
}

/**
 * Whether a genuine `certificate` could teach anything: move the view, rank above the lock, or certify a block that
 * is not known. Verification is the dearest thing that a peer can ask for, so the rest is not verified (R19).
 */
export function isWorthVerifying(core: Core, certificate: ProgressCertificate): boolean {
  if (viewOfProgress(certificate) >= core.view) return true;
  if (certificate.type === 'tc') return certificate.tc.view > (core.highestTc?.view ?? -1);
  const { pc } = certificate;
  if (isGenesisPc(pc)) return false;
  if (!isKnown(core.tree, pc.block)) return pc.view > core.highestPc.pc.view;
  return compareRanks(rankOfKnown(core, pc), core.lockedPc.rank) > 0 || pc.phase === 'decide';
}

/** The sets under which a certificate still has to be verified; none when everything about it is known. */
export function openQuestions(core: Core, certificate: ProgressCertificate): readonly CertificateQuestion[] {
  if (certificate.type === 'pc' && isGenesisPc(certificate.pc)) return [];
  if (!isOurs(core, certificate)) return [];
  const assigned = certificate.type === 'pc' ? assignedSet(core, certificate.pc) : 'retired';
  if (typeof assigned !== 'string' && certificateVerdict(core, assigned, certificate) === true) return [];
  return questionsUnder(core, activeSets(core.sets), certificate);
}

/**
 * The set before the current one, if only its verdict is missing for the sender to be to blame. It is not asked
 * before, so that genuine certificates cost one verification.
 */
export function questionsBeforeBlame(
  core: Core,
  certificate: ProgressCertificate,
): readonly CertificateQuestion[] {
  return isRefusedByActive(core, certificate) ? questionsUnder(core, retiredSets(core), certificate) : [];
}

function questionsUnder(
  core: Core,
  sets: readonly ValidatorSet[],
  certificate: ProgressCertificate,
): readonly CertificateQuestion[] {
  const isOpen = (set: ValidatorSet): boolean => certificateVerdict(core, set, certificate) === undefined;
  const open = sets.filter(isOpen);
  if (open.length === 0) return [];
  const subject = subjectOf(certificate);
  const signatures = signaturesOf(certificate);
  return open.map((set) => ({ set, subject, signatures }));
}

/** Of our chain, and a TC of an epoch-change view (R8). */
function isOurs(core: Core, certificate: ProgressCertificate): boolean {
  const { chainId, epochLength } = core.config.chain;
  if (certificate.type === 'pc') return certificate.pc.chainId === chainId;
  return certificate.tc.chainId === chainId && isEpochChange(certificate.tc.view, epochLength);
}

/** Has the questions answered and `waiter` handled after that; joins an equal question that is already open. */
export function askForVerdicts(
  core: Core,
  questions: readonly CertificateQuestion[],
  waiter: Waiter,
): boolean {
  for (const open of core.pending.values()) {
    if (open.type !== 'certificates' || !questions.every((question) => isAskedIn(open.questions, question)))
      continue;
    open.waiters.push(waiter);
    return true;
  }
  const isAdvertised = waiter.message.type === 'advertise-pc';
  if (core.pending.size >= (isAdvertised ? MAX_PENDING_FOR_STRANGERS : MAX_PENDING)) return false;
  const request = newRequest(core);
  remember(core, request, { type: 'certificates', questions, waiters: [waiter] });
  askVerifier(core, request, questions, isAdvertised ? 'soon' : 'now');
  return true;
}

/** Whether an equal question is among `asked`. */
export const isAskedIn = (
  asked: readonly CertificateQuestion[],
  { set, subject, signatures }: CertificateQuestion,
): boolean =>
  asked.some(
    (other) =>
      other.set === set &&
      other.subject.view === subject.view &&
      isSameSignatures(other.signatures, signatures) &&
      isSameSubject(other.subject, subject),
  );

const isSameSubject = (a: VoteSubject, b: VoteSubject): boolean =>
  a.chainId === b.chainId &&
  a.view === b.view &&
  (a.type === 'phase-vote'
    ? b.type === 'phase-vote' && a.block === b.block && a.phase === b.phase
    : b.type === 'timeout-vote');

export function askVerifier(
  core: Core,
  request: ReturnType<typeof newRequest>,
  questions: readonly CertificateQuestion[],
  priority: 'now' | 'soon' | 'sync',
): void {
  const checks = questions.map(({ set, subject, signatures }) => ({
    type: 'certificate' as const,
    set,
    subject,
    signatures,
  }));
  perform(core, { type: 'check-signatures', request, checks, priority });
}

export function recordVerdicts(
  core: Core,
  questions: readonly CertificateQuestion[],
  valid: Uint8Array,
): void {
  for (let at = 0; at < questions.length; at++) {
    const { set, subject, signatures } = questions[at] as CertificateQuestion;
    recordVerdict(core, set, subject, signatures, valid[at] === 1);
  }
}

/** Whether a quorum of an active set signed: what counts for leaving views, applicable or not (section 7). */
export function isSignedByActiveSet(core: Core, certificate: ProgressCertificate): boolean {
  if (!isOurs(core, certificate)) return false;
  return activeSets(core.sets).some((set) => certificateVerdict(core, set, certificate) === true);
}

/**
 * Whether the certificate had a fair hearing and failed: its sender is to blame for it. Not so when the place of its
 * block makes it unacceptable, whoever signed it, or when the set before the current one signed it: a replica that lags
 * behind an update, or entered its view by that certificate, shows what the old set signed.
 */
export function isBlameworthy(core: Core, certificate: ProgressCertificate): boolean {
  if (certificate.type === 'tc' || isGenesisPc(certificate.pc)) return false;
  if (certificate.pc.chainId !== core.config.chain.chainId) return true;
  return (
    isRefusedByActive(core, certificate) &&
    retiredSets(core).every((set) => certificateVerdict(core, set, certificate) === false)
  );
}

/** Whether the sets whose members are heard all refuse it, though the place of its block is known. */
function isRefusedByActive(core: Core, certificate: ProgressCertificate): boolean {
  if (certificate.type === 'tc' || isGenesisPc(certificate.pc)) return false;
  const { pc } = certificate;
  if (!core.tree.blocks.has(pc.block) || assignedSetOrNull(core, pc) === null) return false;
  const isRefused = activeSets(core.sets).every(
    (set) => certificateVerdict(core, set, certificate) === false,
  );
  return isRefused && !hasPendingUpdate(core);
}

/** The set before the current one, once it is retired: others may have entered their view by a quorum of it. */
const retiredSets = (core: Core): readonly ValidatorSet[] =>
  hasRetiredSet(core) ? [core.sets.previous] : [];

export const hasRetiredSet = ({ sets }: Core): boolean => sets.decided && sets.previous !== sets.committed;

function hasPendingUpdate(core: Core): boolean {
  for (const [hash, block] of core.tree.blocks) {
    if (hash !== core.tree.root && block.validatorSetUpdates !== null) return true;
  }
  return false;
}

/**
 * Whether `certificate` is highestPc, byte for byte, and of a view that was left: it was applied when it became that,
 * so processing it again changes nothing, and its sender is to blame for nothing. Most NewViews of a view show it.
 */
export function isLearned(core: Core, certificate: ProgressCertificate): boolean {
  if (certificate.type === 'tc' || certificate.pc.view >= core.view) return false;
  const { pc } = core.highestPc;
  return isSameStatement(pc, certificate.pc) && isSameSignatures(pc.signatures, certificate.pc.signatures);
}

/** Processes a certificate whose verdicts are known (R28): applies, keeps or fetches, then leaves views with it. */
export function learnCertificate(core: Core, from: ReplicaId, certificate: ProgressCertificate): void {
  if (!isOurs(core, certificate)) return;
  const moves = isSignedByActiveSet(core, certificate);
  if (certificate.type === 'pc') learnPc(core, from, certificate.pc);
  else if (moves) learnTc(core, certificate.tc);
  else if (certificate.tc.view >= core.view) triggerSync(core, from);
  if (!moves && !isSignedByActiveSet(core, certificate)) return;
  const view = viewOfProgress(certificate);
  if (view >= core.view) enterView(core, asView(view + 1), 'certificate', certificate, from);
}

function learnTc(core: Core, tc: TimeoutCertificate): void {
  if (core.highestTc !== null && tc.view <= core.highestTc.view) return;
  core.highestTc = tc;
  write(core, 'highestTc', tc);
  emit(core, { type: 'highest-tc-updated', tc }, THIS_STEP);
}

/** Applies `pc`, or keeps it until its block is known (R15), or has what it needs brought here. */
function learnPc(core: Core, from: ReplicaId, pc: PhaseCertificate): void {
  if (isGenesisPc(pc) || pc.chainId !== core.config.chain.chainId || pc.block === ZERO_HASH) return;
  if (acceptability(core, pc) === 'acceptable') {
    applyCertificate(core, pc);
    return;
  }
  const set = assignedSet(core, pc);
  if (set === 'commit-pc-missing') triggerSync(core, from);
  if (typeof set === 'string' || isKnown(core.tree, pc.block)) return;
  if (pcVerdict(core, set, pc) === true) {
    keepPc(core, from, pc);
    fetchBlock(core, pc, from);
  } else if (pc.view > core.highestPc.pc.view) {
    triggerSync(core, from);
  }
}

/**
 * Fetches the missing block of a waiting message's certificate, if a quorum vouches for it: a claim alone must not take
 * the place of a fetch that is needed, since only one runs at a time (R15).
 */
export function fetchIfCertified(core: Core, pc: PhaseCertificate, from: ReplicaId): void {
  const set = assignedSetOrNull(core, pc);
  if (set !== null && pcVerdict(core, set, pc) === true) fetchBlock(core, pc, from);
}

/** Certificates formed here of blocks that are not known yet: more than one view's worth is never needed. */
const KEPT_FORMED = 4;

/** Keeps one certificate of an unknown block per sender, that of the highest view (R15). */
function keepPc(core: Core, from: ReplicaId, pc: PhaseCertificate): void {
  const isMine = from === core.config.me;
  const slot = isMine ? `formed ${pc.view % KEPT_FORMED}` : from;
  const kept = core.kept.get(slot);
  if (kept !== undefined && kept.pc.view >= pc.view) return;
  if (!isMine && kept === undefined && core.kept.size >= MAX_KEPT) return;
  core.kept.set(slot, { from: isMine ? null : from, pc });
  write(core, 'keptPcs', [...core.kept.values()]);
}

/** One per peer that is heard; listeners' advertisements fill no more than this. */
const MAX_KEPT = 8_192;

/**
 * Applies what was kept of blocks that are known now (R15): the kept certificates, which are then forgotten, as are
 * those that can no longer apply; and the entry certificate, which stays.
 */
export function applyKeptPcs(core: Core): void {
  if (core.kept.size > 0) applyEachKept(core);
  const entry = core.entryCertificate;
  if (entry?.type !== 'pc' || entry.pc.view <= core.highestPc.pc.view) return;
  if (isKnown(core.tree, entry.pc.block)) applyKept(core, core.config.me, entry.pc);
}

function applyEachKept(core: Core): void {
  const floor = core.tree.blocks.get(core.tree.root)?.header.justify.view ?? -1;
  let changed = false;
  for (const [slot, { from, pc }] of core.kept) {
    const isLate = pc.view <= floor;
    if (!isLate && !isKnown(core.tree, pc.block)) continue;
    core.kept.delete(slot);
    changed = true;
    if (!isLate) applyKept(core, from ?? core.config.me, pc);
  }
  if (changed) write(core, 'keptPcs', [...core.kept.values()]);
}

function applyKept(core: Core, from: ReplicaId, pc: PhaseCertificate): void {
  const state = acceptability(core, pc);
  if (state === 'acceptable') applyCertificate(core, pc);
  if (state === 'unverified') verifyKept(core, from, pc);
}

/** The block's place assigns another set than the one that it was verified under while unknown (R15). */
function verifyKept(core: Core, from: ReplicaId, pc: PhaseCertificate): void {
  const certificate = { type: 'pc', pc } as const;
  askForVerdicts(core, openQuestions(core, certificate), {
    from,
    message: { type: 'advance-view', certificate },
    bytes: 0,
  });
}

/** The set that a block's place assigns, for the sync client, which knows that it may have to wait. */
export const assignedSetOrNull = (core: Core, pc: PhaseCertificate): ValidatorSet | null => {
  const set = assignedSet(core, pc);
  return typeof set === 'string' ? null : set;
};
