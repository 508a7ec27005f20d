import type { Validity } from '../../model/app.ts';
import { assertNever } from '../../model/assert.ts';
import type { Block } from '../../model/block.ts';
import { isGenesisPc, type PhaseCertificate } from '../../model/certificate.ts';
import { asHeight, type Millis, type ReplicaId } from '../../model/ids.ts';
import type { AdvertiseBlock, AdvertisePc, BlockSyncResponse } from '../../model/messages.ts';
import { applyCertificate } from '../block-tree/apply.ts';
import { areEffectsAcceptable, insertBlock } from '../block-tree/insert.ts';
import { acceptability, assignedSet, heightOn } from '../block-tree/rules.ts';
import { isKnown } from '../block-tree/tree.ts';
import {
  applyKeptPcs,
  askForVerdicts,
  askVerifier,
  assignedSetOrNull,
  isAskedIn,
  isSignedByActiveSet,
  isWorthVerifying,
  learnCertificate,
  openQuestions,
} from '../certificates.ts';
import { reject } from '../hotstuff/slot.ts';
import { emit, newRequest, perform, setTimer } from '../output.ts';
import { MAX_PENDING, MAX_PENDING_FOR_STRANGERS, remember } from '../pending.ts';
import type { Core } from '../state.ts';
import { pcVerdict } from '../verdicts.ts';
import { askForBlocks, askRandomServer, blacklist, continueFetch, syncPeer } from './requests.ts';
import { certifierOf, isInRun, isOfItsHash, runFrom, vouch } from './runs.ts';
import { isTooSoon } from './server.ts';
import type { SyncJob, SyncRequest } from './state.ts';

/** Responses that wait their turn; one is worked through at a time, so that consensus goes on beside it (R18). */
const MAX_JOBS = 4;

/** An advertised height: noted when its signature holds, to choose servers by. */
export function onAdvertiseBlock(core: Core, from: ReplicaId, message: AdvertiseBlock): void {
  if (message.chainId !== core.config.chain.chainId) return reject(core, from, message, 'wrong-chain');
  const peer = syncPeer(core, from);
  if (peer === null || core.pending.size >= MAX_PENDING_FOR_STRANGERS)
    return reject(core, from, message, 'overloaded');
  if (isTooSoon(core, peer.advertisedAt)) return reject(core, from, message, 'quota-exceeded');
  peer.advertisedAt = core.now;
  const request = newRequest(core);
  remember(core, request, { type: 'advertisement', from, message });
  const { chainId, height, signature } = message;
  perform(core, {
    type: 'check-signatures',
    request,
    checks: [
      { type: 'signature', signer: from, subject: { type: 'advertise-block', chainId, height }, signature },
    ],
    priority: 'sync',
  });
}

export function onAdvertisementChecked(
  core: Core,
  from: ReplicaId,
  message: AdvertiseBlock,
  valid: boolean,
): void {
  if (!valid) return reject(core, from, message, 'bad-signature');
  const peer = syncPeer(core, from);
  if (peer !== null) peer.height = Math.max(peer.height, message.height);
}

/** An advertised certificate, processed before (R28): far enough ahead, it starts a sync. */
export function onAdvertisePc(core: Core, from: ReplicaId, message: AdvertisePc): void {
  const pc = message.highestPc;
  syncPeer(core, from);
  if (isGenesisPc(pc) || !isSignedByActiveSet(core, { type: 'pc', pc })) return;
  if (pc.view >= core.highestPc.pc.view + core.config.settings.syncMinViewDifference)
    askForBlocks(core, from);
}

/** Nothing moved for too long: asks somebody who may know more. Listeners do the same (section 8). */
export function onSyncTrigger(core: Core): void {
  const { syncTriggerMs } = core.config.settings;
  const idleFor = core.now - core.sync.movedAt;
  setTimer(core, { type: 'sync-trigger' }, Math.max(syncTriggerMs - idleFor, syncTriggerMs / 8));
  if (idleFor < syncTriggerMs) return;
  core.sync.movedAt = core.now;
  askRandomServer(core);
}

/**
 * A request ran for 10 viewTimes without an answer: over, and its server is not asked for as long again. It may have
 * been cut off without a fault of its own.
 */
export function onSyncTimeout(core: Core, request: SyncRequest['request']): void {
  for (const open of core.sync.requests.values()) {
    if (open.request !== request) continue;
    core.sync.requests.delete(open.to);
    emit(core, { type: 'sync-ended', from: open.to, blocks: 0, outcome: 'timed-out' });
    blacklist(core, open.to, 'silence');
    continueFetch(core);
  }
}

