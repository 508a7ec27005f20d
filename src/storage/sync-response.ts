import { dataSize, headerSize } from '../codec/block.ts';
import type { Block, BlockHeader, Datum } from '../model/block.ts';
import type { PhaseCertificate } from '../model/certificate.ts';
import type { ChainLimits } from '../model/chain.ts';
import { asHeight, type BlockHash, type Height } from '../model/ids.ts';
import type { BlockSyncResponse } from '../model/messages.ts';
import type { SchemeName } from '../model/scheme.ts';
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

/** A block that can be served. */
export interface ServableBlock {
  readonly header: BlockHeader;
  readonly data: () => readonly Datum[];
  /** Of a committed block that updates the validator set: the certificate that committed it. */
  readonly commitPc: () => PhaseCertificate | null;
}

/** Where served blocks come from. */
export interface BlockSource {
  readonly scheme: SchemeName;
  committedAt(height: Height): ServableBlock | null;
  /** Null when it is not stored. */
  find(hash: BlockHash): ServableBlock | null;
}

/**
 * Blocks for a peer, oldest first and without gaps: the committed ones from `startHeight` on, then those of `branch`;
 * within the chain's limits, but one at least (SPECIFICATION.md section 8).
 *
 * Ends early at a committed block that updates the validator set, with its Commit certificate in `highestPc`'s place
 * (R10). So does a response that has room for one block alone, with the next block's justify: the receiver inserts only
 * what is certified (R18), and would get no further with a block that nothing in the response certifies.
 */
export function syncResponse(source: BlockSource, ask: SyncAsk, limits: ChainLimits): BlockSyncResponse {
  const maxBlocks = Math.min(ask.limit, limits.maxSyncBlocks);
  const respond = (blocks: readonly Block[], highestPc: PhaseCertificate): BlockSyncResponse => ({
    type: 'block-sync-response',
    blocks,
    highestPc,
  });

  const blocks: Block[] = [];
  let bytes = 0;
  for (const stored of blocksFrom(source, ask)) {
    const isFull = blocks.length >= maxBlocks;
    const data = isFull ? [] : stored.data();
    bytes += headerSize(source.scheme, stored.header) + dataSize(data);
    if (isFull || (blocks.length > 0 && bytes > limits.maxSyncBytes)) {
      return respond(blocks, blocks.length === 1 ? stored.header.justify : ask.highestPc);
    }
    blocks.push({ ...stored.header, data });
    const commitPc = stored.commitPc();
    if (commitPc !== null) return respond(blocks, commitPc);
  }
  return respond(blocks, ask.highestPc);
}

/** The blocks of the branch from `startHeight` on, as far as they are stored and follow one another. */
function* blocksFrom(source: BlockSource, { startHeight, branch }: SyncAsk): Iterable<ServableBlock> {
  let height: number = startHeight;
  let parent: BlockHash | null = null;
  for (;;) {
    const committed = source.committedAt(asHeight(height));
    if (committed === null) break;
    parent = committed.header.hash;
    height++;
    yield committed;
  }
  for (const hash of branch) {
    const block = source.find(hash);
    if (block === null || block.header.height > height) return;
    if (block.header.height < height) continue;
    if (parent !== null && block.header.justify.block !== parent) return;
    parent = hash;
    height++;
    yield block;
  }
}

/** A response of what is stored. Throws `StorageError` when a record is damaged. */
export function readSyncResponse(snapshot: KVSnapshot, ask: SyncAsk, limits: ChainLimits): BlockSyncResponse {
  const state = readStateVariable(snapshot);
  const { scheme } = state;
  const servable = (stored: StoredBlock): ServableBlock => ({
    header: stored.header,
    data: () => readData(snapshot, stored),
    commitPc: () => readCommitPc(snapshot, scheme, stored),
  });
  const source: BlockSource = {
    scheme,
    committedAt(height) {
      const committed = findCommittedAt(snapshot, state, height);
      return committed && servable(readBlock(snapshot, scheme, { height, hash: committed.hash }));
    },
    find(hash) {
      const block = findBlock(snapshot, scheme, hash);
      return block && servable(block);
    },
  };
  return syncResponse(source, ask, limits);
}
