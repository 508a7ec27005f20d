import type { Block } from '../model/block.ts';
import { bytesToHex } from '../model/hex.ts';
import { asHeight, type BlockHash, type Height } from '../model/ids.ts';
import type { KVSnapshot } from '../ports/kv-store.ts';
import { readCommittedAt, readStateVariable } from '../storage/reads.ts';
import { createBlockTreeSnapshot } from '../storage/snapshot.ts';

// What the simulator reads of a replica's disk, beside what its shell does as every shell does.

/** Of the state after the committed block at `height`, as hex; null when there is none. */
export function readAppStateHash(store: KVSnapshot, height: Height): string | null {
  const hash = readCommittedAt(store, height)?.appStateHash;
  return hash === undefined ? null : bytesToHex(hash);
}

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