export function onBlockSyncResponse(core: Core, from: ReplicaId, message: BlockSyncResponse): void {
  const request = core.sync.requests.get(from);
  if (request === undefined) return reject(core, from, message, 'unsolicited');
  core.sync.requests.delete(from);
  const { blocks, highestPc } = message;
  const { startHeight, limit } = request;
  if (blocks.length > limit || core.sync.jobs.length >= MAX_JOBS) {
    if (blocks.length > limit) blacklist(core, from, 'fault');
    return reject(core, from, message, 'overloaded');
  }
  const promised = core.sync.peers.get(from)?.height ?? -1;
  if (blocks.length === 0 && promised >= startHeight && promised > core.tree.rootHeight)
    blacklist(core, from, 'fault');
  const job = { from, startHeight, limit, blocks, highestPc, next: 0, inserted: 0 };
  core.sync.jobs.push({ ...job, run: null, waiting: null, verified: false, askedFor: null });
  workOnSync(core);
}

/** Works through the first response until it waits for an answer or is done; then through the next. */
export function workOnSync(core: Core): void {
  for (let job = core.sync.jobs[0]; job !== undefined && job.waiting === null; job = core.sync.jobs[0]) {
    const outcome = workOnJob(core, job);
    if (outcome === 'waiting') return;
    core.sync.jobs.shift();
    endJob(core, job, outcome);
  }
}

function workOnJob(core: Core, job: SyncJob): 'waiting' | 'done' | 'faulty' {
  if (!job.verified) {
    job.verified = true;
    if (askForCertificates(core, job)) return 'waiting';
  }
  for (; job.next < job.blocks.length; job.next++) {
    const block = job.blocks[job.next] as Block;
    if (!isNew(core, block)) continue;
    const verdict = judgeBlock(core, job, block);
    if (verdict !== 'insertable') return actOnJudgement(core, job, block, verdict);
    const request = newRequest(core);
    job.waiting = request;
    remember(core, request, { type: 'validate-sync', job });
    perform(core, { type: 'validate-block', request, ask: { context: 'sync', block } });
    return 'waiting';
  }
  return 'done';
}

function actOnJudgement(
  core: Core,
  job: SyncJob,
  block: Block,
  verdict: Exclude<Judgement, 'insertable'>,
): 'waiting' | 'done' | 'faulty' {
  switch (verdict) {
    case 'unverified':
      return askAgain(core, job, block) ? 'waiting' : 'done';
    case 'uncertified':
      // The newest blocks of an honest server may not be certified yet: they are left to proposals.
      return job.next === job.blocks.length - 1 ? 'done' : 'faulty';
    case 'unrelated':
      return 'done';
    case 'faulty':
      return 'faulty';
    default:
      return assertNever(verdict);
  }
}

/**
 * What a response needs is verified in one go: the certificate of the last block of its run, which vouches for those
 * inside, the one that decides an update, and highestPc.
 */
function askForCertificates(core: Core, job: SyncJob): boolean {
  const first = job.blocks.findIndex((block) => isNew(core, block));
  const pcs = first < 0 ? [] : certificatesOfRun(core, job, first);
  const highest = { type: 'pc', pc: job.highestPc } as const;
  const counts = isWorthVerifying(core, highest) || !isKnown(core.tree, job.highestPc.block);
  return ask(core, job, counts ? [...pcs, job.highestPc] : pcs);
}

const isNew = (core: Core, { height, hash }: Block): boolean =>
  height > core.tree.rootHeight && !core.tree.blocks.has(hash);

/** What has to be verified before the blocks from `first` on can be inserted; none when they do not belong here. */
function certificatesOfRun(core: Core, job: SyncJob, first: number): readonly PhaseCertificate[] {
  const { justify } = job.blocks[first] as Block;
  if (!isKnown(core.tree, justify.block)) return [];
  job.run = runFrom(core, job, first);
  if (job.run === null) return [justify];
  return justify.phase === 'generic' ? [job.run.tip] : [justify, job.run.tip];
}

function ask(core: Core, job: SyncJob, pcs: readonly PhaseCertificate[]): boolean {
  const all = pcs.flatMap((pc) => openQuestions(core, { type: 'pc', pc }));
  const questions = all.filter((question, at) => !isAskedIn(all.slice(0, at), question));
  if (questions.length === 0 || core.pending.size >= MAX_PENDING) return false;
  const request = newRequest(core);
  job.waiting = request;
  remember(core, request, { type: 'sync-certificates', questions, job });
  askVerifier(core, request, questions, 'sync');
  return true;
}

/** The run is over, or the sets have moved since it was looked at: asks once for the run that begins at this block. */
function askAgain(core: Core, job: SyncJob, block: Block): boolean {
  if (job.askedFor === block.hash) return false;
  job.askedFor = block.hash;
  return ask(core, job, certificatesOfRun(core, job, job.next));
}

/** `unrelated`: nothing that follows can be used here now, and nobody is to blame. */
type Judgement = 'insertable' | 'unverified' | 'uncertified' | 'unrelated' | 'faulty';

