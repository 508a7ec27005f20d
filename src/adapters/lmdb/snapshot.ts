import { StorageError } from '../../model/errors.ts';
import type { KeyRange, KVSnapshot } from '../../ports/kv-store.ts';
import type { Environment } from './environment.ts';

/**
 * Entries that a range reads at once. lmdb's cursors must be finished before their transaction is; this way none is
 * open while the caller holds an iterator, whatever becomes of that.
 */
const RANGE_CHUNK = 64;

type Transaction = ReturnType<Environment['root']['useReadTransaction']>;

type Entry = readonly [key: Uint8Array, value: Uint8Array];

/** The same memory as a plain array, whose `slice` copies. */
const plain = ({ buffer, byteOffset, length }: Uint8Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, length);

/** A read transaction of its own. Everything that it returns is a copy. */
export class LmdbSnapshot implements KVSnapshot {
  readonly #entries: Environment['entries'];
  readonly #onClose: () => void;
  #transaction: Transaction | null;

  constructor({ root, entries }: Environment, onClose: () => void = () => {}) {
    this.#entries = entries;
    this.#onClose = onClose;
    // lmdb shares one read transaction within a turn of the event loop; a commit may have come since it began.
    root.resetReadTxn();
    this.#transaction = reading(() => root.useReadTransaction());
  }

  get(key: Uint8Array): Uint8Array | null {
    const transaction = this.#open();
    const value = reading(() => this.#entries.get(key, { transaction }));
    return value === undefined ? null : plain(value);
  }

  *range(range: KeyRange): Iterable<Entry> {
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    let last: Uint8Array | null = null;
    while (left > 0) {
      const chunk = this.#readChunk(range, last, Math.min(left, RANGE_CHUNK));
      yield* chunk;
      if (chunk.length < RANGE_CHUNK) return;
      left -= chunk.length;
      last = (chunk.at(-1) as Entry)[0];
    }
  }

  close(): void {
    if (this.#transaction === null) return;
    this.#transaction.done();
    this.#transaction = null;
    this.#onClose();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The next entries of the range after `last`, or from its beginning. lmdb's start of a reverse range is its top. */
  #readChunk({ start, end, reverse }: KeyRange, last: Uint8Array | null, limit: number): Entry[] {
    const transaction = this.#open();
    const bounds =
      reverse === true
        ? { start: last ?? end, exclusiveStart: true, end: start, inclusiveEnd: true, reverse }
        : { start: last ?? start, exclusiveStart: last !== null, end };
    return reading(() => {
      const entries: Entry[] = [];
      for (const { key, value } of this.#entries.getRange({ ...bounds, limit, transaction })) {
        entries.push([plain(key), plain(value)]);
      }
      return entries;
    });
  }

  #open(): Transaction {
    if (this.#transaction === null) throw new StorageError('the snapshot is closed');
    return this.#transaction;
  }
}

/** Names a failure of LMDB as one of storage. */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const { message } = cause as Error;
    throw new StorageError(`${whatFailed(message)}: ${message}`, { cause });
  }
}

function whatFailed(message: string): string {
  if (/MDB_(PAGE_NOTFOUND|CORRUPTED|INVALID)/.test(message)) return 'the store is damaged';
  if (/MDB_READERS_FULL/.test(message))
    return 'too many snapshots are open, close each as soon as it is read';
  return 'a read failed';
}
