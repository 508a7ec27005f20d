import type { BlockHash, Height } from '../model/ids.ts';

/** What executing a block told: all that is needed when it commits. */
export interface ExecutedBlock {
  readonly height: Height;
  /** Keys of the commands that take effect in it. */
  readonly keys: readonly string[];
  /** Results of those that were submitted at this node. */
  readonly results: ReadonlyMap<string, Uint8Array>;
}

/**
 * Executed blocks that are not committed yet. The core holds fewer at a time; more come only from leaders that make
 * block after block which nobody inserts.
 */
const MAX_EXECUTED_BLOCKS = 4_096;

/** Blocks whose proposals are under way; events lag behind by a flush, a handful of views. */
const MAX_PRODUCED_BLOCKS = 256;

export interface BlockLedger {
  record(hash: BlockHash, block: ExecutedBlock): void;
  /** A block of this node's own, whose hash is known once it is proposed in `view`. */
  recordProduced(view: number, block: ExecutedBlock): void;
  proposed(view: number, hash: BlockHash): void;
  /**
   * Takes out the committed block, undefined when it is not known (executed before the last start), and all others up
   * to its height, which will never commit.
   */
  commit(
    hash: BlockHash,
    height: Height,
  ): { readonly committed?: ExecutedBlock; readonly pruned: ExecutedBlock[] };
}

export function createBlockLedger(): BlockLedger {
  const blocks = new Map<BlockHash, ExecutedBlock>();
  /** By view; those of a tenure come one after the other, before the first is known to have been proposed. */
  const produced = new Map<number, ExecutedBlock>();

  function record(hash: BlockHash, block: ExecutedBlock): void {
    blocks.set(hash, block);
    if (blocks.size > MAX_EXECUTED_BLOCKS) blocks.delete(blocks.keys().next().value as BlockHash);
  }
  return {
    record,
    recordProduced(view, block) {
      produced.set(view, block);
      if (produced.size > MAX_PRODUCED_BLOCKS) produced.delete(produced.keys().next().value as number);
    },
    proposed(view, hash) {
      const block = produced.get(view);
      if (block === undefined) return;
      produced.delete(view);
      record(hash, block);
    },
    commit(hash, height) {
      const committed = blocks.get(hash);
      const pruned: ExecutedBlock[] = [];
      for (const [other, block] of blocks) {
        if (block.height > height) continue;
        blocks.delete(other);
        if (other !== hash) pruned.push(block);
      }
      return committed === undefined ? { pruned } : { committed, pruned };
    },
  };
}
