import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSortedKeys } from '../../../src/simulator/sorted-keys.ts';
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

  test('remembers what a record was decoded to for as long as the record is there, a crash included', () => {
    const store = createRevertibleStore();
    const [name, value] = [Uint8Array.of(7), Uint8Array.of(1)];
    store.write({ sets: [[name, value]], deletes: [] });
    store.settle(1);
    store.reader().kept(name)!.decoded = 'one';
    store.write({ sets: [[name, value]], deletes: [] });
    expect(store.reader().kept(name)!.decoded).toBeUndefined();
    store.write({ sets: [], deletes: [name] });
    expect(store.reader().kept(name)).toBeNull();
    store.crash(0);
    expect(store.reader().kept(name)).toEqual({ value, decoded: 'one' });
  });

  test('a closed reader throws', () => {
    const reader = createRevertibleStore().reader();
    reader.close();
    expect(() => reader.get(Uint8Array.of(1))).toThrow('closed');
  });
});

test('sorted keys range like a sorted array, whatever their number', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(5_000), { maxLength: 3_000 }),
      fc.nat(5_000),
      fc.nat(5_000),
      (numbers, a, b) => {
        const name = (number: number): string => String(number).padStart(4, '0');
        const keys = createSortedKeys();
        const plain = new Set<string>();
        for (const [at, number] of numbers.entries()) {
          const text = name(number);
          if (plain.has(text) && at % 3 === 0) {
            keys.delete(text);
            plain.delete(text);
          } else if (!plain.has(text)) {
            keys.add(text);
            plain.add(text);
          }
          // Changes wait until somebody ranges.
          if (at % 700 === 699) expect([...keys.range('', '~', false)]).toEqual([...plain].sort());
        }
        const [start, end] = [name(Math.min(a, b)), name(Math.max(a, b))];
        const expected = [...plain].filter((text) => text >= start && text < end).sort();
        expect([...keys.range(start, end, false)]).toEqual(expected);
        expect([...keys.range(start, end, true)]).toEqual(expected.toReversed());
        expect(keys.size).toBe(plain.size);
      },
    ),
    { numRuns: 50 },
  );
});
