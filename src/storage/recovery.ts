import { blockHash } from '../codec/block.ts';
import type { Recovered, RecoveredBlock } from '../core/recovered.ts';
import type { BlockHeader } from '../model/block.ts';
import { compareRanks, isGenesisPc, type RankedPc, rankOf } from '../model/certificate.ts';
import { StorageError } from '../model/errors.ts';
import { asHeight, type BlockHash, ZERO_HASH } from '../model/ids.ts';
import type { SchemeName } from '../model/scheme.ts';
import type { ValidatorSets } from '../model/validator-set.ts';
import type { KVSnapshot } from '../ports/kv-store.ts';
import { readChain } from './genesis.ts';
import {
  findBlock,
  heightOf,
  isCommitted,
  readBlock,
  readCommitPc,
  readCommittedAt,
  readHighestPc,
  readKept,
  readLockedPc,
  readSets,
  readStateVariable,
  readTc,
  readViewEntry,
  recoveredBlock,
} from './reads.ts';
import type { StateRecord } from './records.ts';
import { blockOfHeaderKey, headerRange } from './schema.ts';

/**
 * Reads the persistent state that the core starts from (SPECIFICATION.md section 5).
 *
 * Trusts nothing that can be checked: every record's checksum, that each variable is the one written last, block
 * hashes, that the uncommitted blocks hang together on top of the highest committed one with the heights and counts of
 * updates that follow, that lockedPc and highestPc are of blocks on the committed branch, with the ranks that follow
 * (R1, R2). Throws `StorageError`, which says what is wrong, when anything is not as it must be: a replica must not
 * vote on what may be less than it knew (R6).
 */
export function recover(snapshot: KVSnapshot): Recovered {
  if (readChain(snapshot) === null) throw new StorageError('the store is empty: it was never initialised');
  const state = readStateVariable(snapshot);
  const validatorSets = readSets(snapshot, state);
  const highestCommitted = recoverHighestCommitted(snapshot, state);
  const uncommitted = recoverUncommitted(snapshot, state, highestCommitted);
  const lockedPc = readLockedPc(snapshot, state);
  const highestPc = readHighestPc(snapshot, state);
  const known = new Map(
    [...uncommitted, ...listOf(highestCommitted)].map((block) => [block.header.hash, block]),
  );
  checkRank(snapshot, state, known, 'lockedPc', lockedPc);
  checkRank(snapshot, state, known, 'highestPc', highestPc);
  if (compareRanks(highestPc.rank, lockedPc.rank) < 0) throw damagedState('highestPc ranks below lockedPc');
  return {
    validatorSets,
    latestUpdate: recoverLatestUpdate(snapshot, state, validatorSets),
    highestCommitted,
    uncommitted,
    lockedPc,
    highestPc,
    highestTc: readTc(snapshot, state),
    entry: readViewEntry(snapshot, state),
    keptPcs: readKept(snapshot, state),
    lastVote: state.lastVote,
    proposeUpTo: state.proposeUpTo,
  };
}

const listOf = <T>(value: T | null): readonly T[] => (value === null ? [] : [value]);

const damagedState = (what: string): StorageError => new StorageError(`the store is damaged: ${what}`);

function recoverHighestCommitted(snapshot: KVSnapshot, state: StateRecord): RecoveredBlock | null {
  const top = state.highestCommitted;
  const next = asHeight(top === null ? 0 : top.height + 1);
  if (readCommittedAt(snapshot, next) !== null) {
    throw damagedState(`a block is committed at height ${next}, above the highest committed one`);
  }
  if (top === null) return null;
  if (readCommittedAt(snapshot, top.height)?.hash !== top.hash) {
    throw damagedState(`the highest committed block ${top.hash} is not the one at its height ${top.height}`);
  }
  const block = recoveredBlock(snapshot, readBlock(snapshot, state.scheme, top));
  checkHash(snapshot, state.scheme, block.header);
  return block;
}

