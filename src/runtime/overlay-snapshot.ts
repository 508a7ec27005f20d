import { bytesToHex } from '../model/hex.ts';
import type { KeyRange, KVSnapshot, WriteBatch } from '../ports/kv-store.ts';

type Entry = readonly [key: Uint8Array, value: Uint8Array];

/** A snapshot together with batches that were written after it, as if they were in the store already. */
export interface OverlaySnapshot extends KVSnapshot {
  write(batch: WriteBatch): void;
  /** All of what was written since, as one batch. */
  written(): WriteBatch;
}

/** Closing it leaves `base` open. Keys compare by their bytes, which is how their hex compares. */
export function overlaySnapshot(base: KVSnapshot): OverlaySnapshot {
  const values = new Map<string, readonly [key: Uint8Array, value: Uint8Array | null]>();

  function* range(asked: KeyRange): Iterable<Entry> {
    const { limit = Number.POSITIVE_INFINITY, ...bounds } = asked;
    let count = 0;
    for (const entry of merge(base.range(bounds), writtenIn(values, bounds), bounds.reverse === true)) {
      if (count === limit) return;
      count += 1;
      yield entry;
    }
  }

  return {
    get(key) {
      const written = values.get(bytesToHex(key));
      return written === undefined ? base.get(key) : written[1];
    },
    range,
    write({ sets, deletes }) {
      for (const [key, value] of sets) values.set(bytesToHex(key), [key, value]);
      for (const key of deletes) values.set(bytesToHex(key), [key, null]);
    },
    written() {
      const sets: Entry[] = [];
      const deletes: Uint8Array[] = [];
      for (const [key, value] of values.values()) {
        if (value === null) deletes.push(key);
        else sets.push([key, value]);
      }
      return { sets, deletes };
    },
    close() {},
    [Symbol.dispose]() {},
  };
}

type Written = readonly [hex: string, key: Uint8Array, value: Uint8Array | null];

function writtenIn(
  values: ReadonlyMap<string, readonly [Uint8Array, Uint8Array | null]>,
  { start, end, reverse }: KeyRange,
): Written[] {
  const from = bytesToHex(start);
  const to = bytesToHex(end);
  const found: Written[] = [];
  for (const [hex, [key, value]] of values) if (hex >= from && hex < to) found.push([hex, key, value]);
  const order = reverse === true ? -1 : 1;
  return found.sort(([a], [b]) => (a < b ? -order : order));
}

/** Both in the same order; where both have a key, what was written counts. */
function* merge(stored: Iterable<Entry>, written: readonly Written[], reverse: boolean): Iterable<Entry> {
  let next = 0;
  for (const entry of stored) {
    const hex = bytesToHex(entry[0]);
    let hidden = false;
    for (let at = written[next]; at !== undefined; at = written[++next]) {
      if (at[0] === hex) hidden = true;
      else if (at[0] < hex === reverse) break;
      if (at[2] !== null) yield [at[1], at[2]];
    }
    if (!hidden) yield entry;
  }
  for (const [, key, value] of written.slice(next)) if (value !== null) yield [key, value];
}
