/** One atomic change: all of it or nothing becomes durable. A key occurs once over both lists. */
export interface WriteBatch {
  readonly sets: readonly (readonly [key: Uint8Array, value: Uint8Array])[];
  readonly deletes: readonly Uint8Array[];
  /** True when no array of the batch will ever change: a store in memory may keep them instead of copies. */
  readonly isFinal?: boolean;
}

export interface KeyRange {
  /** Inclusive. */
  readonly start: Uint8Array;
  /** Exclusive. */
  readonly end: Uint8Array;
  readonly limit?: number;
  readonly reverse?: boolean;
}

/**
 * A stable view of the store. Keep it briefly and close it: a store may hold back space for it.
 *
 * What is read stays as it is for as long as the caller keeps it, beyond the snapshot too, and must not be changed: it
 * is a copy, or bytes that the store itself never changes. Using a closed snapshot throws `StorageError`.
 */
export interface KVSnapshot {
  get(key: Uint8Array): Uint8Array | null;
  /** Ascending by key bytes (descending with `reverse`). Entries are copies. */
  range(range: KeyRange): Iterable<readonly [key: Uint8Array, value: Uint8Array]>;
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * Durable, ordered key-value storage that the library writes through one owner.
 *
 * `write` applies batches in call order, each atomically, and resolves only when the batch is durable (survives a
 * power cut). After one rejection every later write rejects: the owner stops. Keys are 1 to 1,200 bytes.
 * All failures are `StorageError`s.
 */
export interface KVStore extends AsyncDisposable {
  snapshot(): KVSnapshot;
  write(batch: WriteBatch): Promise<void>;
  /** Batches made durable so far by a flush of their own or a shared one: flushes, not writes. */
  readonly flushes: number;
  close(): Promise<void>;
}
