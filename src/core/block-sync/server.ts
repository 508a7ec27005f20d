import { asHeight, type BlockHash, type Millis, type ReplicaId } from '../../model/ids.ts';
import type { BlockSyncRequest } from '../../model/messages.ts';
import { branchTo, isSameOrAncestor } from '../block-tree/tree.ts';
import { NO_WAIT } from '../effect.ts';
import { activeValidators, isActiveValidator } from '../hotstuff/roles.ts';
import { reject } from '../hotstuff/slot.ts';
import { emit, perform, send, setTimer } from '../output.ts';
import { shuffled } from '../random.ts';
import type { Core } from '../state.ts';
import { syncPeer } from './requests.ts';

/** Answers per peer and viewTime (R18): more than a client with one request at a time and a fetch needs. */
const MAX_ANSWERS = 32;

/**
 * Answers with blocks from `startHeight`: committed ones, then the branch to the newest block if that descends from
 * highestPc's, else to highestPc's (SPECIFICATION.md section 8). Bounds and the early end at a set change (R10) are
 * the shell's, which reads the blocks.
 */
export function onBlockSyncRequest(core: Core, from: ReplicaId, message: BlockSyncRequest): void {
  const peer = syncPeer(core, from);
  if (peer === null) return reject(core, from, message, 'overloaded');
  if (core.now - peer.askedSince >= core.config.settings.viewTimeMs) {
    peer.askedSince = core.now;
    peer.asked = 0;
  }
  peer.asked += 1;
  if (peer.asked > MAX_ANSWERS) return reject(core, from, message, 'quota-exceeded');
  const { startHeight, limit } = message;
  emit(core, { type: 'sync-request-received', from, startHeight, limit });
  const branch = servedBranch(core).filter(({ height }) => height >= startHeight);
  perform(core, {
    type: 'serve-blocks',
    to: from,
    startHeight,
    limit: Math.min(limit, core.config.chain.limits.maxSyncBlocks),
    branch: branch.map(({ hash }) => hash),
    highestPc: core.highestPc.pc,
    after: core.treeTicket,
  });
}

function servedBranch(core: Core): readonly { readonly hash: BlockHash; readonly height: number }[] {
  const { tree, highestPc } = core;
  const certified = highestPc.pc.block;
  const isNewestBeyond = tree.newest !== null && isSameOrAncestor(tree, certified, tree.newest);
  const tip = isNewestBeyond && tree.newest !== null ? tree.newest : certified;
  return branchTo(tree, tip).map(({ header }) => header);
}

/** Random peers that each advertisement goes to; listeners get it besides. */
const ADVERTISED_PEERS = 8;
/** Listeners that each advertisement goes to. */
const ADVERTISED_LISTENERS = 64;

/** Tells some peers how far this replica is, every `advertiseIntervalMs` (SPECIFICATION.md section 8). */
export function advertise(core: Core): void {
  const { me, chain, settings } = core.config;
  setTimer(core, { type: 'advertise' }, settings.advertiseIntervalMs);
  const validators = shuffled(
    core,
    activeValidators(core.sets).filter((id) => id !== me),
  ).slice(0, ADVERTISED_PEERS);
  const strangers = [...core.sync.peers.keys()].filter(
    (id) => id !== me && !isActiveValidator(core.sets, id),
  );
  const to = [...validators, ...shuffled(core, strangers).slice(0, ADVERTISED_LISTENERS)];
  if (core.tree.rootHeight >= 0) {
    const height = asHeight(core.tree.rootHeight);
    send(core, to, { type: 'advertise-block', chainId: chain.chainId, height }, core.treeTicket);
  }
  send(core, to, { type: 'advertise-pc', highestPc: core.highestPc.pc }, NO_WAIT);
}

/** Whether an advertisement of `peer` comes too soon after its last one. */
export function isTooSoon(core: Core, lastAt: Millis): boolean {
  return core.now - lastAt < core.config.settings.advertiseIntervalMs / 4;
}
