import type { CommittedBlock, InsertedBlock, TreeDelta } from '../core/block-tree/delta.ts';
import { headerOf } from '../model/block.ts';
import { StorageError } from '../model/errors.ts';
import { asHeight, ZERO_HASH } from '../model/ids.ts';
import type { SchemeName } from '../model/scheme.ts';
import type { WriteBatch } from '../ports/kv-store.ts';
import { encodeUpdates, pendingUpdates } from './app-state.ts';
import { type BatchInProgress, beginBatch, type WrittenRecord, writeBatchOf } from './batch.ts';
import { readIdentityVariable } from './genesis.ts';
import {
  findBlock,
  heightOf,
  readBlock,
  readCommittedAt,
  readPendingUpdates,
  readStateVariable,
} from './reads.ts';
import {
  type BlockId,
  encodeCommitted,
  encodeData,
  encodeEntry,
  encodeHeight,
  encodeHighestTc,
  encodeKeptPcs,
  encodePc,
  encodeRankedPc,
  encodeState,
  encodeStoredBlock,
  flagsOf,
  type GuardedVariable,
  type StateRecord,
  type StoredBlock,
} from './records.ts';
import {
  appStateKey,
  blockAtHeightKey,
  blockKey,
  checksumOf,
  heightOfKey,
  payloadOf,
  type Records,
  recordOf,
  variableKey,
} from './schema.ts';
import { encodeValidatorSets, encodeValidatorSetUpdates } from './validator-records.ts';

type Draft<Type> = { -readonly [Field in keyof Type]: Type[Field] };

/** The work on one batch; `state`, a copy, is written when all else is. */
interface Work {
  readonly batch: BatchInProgress;
  readonly scheme: SchemeName;
  readonly state: Draft<Omit<StateRecord, 'checksums'>> & {
    readonly checksums: Draft<StateRecord['checksums']>;
  };
  /** Whether `state` is another than what is stored. */
  changed: boolean;
}

/**
 * The physical writes that `deltas`, in order, make on the state that `reader` shows: one atomic batch. Pure and
 * synchronous. A delta that changes nothing makes an empty batch.
 *
 * `reader` must show everything that was asked to be written before, what is under way included: of two batches
 * computed on one state, the second would undo part of the first.
 *
 * Inserting a known block changes nothing (R16). Throws `StorageError` when a record that is read is damaged, and when
 * a delta contradicts what is stored, which only a bug can make it do: a parent that is missing, a block on top of
 * another than the highest committed one or its descendants (R2), a commit that skips or repeats a height or leaves
 * the committed branch, an update of the validator set without its certificate, a prune of a committed block.
 */
export function batchOf(reader: Records, deltas: TreeDelta | readonly TreeDelta[]): WriteBatch {
  return writeBatchOf([recordsOf(reader, deltas)]);
}

/** The same batch for stores that keep records in memory, with what reads.ts would make of them where it is known. */
export function recordsOf(
  reader: Records,
  deltas: TreeDelta | readonly TreeDelta[],
): Map<string, WrittenRecord> {
  const batch = beginBatch(reader);
  const before = readStateVariable(reader);
  const state = copyOfState(before);
  const work: Work = { batch, scheme: before.scheme, state, changed: false };
  for (const delta of isList(deltas) ? deltas : [deltas]) applyDelta(work, delta);
  if (work.changed) {
    const key = variableKey('state');
    batch.set(key, encodeState(key, state), state);
  }
  return batch.written;
}

/** Field by field: a spread of either costs as much as encoding both. */
const copyOfState = ({
  scheme,
  highestCommitted,
  newestBlock,
  lastVote,
  proposeUpTo,
  checksums: { validatorSets, lockedPc, highestPc, highestTc, entry, keptPcs },
}: StateRecord): Draft<StateRecord> & Work['state'] => ({
  scheme,
  highestCommitted,
  newestBlock,
  lastVote,
  proposeUpTo,
  checksums: { validatorSets, lockedPc, highestPc, highestTc, entry, keptPcs },
});

const isList = (deltas: TreeDelta | readonly TreeDelta[]): deltas is readonly TreeDelta[] =>
  Array.isArray(deltas);

const contradiction = (what: string): StorageError => new StorageError(`refused to write: ${what}`);

function applyDelta(work: Work, delta: TreeDelta): void {
  for (const inserted of delta.inserts) insertBlock(work, inserted);
  for (const committed of delta.commits) commitBlock(work, committed);
  for (const pruned of delta.prunes) pruneBlock(work, pruned);
  writeVariables(work, delta);
}

function insertBlock(work: Work, { block, effects, updatesBefore }: InsertedBlock): void {
  const { batch, scheme } = work;
  const { hash, height } = block;
  if (heightOf(batch, hash) !== null) return;
  const updates = encodeUpdates(appStateHashOfParent(work, block), effects.appStateUpdates);
  const { hasCommands, hasData, changesAppState, updatesValidators } = flagsOf(block.data, effects);
  const stored: StoredBlock = {
    header: headerOf(block),
    hasCommands,
    hasData,
    changesAppState,
    updatesValidators,
    updatesBefore,
    appStateHash: updates.hash,
  };
  const headerKey = blockKey('headers', height, hash);
  batch.set(headerKey, encodeStoredBlock(headerKey, scheme, stored), stored);
  const heightKey = heightOfKey(hash);
  batch.set(heightKey, encodeHeight(heightKey, height), height);
  if (hasData) {
    const key = blockKey('data', height, hash);
    batch.set(key, encodeData(key, block.data));
  }
  if (changesAppState) {
    const key = blockKey('appStateUpdates', height, hash);
    const record = updates.record(key);
    batch.set(key, record, pendingUpdates(payloadOf(record)));
  }
  if (effects.validatorSetUpdates !== null) {
    const key = blockKey('validatorSetUpdates', height, hash);
    batch.set(key, encodeValidatorSetUpdates(key, effects.validatorSetUpdates));
  }
  work.state.newestBlock = { height, hash };
  work.changed = true;
}

