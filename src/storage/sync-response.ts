import { dataSize, headerSize } from '../codec/block.ts';
import type { Block } from '../model/block.ts';
import type { PhaseCertificate } from '../model/certificate.ts';
import type { ChainLimits } from '../model/chain.ts';
import { asHeight, type BlockHash, type Height } from '../model/ids.ts';
import type { BlockSyncResponse } from '../model/messages.ts';
import type { KVSnapshot } from '../ports/kv-store.ts';
import { findBlock, findCommittedAt, readBlock, readCommitPc, readData, readStateVariable } from './reads.ts';
import type { StoredBlock } from './records.ts';

/** What the core's effect `serve-blocks` asks for. */
export interface SyncAsk {
  readonly startHeight: Height;
  /** Blocks that the peer wants, at most. */
  readonly limit: number;
  /** Uncommitted blocks, oldest first; they may be committed or pruned by now. */
  readonly branch: readonly BlockHash[];
  readonly highestPc: PhaseCertificate;
}

/**
 * Blocks for a peer, oldest first and without gaps: the committed ones from `startHeight` on, then those of `branch`;
 * within the chain's limits, but one at least (SPECIFICATION.md section 8).
 *
 * Ends early at a committed block that updates the validator set, with its Commit certificate in `highestPc`'s place
 * (R10). So does a response that has room for one block alone, with the next block's justify: the receiver inserts only
 * what is certified (R18), and would get no further with a block that nothing in the response certifies.
 *
 * Throws `StorageError` when a record is damaged.
 */
export function readSyncResponse(snapshot: KVSnapshot, ask: SyncAsk, limits: ChainLimits): BlockSyncResponse {
  const { scheme } = readStateVariable(snapshot);
  const maxBlocks = Math.min(ask.limit, limits.maxSyncBlocks);
  const respond = (blocks: readonly Block[], highestPc: PhaseCertificate): BlockSyncResponse => ({
    type: 'block-sync-response',
    blocks,
    highestPc,
  });

  const blocks: Block[] = [];
  let bytes = 0;
  for (const stored of blocksFrom(snapshot, ask)) {
    const isFull = blocks.length >= maxBlocks;
    const data = isFull ? [] : readData(snapshot, stored);
    bytes += headerSize(scheme, stored.header) + dataSize(data);
    if (isFull || (blocks.length > 0 && bytes > limits.maxSyncBytes)) {
      return respond(blocks, blocks.length === 1 ? stored.header.justify : ask.highestPc);
    }
    blocks.push({ ...stored.header, data });
    const commitPc = readCommitPc(snapshot, scheme, stored);
    if (commitPc !== null) return respond(blocks, commitPc);
  }
  return respond(blocks, ask.highestPc);
}

/** The blocks of the branch from `startHeight` on, as far as they are stored and follow one another. */
function* blocksFrom(snapshot: KVSnapshot, { startHeight, branch }: SyncAsk): Iterable<StoredBlock> {
  const state = readStateVariable(snapshot);
  const { scheme } = state;
  let height: number = startHeight;
  let parent: BlockHash | null = null;
  for (;;) {
    const committed = findCommittedAt(snapshot, state, asHeight(height));
    if (committed === null) break;
    parent = committed.hash;
    yield readBlock(snapshot, scheme, { height: asHeight(height++), hash: committed.hash });
  }
  for (const hash of branch) {
    const block = findBlock(snapshot, scheme, hash);
    if (block === null || block.header.height > height) return;
    if (block.header.height < height) continue;
    if (parent !== null && block.header.justify.block !== parent) return;
    parent = hash;
    height++;
    yield block;
  }
}