/** Whether a block may be inserted: well-formed, on an acceptable justify, and certified itself (R18). */
function judgeBlock(core: Core, job: SyncJob, block: Block): Judgement {
  const { justify, height } = block;
  if (!isInRun(job) && !isOfItsHash(core, block)) return 'faulty';
  // A server that has committed less may follow another branch above our root.
  if (!isKnown(core.tree, justify.block)) return 'unrelated';
  if (height !== heightOn(core, justify)) return 'faulty'; // R4
  if (justify.phase !== 'generic' && justify.phase !== 'decide') return 'faulty';
  if (assignedSet(core, justify) === 'commit-pc-missing') return 'unrelated'; // R10
  if (vouch(core, job) === false) return 'faulty';
  const state = acceptability(core, justify);
  if (state !== 'acceptable') return state === 'unverified' ? 'unverified' : 'faulty';
  const certifier = certifierOf(core, job, job.next);
  if (certifier === null) return 'uncertified';
  const set = assignedSetOrNull(core, certifier);
  const valid = set === null ? false : pcVerdict(core, set, certifier);
  if (valid === undefined) return 'unverified';
  return valid ? 'insertable' : 'faulty';
}

/** The app's verdict on the block that the job waits for; the tree may have moved since it was asked. */
export function onSyncBlockValidated(core: Core, job: SyncJob, validity: Validity | null): void {
  job.waiting = null;
  const block = job.blocks[job.next] as Block;
  const isInvalid = validity !== null && (!validity.valid || !areEffectsAcceptable(core, validity));
  if (validity === null || isInvalid) {
    core.sync.jobs.shift();
    // A quorum certified what this app refuses: the app differs here, which is no fault of the server's.
    if (isInvalid)
      reject(core, job.from, { type: 'block-sync-response' }, 'invalid-block', 'of a certified block');
    endJob(core, job, 'done');
    workOnSync(core);
    return;
  }
  if (!core.tree.blocks.has(block.hash) && judgeBlock(core, job, block) === 'insertable' && validity.valid) {
    insertBlock(core, block, validity);
    job.inserted += 1;
    applyCertificate(core, block.justify);
    applyKeptPcs(core);
  }
  workOnSync(core);
}

/** The response's highestPc counts even when no block was new (R14). */
function endJob(core: Core, job: SyncJob, outcome: 'done' | 'faulty'): void {
  const { from, highestPc, inserted } = job;
  const failed = outcome === 'faulty';
  emit(core, {
    type: 'sync-ended',
    from,
    blocks: inserted,
    outcome: failed ? 'failed' : inserted > 0 ? 'progress' : 'nothing-new',
  });
  if (failed) {
    reject(core, from, { type: 'block-sync-response' }, 'uncertified-block');
    blacklist(core, from, 'fault');
    continueFetch(core);
    return;
  }
  const before = core.tree.rootHeight;
  learnResponsePc(core, from, highestPc);
  if (hasMore(core, job, before)) askForBlocks(core, from, nextStart(core, job));
}

function learnResponsePc(core: Core, from: ReplicaId, highestPc: PhaseCertificate): void {
  const certificate = { type: 'pc', pc: highestPc } as const;
  const questions = openQuestions(core, certificate);
  if (questions.length === 0) return learnCertificate(core, from, certificate);
  if (!isWorthVerifying(core, certificate)) return;
  askForVerdicts(core, questions, { from, message: { type: 'advance-view', certificate }, bytes: 0 });
}

/** Whether the same server is likely to hold more: the response was cut off, or it ended at a set change. */
function hasMore(core: Core, job: SyncJob, rootBefore: number): boolean {
  const last = job.blocks.at(-1);
  if (last === undefined) return false;
  const advertised = core.sync.peers.get(job.from)?.height ?? -1;
  const endedAtUpdate = job.highestPc.phase === 'commit';
  const isBehind =
    endedAtUpdate || advertised > core.tree.rootHeight || job.highestPc.view > core.highestPc.pc.view;
  const moved =
    job.inserted > 0 || core.tree.rootHeight > rootBefore || nextStart(core, job) > job.startHeight;
  return moved && (isBehind || !isKnown(core.tree, job.highestPc.block));
}

/** A cut-off response full of blocks known here, none of them committed: go on above them. */
function nextStart(core: Core, job: SyncJob): ReturnType<typeof asHeight> {
  const afterRoot = core.tree.rootHeight + 1;
  const last = job.blocks.at(-1);
  const isStuck = last !== undefined && afterRoot <= job.startHeight && core.tree.blocks.has(last.hash);
  return asHeight(isStuck ? last.height + 1 : afterRoot);
}

/** Nothing is known to be older than this; exported for the start. */
export function startSync(core: Core): void {
  core.sync.movedAt = core.now as Millis;
  setTimer(core, { type: 'sync-trigger' }, core.config.settings.syncTriggerMs);
}
