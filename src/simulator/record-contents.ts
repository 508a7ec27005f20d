import type { Block } from '../model/block.ts';
import type { GenesisDocument } from '../model/genesis.ts';
import { bytesToHex } from '../model/hex.ts';
import { asHeight, type BlockHash, type ReplicaId } from '../model/ids.ts';
import type { KVSnapshot } from '../ports/kv-store.ts';
import { appViewAt } from '../storage/app-view.ts';
import { recordsOf } from '../storage/apply.ts';
import { genesisBatch } from '../storage/genesis.ts';
import { readCommittedAt, readStateVariable } from '../storage/reads.ts';
import { recover } from '../storage/recovery.ts';
import { createBlockTreeSnapshot } from '../storage/snapshot.ts';
import { readSyncResponse } from '../storage/sync-response.ts';
import type { DiskContents } from './contents.ts';
import { createRevertibleStore } from './store.ts';

/** A disk that holds the records of the real storage: every write is encoded, every start reads and checks them. */
export interface RecordContents extends DiskContents {
  /** The records; valid until the next write. */
  snapshot(): KVSnapshot;
}

export function createRecordContents(genesis: GenesisDocument, replica: ReplicaId): RecordContents {
  const store = createRevertibleStore();
  /** Blocks that are not committed yet: they are proposed and voted on in this life, as objects. */
  const recent = new Map<BlockHash, Block>();
  store.write(genesisBatch(genesis, replica));
  store.settle(1);

  return {
    snapshot: () => store.reader(),
    recovered: () => recover(store.reader()),
    appView: (block) => appViewAt(store.reader(), block),
    block: (hash) => recent.get(hash) ?? createBlockTreeSnapshot(store.reader()).block(hash),
    syncResponse: (ask, limits) => readSyncResponse(store.reader(), ask, limits),
    committedHeight: () => readStateVariable(store.reader()).highestCommitted?.height ?? -1,
    committedHash: (height) => readCommittedAt(store.reader(), asHeight(height))?.hash ?? null,
    stateDigest(height) {
      const committed = readCommittedAt(store.reader(), asHeight(height));
      return committed && bytesToHex(committed.appStateHash);
    },
    appState: (key) => createBlockTreeSnapshot(store.reader()).appState(key),
    write(delta) {
      store.put(recordsOf(store.reader(), delta));
      for (const { block } of delta.inserts) if (!recent.has(block.hash)) recent.set(block.hash, block);
      for (const { hash } of delta.commits) recent.delete(hash);
      for (const { hash } of delta.prunes) recent.delete(hash);
    },
    settle: (count) => store.settle(count),
    crash(survivors) {
      store.crash(survivors);
      recent.clear();
    },
  };
}
