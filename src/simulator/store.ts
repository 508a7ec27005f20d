import { copyOf, latin1 } from '../codec/bytes.ts';
import { StorageError } from '../model/errors.ts';
import type { KeyRange, KVSnapshot, WriteBatch } from '../ports/kv-store.ts';
import type { WrittenRecord } from '../storage/batch.ts';
import type { KeptRecord, Records } from '../storage/schema.ts';

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
  /** The same of records whose bytes are theirs alone, by their keys' texts. */
  put(records: ReadonlyMap<string, WrittenRecord>): void;
  /** The oldest `count` volatile writes survive every crash from now on. */
  settle(count: number): void;
  /** A crash: all but the oldest `survivors` volatile writes are undone, and those become durable. */
  crash(survivors: number): void;
  /** Reads what is there now; valid until the next write. */
  reader(): KeptSnapshot;
}

/** Key and what was there before, in turn. */
type Undo = (string | KeptRecord | undefined)[];

/** Keys are texts of one character per byte: the byte order of keys is the order of these strings' code units. */
const keyBytes = (key: string): Uint8Array => new Uint8Array(Buffer.from(key, 'latin1'));

export function createRevertibleStore(): RevertibleStore {
  const values = new Map<string, KeptRecord>();
  const undos: Undo[] = [];

  const put = (key: string, record: KeptRecord | undefined): void => {
    if (record === undefined) values.delete(key);
    else values.set(key, record);
  };
  const settle = (count: number): void => {
    undos.splice(0, count);
  };
  /** A process that starts anew has but the bytes. */
  const forgetDecoded = (): void => {
    for (const record of values.values()) record.decoded = undefined;
  };

  return {
    get size() {
      return values.size;
    },
    get volatile() {
      return undos.length;
    },
    write({ sets, deletes }) {
      const undo: Undo = [];
      for (const [key, value] of sets) {
        const name = latin1(key);
        undo.push(name, values.get(name));
        put(name, { value: copyOf(value), decoded: undefined });
      }
      for (const key of deletes) {
        const name = latin1(key);
        undo.push(name, values.get(name));
        put(name, undefined);
      }
      undos.push(undo);
    },
    put(records) {
      const undo: Undo = [];
      for (const [name, { value, decoded }] of records) {
        undo.push(name, values.get(name));
        put(name, value === null ? undefined : { value, decoded });
      }
      undos.push(undo);
    },
    settle,
    crash(survivors) {
      while (undos.length > survivors) {
        const undo = undos.pop() as Undo;
        for (let at = undo.length - 2; at >= 0; at -= 2) {
          put(undo[at] as string, undo[at + 1] as KeptRecord | undefined);
        }
      }
      settle(undos.length);
      forgetDecoded();
    },
    reader: () => new Reader(values),
  };
}

class Reader implements KeptSnapshot {
  readonly #values: ReadonlyMap<string, KeptRecord>;
  #open = true;

  constructor(values: ReadonlyMap<string, KeptRecord>) {
    this.#values = values;
  }

  kept(key: Uint8Array): KeptRecord | null {
    if (!this.#open) throw new StorageError('the snapshot is closed');
    return this.#values.get(latin1(key)) ?? null;
  }

  get(key: Uint8Array): Uint8Array | null {
    return this.kept(key)?.value ?? null;
  }

  /** Goes through all keys: a replica ranges when it starts, and hardly ever else. */
  *range({
    start,
    end,
    limit = Number.POSITIVE_INFINITY,
    reverse = false,
  }: KeyRange): ReturnType<KVSnapshot['range']> {
    const [from, to] = [latin1(start), latin1(end)];
    const names: string[] = [];
    for (const name of this.#values.keys()) if (name >= from && name < to) names.push(name);
    names.sort();
    if (reverse) names.reverse();
    for (const name of names.slice(0, limit)) {
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