/** The hash of the state that a new block changes; checks that the block has its place in the tree. */
function appStateHashOfParent({ batch, scheme, state }: Work, block: InsertedBlock['block']): Uint8Array {
  const { hash, height, justify } = block;
  const committedHeight = state.highestCommitted?.height ?? -1;
  if (height <= committedHeight) {
    throw contradiction(
      `block ${hash} of height ${height} is new, but height ${committedHeight} is committed`,
    );
  }
  const parent = findBlock(batch, scheme, justify.block);
  if (parent === null && justify.block !== ZERO_HASH) {
    throw contradiction(`the parent ${justify.block} of block ${hash} is not stored`);
  }
  const parentHeight = parent?.header.height ?? -1;
  if (height !== parentHeight + 1) {
    throw contradiction(`block ${hash} has height ${height}, its parent ${parentHeight}`);
  }
  // A parent at the committed height must be the committed block; siblings of it are pruned.
  return parent?.appStateHash ?? readIdentityVariable(batch).genesisAppStateHash;
}

function commitBlock(work: Work, { hash, height, commitPc }: CommittedBlock): void {
  const { batch, scheme, state } = work;
  const block = readBlock(batch, scheme, { height, hash });
  checkCommit(block, commitPc !== null, state.highestCommitted);
  const { appStateHash } = block;
  const atHeight = blockAtHeightKey(height);
  const record = { hash, appStateHash };
  batch.set(atHeight, encodeCommitted(atHeight, record), record);
  applyAppStateUpdates(batch, block);
  if (commitPc !== null) {
    const key = blockKey('commitPcs', height, hash);
    batch.set(key, encodePc(key, scheme, commitPc));
  }
  state.highestCommitted = { height, hash };
  work.changed = true;
}

function checkCommit(
  { header: { hash, height, justify }, updatesValidators }: StoredBlock,
  hasCommitPc: boolean,
  top: BlockId | null,
): void {
  const next = top === null ? 0 : top.height + 1;
  if (height !== next)
    throw contradiction(`block ${hash} of height ${height} commits where height ${next} is next`);
  if (justify.block !== (top?.hash ?? ZERO_HASH)) {
    throw contradiction(
      `block ${hash} of height ${height} commits, but its parent ${justify.block} is not committed`,
    );
  }
  if (updatesValidators !== hasCommitPc) {
    const fault = updatesValidators
      ? 'without its Commit certificate'
      : 'with a Commit certificate, which it has not';
    throw contradiction(`block ${hash} of height ${height} commits ${fault} (R10)`);
  }
}

function applyAppStateUpdates(batch: BatchInProgress, block: StoredBlock): void {
  const updates = readPendingUpdates(batch, block);
  if (updates === null) return;
  updates.forEach((key, value) => {
    const stored = appStateKey(key);
    if (value === null) batch.delete(stored);
    else batch.set(stored, recordOf(stored, value));
  });
  batch.delete(blockKey('appStateUpdates', block.header.height, block.header.hash));
}

function pruneBlock(work: Work, { hash, height }: BlockId): void {
  const { batch, scheme, state } = work;
  if (readCommittedAt(batch, asHeight(height))?.hash === hash) {
    throw contradiction(`block ${hash} of height ${height} is committed and cannot be pruned`);
  }
  const block = readBlock(batch, scheme, { height, hash });
  batch.delete(blockKey('headers', height, hash));
  batch.delete(heightOfKey(hash));
  if (block.hasData) batch.delete(blockKey('data', height, hash));
  if (block.changesAppState) batch.delete(blockKey('appStateUpdates', height, hash));
  if (block.updatesValidators) batch.delete(blockKey('validatorSetUpdates', height, hash));
  if (state.newestBlock?.hash !== hash) return;
  state.newestBlock = state.highestCommitted;
  work.changed = true;
}

function writeVariables(work: Work, delta: TreeDelta): void {
  const { scheme, state } = work;
  const { validatorSets, lockedPc, highestPc, highestTc, entry, keptPcs, lastVote, proposeUpTo } = delta;
  const guarded = (name: GuardedVariable, encode: (key: Uint8Array) => Uint8Array): void => {
    const key = variableKey(name);
    const value = encode(key);
    work.batch.set(key, value);
    state.checksums[name] = checksumOf(value);
    work.changed = true;
  };
  if (validatorSets) guarded('validatorSets', (key) => encodeValidatorSets(key, validatorSets));
  if (lockedPc) guarded('lockedPc', (key) => encodeRankedPc(key, scheme, lockedPc));
  if (highestPc) guarded('highestPc', (key) => encodeRankedPc(key, scheme, highestPc));
  if (highestTc) guarded('highestTc', (key) => encodeHighestTc(key, scheme, highestTc));
  if (entry) guarded('entry', (key) => encodeEntry(key, scheme, entry));
  if (keptPcs) guarded('keptPcs', (key) => encodeKeptPcs(key, scheme, keptPcs));
  if (lastVote) state.lastVote = lastVote;
  if (proposeUpTo !== undefined) state.proposeUpTo = proposeUpTo;
  if (lastVote || proposeUpTo !== undefined) work.changed = true;
}
