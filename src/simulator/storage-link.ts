import type { Block } from '../model/block.ts';
import { asHeight, type BlockHash, type Height } from '../model/ids.ts';
import type { KVSnapshot } from '../ports/kv-store.ts';
import { readCommittedAt, readStateVariable } from '../storage/reads.ts';
import { createBlockTreeSnapshot } from '../storage/snapshot.ts';

// What the simulator reads of a replica's disk, beside what its shell does as every shell does.

/** Of the state after the committed block at `height`; null when there is none. */
export const readAppStateHash = (store: KVSnapshot, height: Height): Uint8Array | null =>
  readCommittedAt(store, height)?.appStateHash ?? null;

/** Height of the highest committed block; -1 while there is none. */
export const readCommittedHeight = (store: KVSnapshot): number =>
  readStateVariable(store).highestCommitted?.height ?? -1;

export const readCommittedHash = (store: KVSnapshot, height: number): BlockHash | null =>
  readCommittedAt(store, asHeight(height))?.hash ?? null;

/** A value of the committed app state. */
export const readAppState = (store: KVSnapshot, key: Uint8Array): Uint8Array | null =>
  createBlockTreeSnapshot(store).appState(key);

/** A stored block, committed or not. */
export const readStoredBlock = (store: KVSnapshot, hash: BlockHash): Block | null =>
  createBlockTreeSnapshot(store).block(hash);
