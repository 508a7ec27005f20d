import { setImmediate as nextTurn } from 'node:timers/promises';
import { merkleRoot } from '../codec/data-hash.ts';
import type { Datum } from '../model/block.ts';
import { bytesToHex } from '../model/hex.ts';
import { asHeight, type BlockHash, ZERO_HASH } from '../model/ids.ts';
import type { KVSnapshot, KVStore } from '../ports/kv-store.ts';
import { checkCommittedBlock, readHead, type StoredHead } from '../storage/check.ts';
import { scrub } from '../storage/scrub.ts';

/** How long a turn of the event loop is worked; one block, or a few records, may be large and take longer. */
const TURN_MS = 2;

/** Records between two looks at the clock. */
const RECORDS_AT_A_TIME = 8;

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
  const count = committed === null ? 0 : committed.height + 1;
  const at = { records: 0, blocks: 0 };
  let after: Uint8Array | null = null;
  const checkRecords = (snapshot: KVSnapshot): boolean => {
    const { next, records } = scrub(snapshot, after, RECORDS_AT_A_TIME);
    at.records += records;
    after = next;
    return next !== null;
  };
  let parent: BlockHash = ZERO_HASH;
  const checkNextBlock = (snapshot: KVSnapshot): boolean => {
    if (at.blocks < count)
      parent = checkCommittedBlock(snapshot, chain, asHeight(at.blocks++), parent, dataHash);
    return at.blocks < count;
  };
  for (const work of [checkRecords, checkNextBlock]) {
    while (inOneTurn(store, work)) {
      onProgress?.({ ...at });
      await nextTurn();
    }
  }
  onProgress?.({ ...at });
  const { records } = at;
  return { chain, records, committed, appStateHash };
}

const libraryHash = (data: readonly Datum[]): string => bytesToHex(merkleRoot(data));

/** Works with one snapshot until the turn's time is over; whether something is left. */
function inOneTurn(store: Pick<KVStore, 'snapshot'>, work: (snapshot: KVSnapshot) => boolean): boolean {
  const endMs = performance.now() + TURN_MS;
  return reading(store, (snapshot) => {
    while (work(snapshot)) if (performance.now() >= endMs) return true;
    return false;
  });
}

function reading<T>(store: Pick<KVStore, 'snapshot'>, read: (snapshot: KVSnapshot) => T): T {
  const snapshot = store.snapshot();
  try {
    return read(snapshot);
  } finally {
    snapshot.close();
  }
}
