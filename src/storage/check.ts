import { hasRightHash } from '../codec/block.ts';
import type { Datum } from '../model/block.ts';
import { StorageError } from '../model/errors.ts';
import { bytesToHex } from '../model/hex.ts';
import type { BlockHash, Height } from '../model/ids.ts';
import type { KVSnapshot } from '../ports/kv-store.ts';
import { readChain, type StoredChain } from './genesis.ts';
import { heightOf, readBlock, readCommittedAt, readData, readStateVariable } from './reads.ts';
import { blockAtHeightKey, blockKey, damaged } from './schema.ts';

/** The chain of a store and how far it is committed. */
export interface StoredHead {
  readonly chain: StoredChain;
  /** The highest committed block; null before the first. */
  readonly committed: { readonly height: Height; readonly hash: BlockHash } | null;
  /** The app-state hash after it, 32 bytes in hex. */
  readonly appStateHash: string;
}

/** Throws `StorageError` when the store was never initialised, or its end is damaged. */
export function readHead(snapshot: KVSnapshot): StoredHead {
  const chain = readChain(snapshot);
  if (chain === null) throw new StorageError('the store is empty: it was never initialised');
  const { highestCommitted: committed } = readStateVariable(snapshot);
  if (committed === null) return { chain, committed, appStateHash: bytesToHex(chain.genesisAppStateHash) };
  const record = readCommittedAt(snapshot, committed.height);
  if (record === null || record.hash !== committed.hash)
    throw damaged(blockAtHeightKey(committed.height), 'it is not the highest committed block');
  return { chain, committed, appStateHash: bytesToHex(record.appStateHash) };
}

/**
 * Checks the committed block at `height`: its hash, its data, and that it is on the block with hash `parent`; returns
 * its hash. Throws `StorageError` that says what is wrong.
 */
export function checkCommittedBlock(
  snapshot: KVSnapshot,
  { chain: { scheme } }: StoredChain,
  height: Height,
  parent: BlockHash,
  dataHash: (data: readonly Datum[]) => string,
): BlockHash {
  const committed = readCommittedAt(snapshot, height);
  if (committed === null) throw damaged(blockAtHeightKey(height), 'it is missing');
  const { hash } = committed;
  const key = blockKey('headers', height, hash);
  if (heightOf(snapshot, hash) !== height) throw damaged(key, 'it is not found by its hash');
  const block = readBlock(snapshot, scheme, { height, hash });
  const { header } = block;
  const data = readData(snapshot, block);
  if (!hasRightHash(scheme, { ...header, data })) throw damaged(key, 'its hash is not that of its header');
  if (bytesToHex(block.appStateHash) !== bytesToHex(committed.appStateHash))
    throw damaged(key, 'its app-state hash is another at its height');
  if (header.justify.block !== parent) throw damaged(key, 'its parent is not the committed block below');
  if (dataHash(data) !== header.dataHash)
    throw damaged(blockKey('data', height, hash), 'it does not have the hash that the block names');
  return hash;
}
