import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/adapters/memory/index.ts';
import type { KeyRange, KVSnapshot, WriteBatch } from '../../../src/ports/kv-store.ts';
import { overlaySnapshot } from '../../../src/runtime/overlay-snapshot.ts';

const key = fc.uint8Array({ minLength: 1, maxLength: 2, max: 3 });
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

const listed = (reader: KVSnapshot, asked: KeyRange): string[] =>
  [...reader.range(asked)].map(([at, set]) => `${at.join('.')}=${set.join('.')}`);

it('reads, and writes on, as if its batches were in the store', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(batch, { maxLength: 3 }),
      fc.array(batch, { maxLength: 4 }),
      fc.array(range, { maxLength: 6 }),
      fc.array(key),
      async (before, after, ranges, keys) => {
        const store = createMemoryStore();
        for (const one of before) await store.write(one);
        const base = store.snapshot();
        const overlay = overlaySnapshot(base);
        for (const one of after) overlay.write(one);

        const twin = createMemoryStore();
        for (const one of [...before, ...after]) await twin.write(one);
        const expected = twin.snapshot();
        for (const at of keys) expect(overlay.get(at)).toEqual(expected.get(at));
        for (const asked of ranges) expect(listed(overlay, asked)).toEqual(listed(expected, asked));

        await store.write(overlay.written());
        const everything = { start: Uint8Array.of(0), end: Uint8Array.of(255), reverse: false, limit: 1_000 };
        expect(listed(store.snapshot(), everything)).toEqual(listed(expected, everything));
      },
    ),
  );
});
