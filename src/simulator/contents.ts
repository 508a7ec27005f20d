import type { TreeDelta } from '../core/block-tree/delta.ts';
import type { Recovered } from '../core/recovered.ts';
import type { Block } from '../model/block.ts';
import type { ChainLimits } from '../model/chain.ts';
import type { BlockHash } from '../model/ids.ts';
import type { BlockSyncResponse } from '../model/messages.ts';
import type { AppView } from '../ports/app.ts';
import type { SyncAsk } from '../storage/sync-response.ts';

/** What can be read of a replica's disk, writes included that are not yet durable. */
export interface DiskReads {
  /** What a replica that starts now reads. */
  recovered(): Recovered;
  /** The state after a block; the zero hash stands for none. Null when there is no such state any more. */
  appView(block: BlockHash): AppView | null;
  /** Stored, committed or not. */
  block(hash: BlockHash): Block | null;
  syncResponse(ask: SyncAsk, limits: ChainLimits): BlockSyncResponse;
  /** Of the highest committed block; -1 while there is none. */
  committedHeight(): number;
  committedHash(height: number): BlockHash | null;
  /** Equal for equal states: of the state after the committed block at a height, null when there is none. */
  stateDigest(height: number): string | null;
  /** A value of the committed app state. */
  appState(key: Uint8Array): Uint8Array | null;
}

/**
 * What a disk with a volatile cache holds: reads see every write at once, a crash takes back those that were not yet
 * durable.
 */
export interface DiskContents extends DiskReads {
  /** Throws `StorageError` when `delta` contradicts what is stored. */
  write(delta: TreeDelta): void;
  /** The oldest `count` volatile writes survive every crash from now on. */
  settle(count: number): void;
  /** A crash: all but the oldest `survivors` volatile writes are undone, and those become durable. */
  crash(survivors: number): void;
}
