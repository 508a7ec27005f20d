import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLmdbStore } from '../../../src/adapters/lmdb/index.ts';
import { createMemoryStore } from '../../../src/adapters/memory/index.ts';
import { StorageError } from '../../../src/model/errors.ts';
import type { KeyRange, KVSnapshot, KVStore } from '../../../src/ports/kv-store.ts';

interface Adapter {
  readonly name: string;
  /** Opens the store in `directory`, or a fresh one where nothing survives closing. */
  open(directory: string): Promise<KVStore>;
  readonly isPersistent: boolean;
}

const ADAPTERS: readonly Adapter[] = [
  { name: 'memory', open: async () => createMemoryStore(), isPersistent: false },
  { name: 'lmdb', open: (directory) => openLmdbStore({ path: directory }), isPersistent: true },
];

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const set = (...pairs: [Uint8Array, Uint8Array][]) => ({ sets: pairs, deletes: [] });
const hex = (value: Uint8Array | null): string | null =>
  value === null ? null : Buffer.from(value).toString('hex');

const read = (store: KVStore, key: Uint8Array): string | null => {
  using snapshot = store.snapshot();
  return hex(snapshot.get(key));
};

const keysOf = (snapshot: KVSnapshot, range: KeyRange): string[] =>
  [...snapshot.range(range)].map(([key]) => hex(key) as string);

const EVERYTHING = { start: bytes(0), end: new Uint8Array(1_200).fill(255) };

