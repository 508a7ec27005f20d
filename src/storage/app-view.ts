import { StorageError } from '../model/errors.ts';
import { type BlockHash, type Height, ZERO_HASH } from '../model/ids.ts';
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
  const appStateHash = tip?.appStateHash ?? readIdentityVariable(snapshot).genesisAppStateHash;
  return new BranchView(snapshot, state, branch, {
    block,
    height: tip?.header.height ?? null,
    appStateHash,
  });
}

/** Reads what it is asked for, and that once. */
class BranchView implements AppView {
  readonly block: BlockHash;
  readonly height: Height | null;
  readonly appStateHash: Uint8Array;
  readonly #snapshot: KVSnapshot;
  readonly #state: StateRecord;
  readonly #branch: readonly StoredBlock[];
  #pending: readonly PendingUpdates[] | null = null;
  #validatorSet: ValidatorSet | null = null;

  constructor(
    snapshot: KVSnapshot,
    state: StateRecord,
    branch: readonly StoredBlock[],
    { block, height, appStateHash }: Pick<AppView, 'block' | 'height' | 'appStateHash'>,
  ) {
    this.block = block;
    this.height = height;
    this.appStateHash = appStateHash;
    this.#snapshot = snapshot;
    this.#state = state;
    this.#branch = branch;
  }

  get validatorSet(): ValidatorSet {
    this.#validatorSet ??= validatorSetAfter(this.#snapshot, this.#state, this.#branch);
    return this.#validatorSet;
  }

  /** The newest block that says something about `key` says what it is. */
  get(key: Uint8Array): Uint8Array | null {
    this.#pending ??= this.#branch.flatMap((block) => readPendingUpdates(this.#snapshot, block) ?? []);
    for (const updates of this.#pending) {
      const value = updates.get(key);
      if (value !== undefined) return value;
    }
    return readRecord(this.#snapshot, appStateKey(key));
  }
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
