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

/** A record that the batch writes, or deletes: then it has no value. */
interface Written {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
  decoded: unknown;
}

const isRecord = (written: Written): written is Written & KeptRecord => written.value !== null;

export function beginBatch(records: Records): BatchInProgress {
  const written = new Map<string, Written>();
  const batch: BatchInProgress = {
    get(key) {
      const entry = written.get(latin1(key));
      return entry === undefined ? records.get(key) : entry.value;
    },
    set(key, value) {
      written.set(latin1(key), { key, value, decoded: undefined });
    },
    delete(key) {
      written.set(latin1(key), { key, value: null, decoded: undefined });
    },
    finish() {
      const sets: [Uint8Array, Uint8Array][] = [];
      const deletes: Uint8Array[] = [];
      for (const { key, value } of written.values()) {
        if (value === null) deletes.push(key);
        else sets.push([key, value]);
      }
      return { sets, deletes };
    },
  };
  if (records.kept !== undefined) {
    batch.kept = (key) => {
      const entry = written.get(latin1(key));
      if (entry === undefined) return records.kept?.(key) ?? null;
      return isRecord(entry) ? entry : null;
    };
  }
  return batch;
}
