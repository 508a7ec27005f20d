import { latin1 } from '../codec/bytes.ts';
import type { WriteBatch } from '../ports/kv-store.ts';
import type { KeptRecord, Records } from './schema.ts';

/** A batch in the making, on top of the records that it changes: what was written to it shows at once. */
export interface BatchInProgress extends Records {
  set(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  /** All of it; each key once, as it was written last. */
  finish(): WriteBatch;
}

interface Written {
  readonly key: Uint8Array;
  /** Null for a deletion. */
  readonly record: KeptRecord | null;
}

export function beginBatch(records: Records): BatchInProgress {
  const written = new Map<string, Written>();
  const batch: BatchInProgress = {
    get(key) {
      const entry = written.get(latin1(key));
      return entry === undefined ? records.get(key) : (entry.record?.value ?? null);
    },
    set(key, value) {
      written.set(latin1(key), { key, record: { value, decoded: undefined } });
    },
    delete(key) {
      written.set(latin1(key), { key, record: null });
    },
    finish() {
      const sets: [Uint8Array, Uint8Array][] = [];
      const deletes: Uint8Array[] = [];
      for (const { key, record } of written.values()) {
        if (record === null) deletes.push(key);
        else sets.push([key, record.value]);
      }
      return { sets, deletes };
    },
  };
  if (records.kept !== undefined) {
    batch.kept = (key) => {
      const entry = written.get(latin1(key));
      return entry === undefined ? (records.kept?.(key) ?? null) : entry.record;
    };
  }
  return batch;
}
