import { isGenesisPc, type PhaseCertificate } from '../../model/certificate.ts';
import { asHeight, type BlockHash, type Height, type Millis, type ReplicaId } from '../../model/ids.ts';
import { isKnown } from '../block-tree/tree.ts';
import { NO_WAIT } from '../effect.ts';
import { activeSets, activeValidators, isActiveValidator } from '../hotstuff/roles.ts';
import { emit, newRequest, send, setTimer } from '../output.ts';
import { shuffled } from '../random.ts';
import type { Core } from '../state.ts';
import { signersIn } from '../verdicts.ts';
import type { SyncPeer, SyncRequest } from './state.ts';

/** Peers remembered as servers and askers: every validator of the largest set and as many listeners again. */
const MAX_PEERS = 8_192;

/**
 * What is known of `peer`; made up on first sight. When too many are known, the stranger known for longest is
 * forgotten: keys cost nothing, and whoever comes with thousands shall keep nobody out for ever. Null when there is none.
 */
export function syncPeer(core: Core, peer: ReplicaId): SyncPeer | null {
  const known = core.sync.peers.get(peer);
  if (known !== undefined) return known;
  if (core.sync.peers.size >= MAX_PEERS && !forgetStranger(core)) return null;
  const fresh: SyncPeer = {
    height: -1,
    advertisedAt: Number.NEGATIVE_INFINITY as Millis,
    advertisedPcAt: Number.NEGATIVE_INFINITY as Millis,
    blacklistedUntil: Number.NEGATIVE_INFINITY as Millis,
    blacklistedFor: 'silence',
    asked: 0,
    askedSince: Number.NEGATIVE_INFINITY as Millis,
  };
  core.sync.peers.set(peer, fresh);
  return fresh;
}

function forgetStranger(core: Core): boolean {
  for (const peer of core.sync.peers.keys()) {
    if (!isActiveValidator(core.sets, peer)) return core.sync.peers.delete(peer);
  }
  return false;
}

const isBlacklisted = (core: Core, peer: ReplicaId): boolean =>
  (core.sync.peers.get(peer)?.blacklistedUntil ?? Number.NEGATIVE_INFINITY) > core.now;

/** Avoids `peer` as a server: one that sent what it should not have for longer than one that sent nothing. */
export function blacklist(core: Core, peer: ReplicaId, why: SyncPeer['blacklistedFor']): void {
  const known = syncPeer(core, peer);
  if (known === null) return;
  const { blacklistMs, syncRequestTimeoutMs } = core.config.settings;
  const until = (core.now + (why === 'fault' ? blacklistMs : syncRequestTimeoutMs)) as Millis;
  if (why === 'fault' || !isBlacklisted(core, peer)) known.blacklistedFor = why;
  if (until > known.blacklistedUntil) known.blacklistedUntil = until;
  emit(core, { type: 'peer-blacklisted', peer, untilMs: known.blacklistedUntil });
}

/** Asks `peer` for blocks; false when it is myself, blacklisted, or has an open request already (one per peer). */
export function askForBlocks(core: Core, peer: ReplicaId, startHeight?: Height): boolean {
  if (peer === core.config.me || core.sync.requests.has(peer) || isBlacklisted(core, peer)) return false;
  request(core, peer, startHeight);
  return true;
}

/**
 * Asks the first of `peers` that may be asked. Being blacklisted is a preference, not a verdict: when all others have
 * an open request, those are asked whose silence is all that is known against them, and when nobody has one, even the
 * rest: the one whose entry ends first. After that, requests are repeated. A replica that lost its connections for a
 * while, and with them its requests, could not catch up otherwise for as long as these run.
 */
function askFirstOf(core: Core, peers: readonly ReplicaId[]): ReplicaId | null {
  for (const peer of peers) if (askForBlocks(core, peer)) return peer;
  const { requests, peers: known } = core.sync;
  const mayBeAsked = (peer: ReplicaId): boolean =>
    peer !== core.config.me &&
    !requests.has(peer) &&
    (requests.size === 0 || known.get(peer)?.blacklistedFor === 'silence');
  const entryOf = (peer: ReplicaId): number => known.get(peer)?.blacklistedUntil ?? 0;
  const [first] = peers.filter(mayBeAsked).toSorted((a, b) => entryOf(a) - entryOf(b));
  if (first === undefined) return repeatRequest(core, peers);
  request(core, first);
  return first;
}

/** After so many viewTimes without an answer a request is repeated, once more after twice as many: it may be lost. */
const PATIENCE = 3;

/** Repeats, as it was, the open request to one of `peers` that is due for longest. */
function repeatRequest(core: Core, peers: readonly ReplicaId[]): ReplicaId | null {
  const due = peers
    .flatMap((peer) => core.sync.requests.get(peer) ?? [])
    .filter(({ repeatAt }) => repeatAt <= core.now)
    .toSorted((a, b) => a.repeatAt - b.repeatAt);
  const [open] = due;
  if (open === undefined) return null;
  open.patienceMs *= 2;
  open.repeatAt = (core.now + open.patienceMs) as Millis;
  sendRequest(core, open);
  return open.to;
}

