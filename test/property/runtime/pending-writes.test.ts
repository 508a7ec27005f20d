import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/adapters/memory/index.ts';
import type { KeyRange, KVSnapshot, WriteBatch } from '../../../src/ports/kv-store.ts';
import { createPendingWrites } from '../../../src/runtime/pending-writes.ts';
import { TABLES } from '../../../src/storage/schema.ts';
import { recordsIn } from '../../unit/runtime/support/records.ts';

/** In a table whose records are kept when they are small, the one of pending updates, and that of the app's state. */
const key = fc
  .tuple(
    fc.constantFrom(TABLES.heights, TABLES.appStateUpdates, TABLES.appState),
    fc.uint8Array({ maxLength: 1, max: 9 }),
  )
  .map(([table, rest]) => Uint8Array.of(table, ...rest));
const value = fc.uint8Array({ maxLength: 2 });
const batch: fc.Arbitrary<WriteBatch> = fc
  .uniqueArray(fc.tuple(key, fc.option(value)), { maxLength: 8, selector: ([bytes]) => bytes.join() })
  .map((writes) => ({
    sets: writes.flatMap(([at, set]) => (set === null ? [] : [[at, set] as const])),
    deletes: writes.flatMap(([at, set]) => (set === null ? [at] : [])),
  }));
const range = fc.record({
  start: key,
  end: key,
  reverse: fc.boolean(),
  limit: fc.option(fc.nat(6), { nil: Number.POSITIVE_INFINITY }),
});
const action = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('add' as const), batch }) },
  fc.constantFrom(...(['read', 'begin', 'end'] as const)).map((type) => ({ type })),
);

/** Both readers have the same content. */
function compare(
  [reader, expected]: readonly [KVSnapshot, KVSnapshot],
  ranges: readonly KeyRange[],
  keys: readonly Uint8Array[],
): void {
  for (const at of keys) expect(reader.get(at)).toEqual(expected.get(at));
  for (const asked of ranges) expect(entries(reader, asked)).toEqual(entries(expected, asked));
}

const entries = (reader: KVSnapshot, asked: KeyRange): string[] =>
  [...reader.range(asked)].map(([at, set]) => `${at.join('.')}=${set.join('.')}`);

it('are read as if they were in the store, by readers of any age, whatever of them is written', async () => {
  await fc.assert(
    fc.asyncProperty(
      batch,
      fc.array(action, { maxLength: 20 }),
      fc.array(range, { maxLength: 5 }),
      fc.array(key, { maxLength: 5 }),
      async (before, actions, ranges, keys) => {
        const store = createMemoryStore();
        await store.write(before);
        const pending = createPendingWrites(store);
        const twin = createMemoryStore();
        await twin.write(before);
        const pairs: (readonly [KVSnapshot, KVSnapshot])[] = [];
        let underWay: WriteBatch | null = null;

        for (const act of actions) {
          if (act.type === 'add') {
            pending.add((reader) => {
              compare([reader, twin.snapshot()], ranges, keys);
              return recordsIn(act.batch);
            });
            await twin.write(act.batch);
          } else if (act.type === 'read') {
            pairs.push([pending.reader(), twin.snapshot()]);
          } else if (act.type === 'begin' && underWay === null) {
            underWay = pending.begin();
          } else if (act.type === 'end' && underWay !== null) {
            await store.write(underWay);
            pending.end();
            underWay = null;
          }
        }

        pairs.push([pending.reader(), twin.snapshot()]);
        for (const pair of pairs) compare(pair, ranges, keys);
      },
    ),
  );
});
