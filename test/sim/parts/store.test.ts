import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRevertibleStore } from '../../../src/simulator/store.ts';

const byte = fc.integer({ min: 0, max: 255 });
const key = fc.array(byte, { minLength: 1, maxLength: 3 }).map((bytes) => Uint8Array.from(bytes));
const batch = fc.record({
  sets: fc.uniqueArray(fc.tuple(key, key), { maxLength: 4, selector: ([name]) => name.join() }),
  deletes: fc.uniqueArray(key, { maxLength: 3, selector: (name) => name.join() }),
});

type Plain = Map<string, string>;
const apply = (
  plain: Plain,
  { sets, deletes }: { sets: [Uint8Array, Uint8Array][]; deletes: Uint8Array[] },
): Plain => {
  const next = new Map(plain);
  for (const [name, value] of sets) next.set(name.join(), value.join());
  for (const name of deletes) next.delete(name.join());
  return next;
};
const START = new Uint8Array(0);
const END = new Uint8Array([255, 255, 255, 255]);

function contentOf(store: ReturnType<typeof createRevertibleStore>): [string, string][] {
  return [...store.reader().range({ start: START, end: END })].map(([name, value]) => [
    name.join(),
    value.join(),
  ]);
}

const inKeyOrder = (plain: Plain): [string, string][] =>
  [...plain].sort(([a], [b]) => {
    const [left, right] = [a.split(',').map(Number), b.split(',').map(Number)];
    return Buffer.compare(Uint8Array.from(left), Uint8Array.from(right));
  });

describe('a revertible store', () => {
  test('reads every write at once and falls back to a prefix of them', () => {
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 8 }), fc.nat(8), fc.nat(8), (batches, settled, survivors) => {
        const store = createRevertibleStore();
        const states: Plain[] = [new Map()];
        for (const one of batches) {
          store.write(one);
          states.push(apply(states.at(-1)!, one));
        }
        expect(contentOf(store)).toEqual(inKeyOrder(states.at(-1)!));
        const kept = Math.min(settled, batches.length);
        store.settle(kept);
        const alive = Math.min(kept + survivors, batches.length);
        store.crash(alive - kept);
        expect(contentOf(store)).toEqual(inKeyOrder(states[alive]!));
        expect(store.volatile).toBe(0);
        expect(store.size).toBe(states[alive]!.size);
      }),
    );
  });

  test('keeps what was written, not the buffer it was written from', () => {
    const store = createRevertibleStore();
    const value = Uint8Array.of(1);
    store.write({ sets: [[Uint8Array.of(7), value]], deletes: [] });
    value[0] = 2;
    expect(store.reader().get(Uint8Array.of(7))).toEqual(Uint8Array.of(1));
  });

  test('remembers what a record was decoded to until it is written again or the replica crashes', () => {
    const store = createRevertibleStore();
    const [name, value] = [Uint8Array.of(7), Uint8Array.of(1)];
    store.write({ sets: [[name, value]], deletes: [] });
    store.settle(1);
    store.reader().kept(name)!.decoded = 'one';
    store.write({ sets: [[name, value]], deletes: [] });
    expect(store.reader().kept(name)!.decoded).toBeUndefined();
    store.write({ sets: [], deletes: [name] });
    expect(store.reader().kept(name)).toBeNull();
    store.put(new Map([['\u0007', { key: name, value, decoded: 'two' }]]));
    expect(store.reader().kept(name)).toEqual({ value, decoded: 'two' });
    store.crash(0);
    expect(store.reader().kept(name)).toEqual({ value, decoded: undefined });
  });

  test('a closed reader throws', () => {
    const reader = createRevertibleStore().reader();
    reader.close();
    expect(() => reader.get(Uint8Array.of(1))).toThrow('closed');
  });
});