describe.each(ADAPTERS)('the KVStore port on $name', ({ open, isPersistent }) => {
  let directory: string;
  let store: KVStore;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hotstuff-kv-'));
    store = await open(directory);
  });

  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('reads back what was written, of any bytes and length', async () => {
    const values = [0, 1, 31, 4_095, 4_096, 32_768, 32_769, 300_000].map((size) =>
      Uint8Array.from({ length: size }, (_, at) => (at * 31 + size) & 255),
    );
    await store.write(set(...values.map((value, at): [Uint8Array, Uint8Array] => [bytes(0, at), value])));
    using snapshot = store.snapshot();
    for (const [at, value] of values.entries()) expect(hex(snapshot.get(bytes(0, at)))).toBe(hex(value));
    expect(snapshot.get(bytes(0))).toBeNull();
    expect(snapshot.get(bytes(0, 0, 0))).toBeNull();
  });

  it('takes keys of 1 and of 1,200 bytes, zeros and 255s among them', async () => {
    const keys = [bytes(0), bytes(255), new Uint8Array(1_200), new Uint8Array(1_200).fill(255)];
    await store.write(set(...keys.map((key): [Uint8Array, Uint8Array] => [key, key])));
    for (const key of keys) expect(read(store, key)).toBe(hex(key));
  });

  it('overwrites and deletes, and does not mind deleting what is not there', async () => {
    await store.write(set([bytes(1), text('a')], [bytes(2), text('b')]));
    await store.write({ sets: [[bytes(1), text('c')]], deletes: [bytes(2), bytes(3)] });
    expect(read(store, bytes(1))).toBe(hex(text('c')));
    expect(read(store, bytes(2))).toBeNull();
    await store.write(set([bytes(2), text('d')]));
    expect(read(store, bytes(2))).toBe(hex(text('d')));
  });

  it('does not see later changes of the bytes that were written', async () => {
    const value = text('before');
    const key = bytes(7);
    await store.write(set([key, value]));
    value.fill(0);
    key[0] = 8;
    expect(read(store, bytes(7))).toBe(hex(text('before')));
  });

  it('ranges in byte order, start inclusive and end exclusive, forwards and backwards, up to a limit', async () => {
    const keys = [bytes(1), bytes(1, 0), bytes(1, 0, 0), bytes(1, 1), bytes(1, 255), bytes(2), bytes(16)];
    const shuffled = [3, 0, 6, 2, 5, 1, 4].map((at) => keys[at] as Uint8Array);
    await store.write(set(...shuffled.map((key): [Uint8Array, Uint8Array] => [key, key])));
    using snapshot = store.snapshot();
    const range = { start: bytes(1, 0), end: bytes(2) };
    expect(keysOf(snapshot, EVERYTHING)).toEqual(keys.map(hex));
    expect(keysOf(snapshot, range)).toEqual(['0100', '010000', '0101', '01ff']);
    expect(keysOf(snapshot, { ...range, reverse: true })).toEqual(['01ff', '0101', '010000', '0100']);
    expect(keysOf(snapshot, { ...range, limit: 2 })).toEqual(['0100', '010000']);
    expect(keysOf(snapshot, { ...range, limit: 2, reverse: true })).toEqual(['01ff', '0101']);
    expect(keysOf(snapshot, { ...range, limit: 0 })).toEqual([]);
    expect(keysOf(snapshot, { start: bytes(1, 0, 1), end: bytes(1, 1) })).toEqual([]);
    expect(keysOf(snapshot, { start: bytes(2), end: bytes(1) })).toEqual([]);
    expect(keysOf(snapshot, { start: bytes(2), end: bytes(1), reverse: true })).toEqual([]);
    expect([...snapshot.range(range)].every(([key, value]) => hex(key) === hex(value))).toBe(true);
  });

  it('ranges over many entries, in part, twice at once, and beside other reads', async () => {
    const key = (at: number): Uint8Array => bytes(5, at >> 8, at & 255);
    await store.write(
      set(...Array.from({ length: 1_000 }, (_, at): [Uint8Array, Uint8Array] => [key(at), bytes(at & 255)])),
    );
    using snapshot = store.snapshot();
    const range = { start: bytes(5), end: bytes(6) };
    expect(keysOf(snapshot, range)).toEqual(Array.from({ length: 1_000 }, (_, at) => hex(key(at))));
    expect(keysOf(snapshot, { ...range, reverse: true, limit: 300 })).toEqual(
      Array.from({ length: 300 }, (_, at) => hex(key(999 - at))),
    );
    const seen: (readonly [Uint8Array, Uint8Array])[] = [];
    for (const entry of snapshot.range(range)) {
      expect(hex(snapshot.get(key(999 - seen.length)))).toBe(hex(bytes((999 - seen.length) & 255)));
      seen.push(entry);
      if (seen.length === 150) break;
    }
    expect(seen.map(([found]) => hex(found))).toEqual(Array.from({ length: 150 }, (_, at) => hex(key(at))));
    expect([...snapshot.range({ ...range, limit: 64 })].length).toBe(64);
  });

  it('isolates snapshots from later writes and from each other', async () => {
    await store.write(set([bytes(1), text('one')], [bytes(2), text('two')]));
    const first = store.snapshot();
    await store.write({
      sets: [
        [bytes(1), text('ONE')],
        [bytes(3), text('three')],
      ],
      deletes: [bytes(2)],
    });
    const second = store.snapshot();
    await store.write({ sets: [[bytes(2), text('again')]], deletes: [bytes(1), bytes(3)] });
    const third = store.snapshot();

    const contents = (snapshot: KVSnapshot) =>
      [...snapshot.range(EVERYTHING)].map(([key, value]) => [key[0], Buffer.from(value).toString()]);
    expect(contents(first)).toEqual([
      [1, 'one'],
      [2, 'two'],
    ]);
    expect(contents(second)).toEqual([
      [1, 'ONE'],
      [3, 'three'],
    ]);
    expect(contents(third)).toEqual([[2, 'again']]);
    second.close();
    expect(contents(first)).toEqual([
      [1, 'one'],
      [2, 'two'],
    ]);
    expect(hex(first.get(bytes(3)))).toBeNull();
    expect(contents(third)).toEqual([[2, 'again']]);
    first.close();
    third.close();
  });

  it('keeps a snapshot stable while a range over it is under way', async () => {
    const key = (at: number): Uint8Array => bytes(at >> 8, at & 255);
    const all = Array.from({ length: 500 }, (_, at) => key(at));
    await store.write(set(...all.map((each): [Uint8Array, Uint8Array] => [each, text('old')])));
    using snapshot = store.snapshot();
    const seen: string[] = [];
    for (const [found, value] of snapshot.range(EVERYTHING)) {
      if (seen.length === 100) await store.write({ sets: [[key(900), text('new')]], deletes: all });
      expect(hex(value)).toBe(hex(text('old')));
      seen.push(hex(found) as string);
    }
    expect(seen).toEqual(all.map(hex));
  });

  it('shows a write to the snapshots taken after it resolved', async () => {
    for (let round = 0; round < 50; round++) {
      const earlier = store.snapshot();
      await store.write(set([bytes(1), bytes(round)]));
      expect(read(store, bytes(1))).toBe(hex(bytes(round)));
      expect(hex(earlier.get(bytes(1)))).toBe(round === 0 ? null : hex(bytes(round - 1)));
      earlier.close();
    }
  });

  it('refuses the use of a closed snapshot, and closing twice is harmless', async () => {
    await store.write(set([bytes(1), bytes(1)], [bytes(2), bytes(2)]));
    const snapshot = store.snapshot();
    const entries = snapshot.range(EVERYTHING)[Symbol.iterator]();
    snapshot.close();
    snapshot.close();
    expect(() => snapshot.get(bytes(1))).toThrow(StorageError);
    expect(() => [...snapshot.range(EVERYTHING)]).toThrow(StorageError);
    expect(() => entries.next()).toThrow(StorageError);
  });

  it('applies batches in call order, whole, however many wait', async () => {
    const order: number[] = [];
    const writes = Array.from({ length: 200 }, (_, at) =>
      store
        .write({
          sets: [
            [bytes(1), bytes(at)],
            [bytes(2, at), bytes(at)],
          ],
          deletes: at > 0 ? [bytes(2, at - 1)] : [],
        })
        .then(() => order.push(at)),
    );
    await Promise.all(writes);
    expect(order).toEqual(Array.from({ length: 200 }, (_, at) => at));
    expect(read(store, bytes(1))).toBe(hex(bytes(199)));
    using snapshot = store.snapshot();
    expect(keysOf(snapshot, { start: bytes(2), end: bytes(3) })).toEqual([hex(bytes(2, 199))]);
  });

  it('takes an empty batch', async () => {
    await store.write({ sets: [], deletes: [] });
    using snapshot = store.snapshot();
    expect(keysOf(snapshot, EVERYTHING)).toEqual([]);
  });

  it('counts flushes: one at least, and no more than batches', async () => {
    expect(store.flushes).toBe(0);
    await store.write(set([bytes(1), bytes(1)]));
    expect(store.flushes).toBe(1);
    await Promise.all(Array.from({ length: 100 }, (_, at) => store.write(set([bytes(1), bytes(at)]))));
    expect(store.flushes).toBeGreaterThan(1);
    expect(store.flushes).toBeLessThanOrEqual(101);
  });

  it.each([
    ['an empty key', new Uint8Array(0)],
    ['a key of 1,201 bytes', new Uint8Array(1_201)],
  ])('rejects %s, writes nothing of its batch, and rejects everything from then on', async (_, key) => {
    await store.write(set([bytes(1), text('kept')]));
    await expect(store.write(set([bytes(2), text('lost')], [key, bytes(1)]))).rejects.toThrow(StorageError);
    await expect(store.write(set([bytes(3), bytes(3)]))).rejects.toThrow(StorageError);
    await expect(store.write({ sets: [], deletes: [bytes(1)] })).rejects.toThrow(StorageError);
    expect(read(store, bytes(1))).toBe(hex(text('kept')));
    expect(read(store, bytes(2))).toBeNull();
    expect(read(store, bytes(3))).toBeNull();
  });

  it('finishes what was asked for before it closes, and refuses everything afterwards', async () => {
    const snapshot = store.snapshot();
    const pending = Array.from({ length: 20 }, (_, at) => store.write(set([bytes(1, at), bytes(at)])));
    const closed = store.close();
    await expect(store.write(set([bytes(2), bytes(2)]))).rejects.toThrow(StorageError);
    await Promise.all(pending);
    await closed;
    await store.close();
    expect(() => store.snapshot()).toThrow(StorageError);
    expect(() => snapshot.get(bytes(1, 0))).toThrow(StorageError);
    snapshot.close();

    store = await open(directory);
    for (let at = 0; at < 20; at++)
      expect(read(store, bytes(1, at))).toBe(isPersistent ? hex(bytes(at)) : null);
    expect(read(store, bytes(2))).toBeNull();
  });
});
