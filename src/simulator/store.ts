import { StorageError } from '../model/errors.ts';
import type { KVSnapshot, WriteBatch } from '../ports/kv-store.ts';
import { createSortedKeys } from './sorted-keys.ts';

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
  reader(): KVSnapshot;
}

type Undo = readonly (readonly [key: string, before: Uint8Array | undefined])[];

/** Of any bytes, without a Buffer of their own: keys are turned into strings more often than anything else here. */
const latin1 = Buffer.prototype.latin1Slice as (this: Uint8Array, start: number, end: number) => string;

/** Byte order of keys is the order of these strings' code units. */
const keyString = (key: Uint8Array): string => latin1.call(key, 0, key.length);
const keyBytes = (key: string): Uint8Array => new Uint8Array(Buffer.from(key, 'latin1'));

export function createRevertibleStore(): RevertibleStore {
  const values = new Map<string, Uint8Array>();
  const keys = createSortedKeys();
  const undos: Undo[] = [];

  const put = (key: string, value: Uint8Array | undefined): void => {
    const isNew = !values.has(key);
    if (value === undefined) {
      if (!isNew) keys.delete(key);
      values.delete(key);
      return;
    }
    if (isNew) keys.add(key);
    values.set(key, value);
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
      const undo: (readonly [string, Uint8Array | undefined])[] = [];
      for (const [key, value] of sets) {
        const name = keyString(key);
        undo.push([name, values.get(name)]);
        // A copy: a disk does not change when its writer reuses a buffer.
        put(name, new Uint8Array(value));
      }
      for (const key of deletes) {
        const name = keyString(key);
        undo.push([name, values.get(name)]);
        put(name, undefined);
      }
      undos.push(undo);
    },
    settle,
    crash(survivors) {
      while (undos.length > survivors) {
        const undo = undos.pop() as Undo;
        for (const [key, before] of undo.toReversed()) put(key, before);
      }
      settle(undos.length);
    },
    reader: () => createReader(values, keys.range),
  };
}

function createReader(
  values: ReadonlyMap<string, Uint8Array>,
  keysOf: (start: string, end: string, reverse: boolean) => Iterable<string>,
): KVSnapshot {
  let open = true;
  const read = <Result>(what: () => Result): Result => {
    if (!open) throw new StorageError('the snapshot is closed');
    return what();
  };
  const close = (): void => {
    open = false;
  };
  return {
    get: (key) => read(() => values.get(keyString(key)) ?? null),
    *range({ start, end, limit = Number.POSITIVE_INFINITY, reverse = false }) {
      let left = limit;
      for (const key of keysOf(keyString(start), keyString(end), reverse)) {
        if (left-- <= 0) return;
        yield read(() => [keyBytes(key), new Uint8Array(values.get(key) as Uint8Array)] as const);
      }
    },
    close,
    [Symbol.dispose]: close,
  };
}
