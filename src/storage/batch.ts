import type { WriteBatch } from '../ports/kv-store.ts';
import type { Records } from './schema.ts';

/** A batch in the making, on top of the records that it changes: what was written to it shows at once. */
export interface BatchInProgress extends Records {
  set(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  /** All of it; each key once, as it was written last. */
  finish(): WriteBatch;
}

/** One character per byte: two keys are the same string if they are the same key. (`apply` beats spreading 5 to 1.) */
const textOf = (key: Uint8Array): string => String.fromCharCode.apply(null, key as unknown as number[]);

export function beginBatch(records: Records): BatchInProgress {
  const written = new Map<string, readonly [key: Uint8Array, value: Uint8Array | null]>();
  return {
    get(key) {
      const entry = written.get(textOf(key));
      return entry === undefined ? records.get(key) : entry[1];
    },
    set(key, value) {
      written.set(textOf(key), [key, value]);
    },
    delete(key) {
      written.set(textOf(key), [key, null]);
    },
    finish() {
      const sets: [Uint8Array, Uint8Array][] = [];
      const deletes: Uint8Array[] = [];
      for (const [key, value] of written.values()) {
        if (value === null) deletes.push(key);
        else sets.push([key, value]);
      }
      return { sets, deletes };
    },
  };
}
