import type { KVSnapshot } from '../ports/kv-store.ts';
import { ALL_KEYS, checksumOf, damaged, openRecord } from './schema.ts';

export interface Scrubbed {
  /** Where to go on; null at the end. */
  readonly next: Uint8Array | null;
  readonly records: number;
}

/**
 * Verifies the checksums of up to `limit` records after `after`, or from the first, and that each is found by its key.
 * Reads find damage in what they read, and recovery in what a vote depends on; this finds it in records that were not
 * read for long, and keys that are not those that were written, under which nobody would look.
 *
 * Throws `StorageError`, which names the record.
 */
export function scrub(snapshot: KVSnapshot, after: Uint8Array | null, limit: number): Scrubbed {
  const start = after === null ? ALL_KEYS.start : successorOf(after);
  let last: Uint8Array | null = null;
  let count = 0;
  for (const [key, value] of snapshot.range({ ...ALL_KEYS, start, limit })) {
    openRecord(key, value);
    // A range walks along the leaves of a store's tree, a lookup comes from its root.
    const found = snapshot.get(key);
    if (found === null || checksumOf(found) !== checksumOf(value))
      throw damaged(key, 'it is not found by its key');
    last = key;
    count++;
  }
  return { next: count === limit ? last : null, records: count };
}

/** The lowest key above `key`. */
function successorOf(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}