function request(core: Core, peer: ReplicaId, startHeight?: Height): void {
  const { settings } = core.config;
  const open: SyncRequest = {
    request: newRequest(core),
    to: peer,
    startHeight: startHeight ?? asHeight(core.tree.rootHeight + 1),
    limit: settings.syncRequestLimit,
    patienceMs: PATIENCE * settings.viewTimeMs,
    repeatAt: (core.now + PATIENCE * settings.viewTimeMs) as Millis,
  };
  core.sync.requests.set(peer, open);
  setTimer(core, { type: 'sync-request', request: open.request }, settings.syncRequestTimeoutMs);
  sendRequest(core, open);
  emit(core, { type: 'sync-started', from: peer, startHeight: open.startHeight });
}

function sendRequest(core: Core, { to, startHeight, limit }: SyncRequest): void {
  const { chainId } = core.config.chain;
  send(core, [to], { type: 'block-sync-request', chainId, startHeight, limit }, NO_WAIT);
}

/**
 * Has the block of `target`, a certificate signed by a quorum, brought here: asks `from`, then the certificate's
 * signers in random order, the next one whenever viewTime / 4 has passed without it. One fetch at a time; a
 * certificate of a higher view replaces its target. Only above highestPc (SPECIFICATION.md sections 6 and 11).
 */
export function fetchBlock(core: Core, target: PhaseCertificate, from: ReplicaId): void {
  if (isGenesisPc(target) || isKnown(core.tree, target.block) || target.view <= core.highestPc.pc.view)
    return;
  const running = core.sync.fetch;
  if (running !== null && running.target.view >= target.view) return;
  const candidates = shuffled(core, signersOf(core, target)).filter(
    (id) => id !== from && id !== core.config.me,
  );
  core.sync.fetch = { target, candidates: from === core.config.me ? candidates : [from, ...candidates] };
  continueFetch(core);
}

/** Asks the next candidate of the running fetch, if it is still wanted. */
export function continueFetch(core: Core): void {
  const running = core.sync.fetch;
  if (running === null) return;
  if (isKnown(core.tree, running.target.block) || running.target.view <= core.highestPc.pc.view) {
    core.sync.fetch = null;
    return;
  }
  const asked = askFirstOf(core, running.candidates);
  running.candidates.splice(
    0,
    asked === null ? running.candidates.length : running.candidates.indexOf(asked) + 1,
  );
  setTimer(core, { type: 'fetch' }, core.config.settings.viewTimeMs / 4);
  // All were asked: go round again, since requests end and blocks may have reached those asked first.
  if (running.candidates.length === 0)
    running.candidates.push(...shuffled(core, signersOf(core, running.target)));
}

/** Members of the active sets whose bit is set; all active validators when no set has the certificate's shape. */
function signersOf(core: Core, { signatures }: PhaseCertificate): readonly ReplicaId[] {
  for (const set of activeSets(core.sets)) {
    if (signatures.bitmap.length !== (set.validators.length + 7) >> 3) continue;
    const ids = signersIn(signatures.bitmap).flatMap((index) => set.validators[index]?.id ?? []);
    if (ids.length > 0) return ids;
  }
  return activeValidators(core.sets);
}

/**
 * Starts a sync because something cannot be judged with what is known here (a certificate that no known set signed,
 * a Decide certificate whose Commit certificate was missed): asks `from`, at most once per viewTime / 4.
 */
export function triggerSync(core: Core, from: ReplicaId): void {
  if (core.now - core.sync.triggeredAt < core.config.settings.viewTimeMs / 4) return;
  core.sync.triggeredAt = core.now;
  if (!askForBlocks(core, from)) askRandomServer(core);
}

/** Asks a random server among those that advertised at least our height; any active validator when none did. */
export function askRandomServer(core: Core): void {
  const advertised: ReplicaId[] = [];
  for (const [peer, { height }] of core.sync.peers) {
    if (height >= Math.max(core.tree.rootHeight, 0)) advertised.push(peer);
  }
  const servers = advertised.length > 0 ? advertised : activeValidators(core.sets);
  askFirstOf(core, shuffled(core, servers));
}

/** Whether a block is what a running fetch or a kept certificate waits for. */
export function isWanted(core: Core, hash: BlockHash): boolean {
  if (core.sync.fetch?.target.block === hash) return true;
  return certificateKeptOf(core, hash) !== null;
}

/** A verified certificate of an unknown block: one that was kept, or the one that opened the current view (R15). */
export function certificateKeptOf(core: Core, hash: BlockHash): PhaseCertificate | null {
  for (const { pc } of core.kept.values()) if (pc.block === hash) return pc;
  const entry = core.entryCertificate;
  return entry?.type === 'pc' && entry.pc.block === hash ? entry.pc : null;
}
