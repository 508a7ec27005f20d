import { type Database, open, type RootDatabase } from 'lmdb';
import { StorageError } from '../../model/errors.ts';
import type { WriteBatch } from '../../ports/kv-store.ts';

/** One LMDB environment: `root` holds the count of transactions, `entries` everything else. */
export interface Environment {
  readonly root: RootDatabase<Uint8Array, Uint8Array>;
  readonly entries: Database<Uint8Array, Uint8Array>;
}

const COUNT_KEY = new Uint8Array([1]);

/**
 * Snapshots that can be open at once, each of another state. LMDB's own 126 are few: a host that holds one for every
 * slow client would keep the replica from reading. A slot takes 64 bytes, and time only once it has been used.
 */
const MAX_SNAPSHOTS = 4_096;

/** How long to wait for what failed after lmdb said that something did; it says both in the same turn. */
const CAUSE_WAIT_MS = 1_000;

/**
 * Settings that durability rests on: `overlappingSync` off, so that a commit ends with its flush, and no `noSync` of
 * any kind. `eventTurnBatching` off: transactions are made of whole groups, here, and by nobody else.
 */
export function openEnvironment(path: string, mapSize?: number): Environment {
  const binary = { keyEncoding: 'binary', encoding: 'binary' } as const;
  const settings = {
    ...binary,
    path,
    noSubdir: false,
    maxDbs: 1,
    maxReaders: MAX_SNAPSHOTS,
    permissionsMode: 0o600,
    overlappingSync: false,
    safeRestore: true,
    eventTurnBatching: false,
    ...(mapSize === undefined ? {} : { mapSize }),
  };
  const root = open<Uint8Array, Uint8Array>(settings);
  return { root, entries: root.openDB<Uint8Array, Uint8Array>('entries', binary) };
}

/**
 * Writes `batches`, in order, and the transaction count in one transaction; resolves when it is durable, rejects when
 * nothing of it is known to be.
 *
 * `batch` rather than `transaction`, which runs its callback within the open transaction and keeps what was written
 * when it throws, and rather than `transactionSync`, which holds the event loop for the flush (0.6 ms here, as long as
 * it takes on a slow disk; this way it is 0.02 ms, and the writing happens on the other thread too). Nothing here can
 * throw between the parts of a batch: keys were checked before. Never to be mixed with `transactionSync`: lmdb would
 * commit a half-written batch to let it in. After a failure nothing must follow: lmdb answers no more when LMDB
 * itself refuses to begin a transaction.
 */
export async function commitGroup(
  { root, entries }: Environment,
  count: number,
  batches: readonly WriteBatch[],
): Promise<void> {
  const committed = root.batch(() => {
    for (const { sets, deletes } of batches) {
      for (const [key, value] of sets) void entries.put(key, value);
      for (const key of deletes) void entries.remove(key);
    }
    void root.put(COUNT_KEY, encodeCount(count));
  });
  try {
    await committed;
  } catch (error) {
    throw await causeOf(error as Error & { commitError?: Promise<never> });
  }
}

/** lmdb's rejection points to a second promise, which rejects with the reason. */
function causeOf(error: Error & { commitError?: Promise<never> }): Promise<unknown> {
  const { commitError } = error;
  if (commitError === undefined) return Promise.resolve(error);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(error), CAUSE_WAIT_MS);
    commitError.catch((cause) => {
      clearTimeout(timer);
      resolve(cause);
    });
  });
}

/** Transactions made by `commitGroup` so far. */
export function readCount({ root }: Environment): number {
  const value = root.get(COUNT_KEY);
  if (value === undefined) return 0;
  if (value.length !== 8) throw new StorageError('the count of transactions is damaged');
  return Number(Buffer.from(value).readBigUInt64LE());
}

function encodeCount(count: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(count));
  return bytes;
}
