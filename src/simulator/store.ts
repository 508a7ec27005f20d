import { allocate } from '../codec/bytes.ts';
import { StorageError } from '../model/errors.ts';
import type { KeyRange, KVSnapshot, WriteBatch } from '../ports/kv-store.ts';
import type { KeptRecord, Records } from '../storage/schema.ts';
import { createSortedKeys, type SortedKeys } from './sorted-keys.ts';

/** A snapshot whose records remember what they were decoded to. */
export type KeptSnapshot = KVSnapshot & Required<Records>;

/**
 * A key-value map that remembers how to undo its latest writes, which is all that a disk with a volatile cache is:
 * reads see every write at once, a crash takes back those that were not yet durable.
 */
export interface RevertibleStore {
  readonly size: number;
  /** Writes that are not yet durable. */
  readonly volatile: number;
  write(batch: WriteBatch): void;
  /** The oldest `count` volatile writes survive every crash from now on. */
  settle(count: number): void;
  /** A crash: all but the oldest `survivors` volatile writes are undone, and those become durable. */
  crash(survivors: number): void;
  /** Reads what is there now; valid until the next write. */
  reader(): KeptSnapshot;
}

type Undo = readonly (readonly [key: string, before: KeptRecord | undefined])[];

/** Of any bytes, without a Buffer of their own: keys are turned into strings more often than anything else here. */
const latin1 = Buffer.prototype.latin1Slice as (this: Uint8Array, start: number, end: number) => string;

/** Byte order of keys is the order of these strings' code units. */
const keyString = (key: Uint8Array): string => latin1.call(key, 0, key.length);
const keyBytes = (key: string): Uint8Array => new Uint8Array(Buffer.from(key, 'latin1'));

/** A disk does not change when its writer reuses a buffer. */
function copyOf(value: Uint8Array): Uint8Array {
  const copy = allocate(value.length);
  copy.set(value);
  return copy;
}

export function createRevertibleStore(): RevertibleStore {
  const values = new Map<string, KeptRecord>();
  const keys = createSortedKeys();
  const undos: Undo[] = [];

  const put = (key: string, before: KeptRecord | undefined, record: KeptRecord | undefined): void => {
    if (record === undefined) {
      if (before !== undefined) keys.delete(key);
      values.delete(key);
      return;
    }
    if (before === undefined) keys.add(key);
    values.set(key, record);
  };
  const settle = (count: number): void => {
    undos.splice(0, count);
  };

  return {
    get size() {
      return values.size;
    },
    get volatile() {
      return undos.length;
    },
    write({ sets, deletes }) {
      const undo: (readonly [string, KeptRecord | undefined])[] = [];
      for (const [key, value] of sets) {
        const name = keyString(key);
        const before = values.get(name);
        undo.push([name, before]);
        put(name, before, { value: copyOf(value), decoded: undefined });
      }
      for (const key of deletes) {
        const name = keyString(key);
        const before = values.get(name);
        undo.push([name, before]);
        put(name, before, undefined);
      }
      undos.push(undo);
    },
    settle,
    crash(survivors) {
      while (undos.length > survivors) {
        const undo = undos.pop() as Undo;
        for (const [key, before] of undo.toReversed()) put(key, values.get(key), before);
      }
      settle(undos.length);
    },
    reader: () => new Reader(values, keys),
  };
}

class Reader implements KeptSnapshot {
  readonly #values: ReadonlyMap<string, KeptRecord>;
  readonly #keys: SortedKeys;
  #open = true;

  constructor(values: ReadonlyMap<string, KeptRecord>, keys: SortedKeys) {
    this.#values = values;
    this.#keys = keys;
  }

  kept(key: Uint8Array): KeptRecord | null {
    if (!this.#open) throw new StorageError('the snapshot is closed');
    return this.#values.get(keyString(key)) ?? null;
  }

  get(key: Uint8Array): Uint8Array | null {
    return this.kept(key)?.value ?? null;
  }

  *range({
    start,
    end,
    limit = Number.POSITIVE_INFINITY,
    reverse = false,
  }: KeyRange): ReturnType<KVSnapshot['range']> {
    let left = limit;
    for (const name of this.#keys.range(keyString(start), keyString(end), reverse)) {
      if (left-- <= 0) return;
      const key = keyBytes(name);
      yield [key, copyOf((this.kept(key) as KeptRecord).value)];
    }
  }

  close(): void {
    this.#open = false;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
