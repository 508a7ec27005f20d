import { setImmediate as nextTurn } from 'node:timers/promises';
import { merkleRoot } from '../codec/data-hash.ts';
import type { Datum } from '../model/block.ts';
import { bytesToHex } from '../model/hex.ts';
import { asHeight, type BlockHash, ZERO_HASH } from '../model/ids.ts';
import type { KVSnapshot, KVStore } from '../ports/kv-store.ts';
import { checkCommittedBlock, readHead, type StoredHead } from '../storage/check.ts';
import { scrub } from '../storage/scrub.ts';

/** What is looked at in one turn of the event loop. */
const RECORDS_PER_TURN = 256;
const BLOCKS_PER_TURN = 8;

export interface CheckStorageOptions {
  /** The app's own data hash, if it has one; by default the library's Merkle root. */
  readonly dataHash?: (data: readonly Datum[]) => string;
  /** Told after each turn how many records and committed blocks were found in order so far. */
  readonly onProgress?: (progress: { readonly records: number; readonly blocks: number }) => void;
}

/** What a store that is in order holds. */
export interface StorageCheck extends StoredHead {
  readonly records: number;
}

/**
 * Reads all of a store: every record, by its checksum and under its key; and every committed block, whose hash must be
 * that of its header, whose data that of its data hash, and whose parent the block below. Signatures are not verified
 * again, and whether an app state is the right one, no store can tell alone: compare `appStateHash` with other replicas.
 *
 * A replica may be running on the store: the work is done in short turns, each with a snapshot of its own.
 *
 * Throws `StorageError` that names what is damaged or missing, also of a store that was never initialised.
 */
export async function checkStorage(
  store: Pick<KVStore, 'snapshot'>,
  { dataHash = libraryHash, onProgress }: CheckStorageOptions = {},
): Promise<StorageCheck> {
  const { chain, committed, appStateHash } = reading(store, readHead);
  let records = 0;
  let after: Uint8Array | null = null;
  do {
    const scrubbed = reading(store, (snapshot) => scrub(snapshot, after, RECORDS_PER_TURN));
    records += scrubbed.records;
    after = scrubbed.next;
    onProgress?.({ records, blocks: 0 });
    await nextTurn();
  } while (after !== null);
  const count = committed === null ? 0 : committed.height + 1;
  let parent: BlockHash = ZERO_HASH;
  for (let from = 0; from < count; from += BLOCKS_PER_TURN) {
    const end = Math.min(from + BLOCKS_PER_TURN, count);
    parent = reading(store, (snapshot) => {
      let below = parent;
      for (let at = from; at < end; at++)
        below = checkCommittedBlock(snapshot, chain, asHeight(at), below, dataHash);
      return below;
    });
    onProgress?.({ records, blocks: end });
    await nextTurn();
  }
  return { chain, records, committed, appStateHash };
}

const libraryHash = (data: readonly Datum[]): string => bytesToHex(merkleRoot(data));

function reading<T>(store: Pick<KVStore, 'snapshot'>, read: (snapshot: KVSnapshot) => T): T {
  const snapshot = store.snapshot();
  try {
    return read(snapshot);
  } finally {
    snapshot.close();
  }
}
