import { copyOf, latin1 } from '../../codec/bytes.ts';
import { StorageError } from '../../model/errors.ts';
import type { KeyRange, KVSnapshot, KVStore, WriteBatch } from '../../ports/kv-store.ts';

// Keys are kept as strings with one character per byte: they hash, and compare in the order of the bytes.

/** The port's bounds on a key, in bytes. */
const MAX_KEY_BYTES = 1_200;

const isKey = (key: Uint8Array): boolean => key.length > 0 && key.length <= MAX_KEY_BYTES;

const bytesOf = (text: string): Uint8Array => {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
};

/** One snapshot: the values as they were before the writes since it was taken; null where there was none. */
interface Moment {
  readonly undo: Map<string, Uint8Array | null>;
  isOpen: boolean;
}

/**
 * A store in memory, for tests, examples and simulations: nothing survives the process, and a write is "durable" as
 * soon as it is made.
 *
 * Snapshots share the current state and note what writes change under them, so an idle snapshot costs nothing. `get`
 * returns the stored bytes themselves, which must not be changed; `range` copies, and so does `write` unless the batch
 * says that it is final.
 */
export function createMemoryStore(): KVStore {
  return new MemoryStore();
}

class MemoryStore implements KVStore {
  flushes = 0;
  readonly #values = new Map<string, Uint8Array>();
  /** All keys in ascending order; null when it must be made anew. */
  #sortedKeys: readonly string[] | null = null;
  /** Of the open snapshots, oldest first: what one has not noted, a later one may have. */
  readonly #moments: Moment[] = [];
  #failure: StorageError | null = null;
  #isClosed = false;

  snapshot(): KVSnapshot {
    if (this.#isClosed) throw closedError();
    const moment: Moment = { undo: new Map(), isOpen: true };
    this.#moments.push(moment);
    return new MemorySnapshot(moment, {
      valueOf: (key) => this.#valueAt(moment, key),
      keysIn: (range) => this.#keysAt(moment, range),
      forget: () => this.#forget(moment),
    });
  }

  async write(batch: WriteBatch): Promise<void> {
    if (this.#isClosed) throw closedError();
    if (this.#failure !== null) throw this.#failure;
    if (!(batch.sets.every(([key]) => isKey(key)) && batch.deletes.every(isKey))) {
      this.#failure = new StorageError(
        `a key is not of 1 to ${MAX_KEY_BYTES} bytes; nothing is written any more`,
      );
      throw this.#failure;
    }
    const isFinal = batch.isFinal === true;
    for (const [key, value] of batch.sets) this.#put(latin1(key), isFinal ? value : copyOf(value));
    for (const key of batch.deletes) this.#put(latin1(key), null);
    this.flushes++;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const moment of this.#moments) moment.isOpen = false;
    this.#moments.length = 0;
    this.#values.clear();
    this.#sortedKeys = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #put(key: string, value: Uint8Array | null): void {
    const before = this.#values.get(key) ?? null;
    const newest = this.#moments.at(-1);
    if (newest !== undefined && !newest.undo.has(key)) newest.undo.set(key, before);
    if ((before === null) !== (value === null)) this.#sortedKeys = null;
    if (value === null) this.#values.delete(key);
    else this.#values.set(key, value);
  }

  /** The first note of this moment or a later one says what the value was; without any it never changed. */
  #valueAt(moment: Moment, key: string): Uint8Array | null {
    for (let at = this.#moments.indexOf(moment); at < this.#moments.length; at++) {
      const noted = this.#moments[at]?.undo.get(key);
      if (noted !== undefined) return noted;
    }
    return this.#values.get(key) ?? null;
  }

  /** The keys in the range, now or since the moment: more than were there then, never fewer. */
  #keysAt(moment: Moment, { start, end, reverse }: KeyRange): string[] {
    const from = latin1(start);
    const to = latin1(end);
    this.#sortedKeys ??= [...this.#values.keys()].sort();
    const now = this.#sortedKeys.slice(lowerBound(this.#sortedKeys, from), lowerBound(this.#sortedKeys, to));
    const keys = new Set(now);
    for (const { undo } of this.#moments.slice(this.#moments.indexOf(moment))) {
      for (const key of undo.keys()) if (key >= from && key < to) keys.add(key);
    }
    const sorted = keys.size === now.length ? now : [...keys].sort();
    return reverse === true ? sorted.reverse() : sorted;
  }

  /** What the closed snapshot noted, the older ones still need. */
  #forget(moment: Moment): void {
    const at = this.#moments.indexOf(moment);
    const older = this.#moments[at - 1];
    if (older !== undefined) {
      for (const [key, value] of moment.undo) if (!older.undo.has(key)) older.undo.set(key, value);
    }
    this.#moments.splice(at, 1);
  }
}

const closedError = (): StorageError => new StorageError('the store is closed');

/** The first position whose key is at or above `key`. */
function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What a snapshot may ask of its store. */
interface MomentReader {
  valueOf(key: string): Uint8Array | null;
  keysIn(range: KeyRange): readonly string[];
  forget(): void;
}

class MemorySnapshot implements KVSnapshot {
  readonly #moment: Moment;
  readonly #reader: MomentReader;

  constructor(moment: Moment, reader: MomentReader) {
    this.#moment = moment;
    this.#reader = reader;
  }

  get(key: Uint8Array): Uint8Array | null {
    this.#checkOpen();
    return this.#reader.valueOf(latin1(key));
  }

  *range(range: KeyRange): Iterable<readonly [key: Uint8Array, value: Uint8Array]> {
    this.#checkOpen();
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    for (const key of this.#reader.keysIn(range)) {
      if (left <= 0) return;
      this.#checkOpen();
      const value = this.#reader.valueOf(key);
      if (value === null) continue;
      left--;
      yield [bytesOf(key), new Uint8Array(value)];
    }
  }

  close(): void {
    if (!this.#moment.isOpen) return;
    this.#moment.isOpen = false;
    this.#reader.forget();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #checkOpen(): void {
    if (!this.#moment.isOpen) throw new StorageError('the snapshot is closed');
  }
}
