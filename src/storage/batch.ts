import { latin1 } from '../codec/bytes.ts';
import type { WriteBatch } from '../ports/kv-store.ts';
import type { KeptRecord, Records } from './schema.ts';

/** A record that is written, or deleted: then it has no value. With what reads.ts made of it. */
export interface WrittenRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
  decoded: unknown;
}

/** A batch in the making, on top of the records that it changes: what was written to it shows at once. */
export interface BatchInProgress extends Records {
  /** `decoded`, when given, is what reads.ts would make of `value`. */
  set(key: Uint8Array, value: Uint8Array, decoded?: unknown): void;
  delete(key: Uint8Array): void;
  /** Each key once, as it was written last, by its text of one character per byte. */
  readonly written: Map<string, WrittenRecord>;
}

const isRecord = (written: WrittenRecord): written is WrittenRecord & KeptRecord => written.value !== null;

export function beginBatch(records: Records): BatchInProgress {
  const written = new Map<string, WrittenRecord>();
  const batch: BatchInProgress = {
    written,
    get(key) {
      const entry = written.get(latin1(key));
      return entry === undefined ? records.get(key) : entry.value;
    },
    set(key, value, decoded) {
      written.set(latin1(key), { key, value, decoded });
    },
    delete(key) {
      written.set(latin1(key), { key, value: null, decoded: undefined });
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

type Layer = ReadonlyMap<string, WrittenRecord>;

/**
 * The batch of what was `written`, oldest first; of a key that several have, the newest counts. Records are never
 * changed once they are made.
 */
export function writeBatchOf(written: readonly Layer[]): WriteBatch {
  const sets: [Uint8Array, Uint8Array][] = [];
  const deletes: Uint8Array[] = [];
  for (let at = 0; at < written.length; at++) {
    for (const [text, { key, value }] of written[at] as Layer) {
      if (isIn(written, at + 1, text)) continue;
      if (value === null) deletes.push(key);
      else sets.push([key, value]);
    }
  }
  return { sets, deletes, isFinal: true };
}

function isIn(layers: readonly Layer[], from: number, text: string): boolean {
  for (let at = from; at < layers.length; at++) if (layers[at]?.has(text)) return true;
  return false;
}
