import { StorageError } from '../model/errors.ts';
import { type BlockHash, ZERO_HASH } from '../model/ids.ts';
import { updatedValidatorSet, type ValidatorSet } from '../model/validator-set.ts';
import type { AppView } from '../ports/app.ts';
import type { KVSnapshot } from '../ports/kv-store.ts';
import type { PendingUpdates } from './app-state.ts';
import { readIdentityVariable } from './genesis.ts';
import { findBlock, readPendingUpdates, readSets, readStateVariable, readValidatorUpdates } from './reads.ts';
import type { StateRecord, StoredBlock } from './records.ts';
import { appStateKey, readRecord } from './schema.ts';

/**
 * The app's state after `block`: that of the highest committed block, under the pending updates of the branch from
 * there to `block`. The zero hash stands for the state before any block.
 *
 * Null when there is no such state any more: the block is unknown (pruned, perhaps) or below the highest committed
 * one. The view reads `snapshot` and lives as long; values that it gives are views, not to be changed. Throws
 * `StorageError`, as do the view's reads, when a record is damaged.
 */
export function appViewAt(snapshot: KVSnapshot, block: BlockHash): AppView | null {
  const state = readStateVariable(snapshot);
  const branch = branchTo(snapshot, state, block);
  if (branch === null) return null;
  const tip = branch[0] ?? findBlock(snapshot, state.scheme, block);
  const pending = branch.map((each) => once(() => readPendingUpdates(snapshot, each)));
  const validatorSet = once(() => validatorSetAfter(snapshot, state, branch));
  return {
    block,
    height: tip?.header.height ?? null,
    appStateHash: tip?.appStateHash ?? readIdentityVariable(snapshot).genesisAppStateHash,
    get validatorSet() {
      return validatorSet();
    },
    get: (key) => stateValue(snapshot, pending, key),
  };
}

/** Newest first; empty when `block` is the highest committed one, null when it does not descend from it. */
function branchTo(
  snapshot: KVSnapshot,
  { scheme, highestCommitted }: StateRecord,
  block: BlockHash,
): readonly StoredBlock[] | null {
  const root = highestCommitted?.hash ?? ZERO_HASH;
  const rootHeight = highestCommitted?.height ?? -1;
  const branch: StoredBlock[] = [];
  for (let at = block; at !== root; ) {
    const stored = findBlock(snapshot, scheme, at);
    if (stored === null || stored.header.height <= rootHeight) return null;
    branch.push(stored);
    at = stored.header.justify.block;
  }
  return branch;
}

/** The newest block that says something about `key` says what it is. */
function stateValue(
  snapshot: KVSnapshot,
  pending: readonly (() => PendingUpdates | null)[],
  key: Uint8Array,
): Uint8Array | null {
  for (const updates of pending) {
    const value = updates()?.get(key);
    if (value !== undefined) return value;
  }
  return readRecord(snapshot, appStateKey(key));
}

function validatorSetAfter(
  snapshot: KVSnapshot,
  state: StateRecord,
  branch: readonly StoredBlock[],
): ValidatorSet {
  let set = readSets(snapshot, state).committed;
  for (const block of branch.toReversed()) {
    const updates = readValidatorUpdates(snapshot, block);
    if (updates === null) continue;
    const next = updatedValidatorSet(set, updates);
    if (typeof next === 'string') {
      throw new StorageError(`the update of block ${block.header.hash} makes no validator set: ${next}`);
    }
    set = next;
  }
  return set;
}

/** Calls `read` when the value is first asked for. */
function once<T>(read: () => T): () => T {
  let value: { readonly of: T } | null = null;
  return () => {
    value ??= { of: read() };
    return value.of;
  };
}