/** That the block can be found by its hash, and that this is its hash. */
function checkHash(
  snapshot: KVSnapshot,
  scheme: SchemeName,
  { height, hash, justify, dataHash }: BlockHeader,
): void {
  if (heightOf(snapshot, hash) !== height) {
    throw damagedState(`the height of block ${hash} is not the one, ${height}, that it is stored at`);
  }
  if (blockHash(scheme, height, justify, dataHash) !== hash) {
    throw damagedState(`the header of block ${hash} at height ${height} does not have that hash`);
  }
}

/** All blocks above the committed height, in ascending order: pruning leaves none but descendants of the highest one. */
function recoverUncommitted(
  snapshot: KVSnapshot,
  { scheme, highestCommitted }: StateRecord,
  root: RecoveredBlock | null,
): readonly RecoveredBlock[] {
  const from = asHeight(highestCommitted === null ? 0 : highestCommitted.height + 1);
  const ids = Array.from(snapshot.range(headerRange(from)), ([key]) => blockOfHeaderKey(key));
  const known = new Map<BlockHash, RecoveredBlock>(root === null ? [] : [[root.header.hash, root]]);
  return ids.map((id) => {
    const block = recoveredBlock(snapshot, readBlock(snapshot, scheme, id));
    checkHash(snapshot, scheme, block.header);
    checkPlace(block, known.get(block.header.justify.block) ?? null, root);
    known.set(id.hash, block);
    return block;
  });
}

function checkPlace(block: RecoveredBlock, parent: RecoveredBlock | null, root: RecoveredBlock | null): void {
  const { hash, height, justify } = block.header;
  if (parent === null && !(root === null && justify.block === ZERO_HASH)) {
    throw damagedState(`block ${hash} at height ${height} is not on the committed branch`);
  }
  if (height !== (parent === null ? 0 : parent.header.height + 1)) {
    throw damagedState(`block ${hash} at height ${height} is not one above its parent`);
  }
  const updatesBefore =
    parent === null ? 0 : parent.updatesBefore + (parent.validatorSetUpdates === null ? 0 : 1);
  if (block.updatesBefore !== updatesBefore) {
    throw damagedState(
      `block ${hash} counts ${block.updatesBefore} updates before it, its parent ${updatesBefore}`,
    );
  }
}

/** The certificate's block may be committed long ago: then it is at its height. */
function checkRank(
  snapshot: KVSnapshot,
  { scheme }: StateRecord,
  known: ReadonlyMap<BlockHash, RecoveredBlock>,
  name: string,
  { pc, rank }: RankedPc,
): void {
  const block = known.get(pc.block) ?? committedBlock(snapshot, scheme, pc.block);
  if (block === null && !isGenesisPc(pc)) {
    throw damagedState(`${name} is of block ${pc.block}, which is not on the committed branch`);
  }
  if (compareRanks(rank, rankOf(pc, block?.updatesBefore ?? 0)) !== 0) {
    throw damagedState(`${name} is stored with a rank that is not its own`);
  }
}

function committedBlock(
  snapshot: KVSnapshot,
  scheme: SchemeName,
  hash: BlockHash,
): { readonly updatesBefore: number } | null {
  const block = findBlock(snapshot, scheme, hash);
  if (block === null) return null;
  return isCommitted(snapshot, block) ? block : null;
}

function recoverLatestUpdate(
  snapshot: KVSnapshot,
  { scheme }: StateRecord,
  { updateHeight }: ValidatorSets,
): Recovered['latestUpdate'] {
  if (updateHeight === null) return null;
  const hash = readCommittedAt(snapshot, updateHeight)?.hash;
  if (hash === undefined)
    throw damagedState(`the latest update's block at height ${updateHeight} is missing`);
  const block = readBlock(snapshot, scheme, { height: updateHeight, hash });
  const commitPc = readCommitPc(snapshot, scheme, block);
  if (commitPc === null)
    throw damagedState(`block ${hash} at height ${updateHeight} is not the latest update's`);
  return { block: recoveredBlock(snapshot, block), commitPc };
}
