import { latin1 } from '../codec/bytes.ts';
import type { KeyRange, KVSnapshot, KVStore, WriteBatch } from '../ports/kv-store.ts';
import { type WrittenRecord, writeBatchOf } from '../storage/batch.ts';
import { type KeptRecord, type RecordSnapshot, tableOf } from '../storage/schema.ts';

type Entry = readonly [key: Uint8Array, value: Uint8Array];

/** Records by their keys' texts, of one character per byte, which sort as the bytes do. */
type Writes = Map<string, WrittenRecord>;

interface Layer {
  readonly values: Writes;
  /** Whether a reader keeps looking at it: then it must not change any more. */
  isShared: boolean;
}

/**
 * Batches on their way to the store, which are read back as if they were in it: the state after a block is needed
 * before the block is durable.
 */
export interface PendingWrites {
  /** The store with everything that is pending, as both are now, whatever comes later; to be closed. */
  reader(): RecordSnapshot;
  /** What `make` makes from the same, which becomes pending itself; the map is given away. */
  add(make: (reader: RecordSnapshot) => Writes): void;
  /** All that is pending as one batch; only after `end` of the one before. */
  begin(): WriteBatch;
  /** What was begun is in the store now. */
  end(): void;
  /** Forgets everything. */
  clear(): void;
}

export function createPendingWrites(store: Pick<KVStore, 'snapshot'>): PendingWrites {
  /** Oldest first. The list is replaced, never changed: readers keep it. */
  let layers: readonly Layer[] = [];
  let underWay: readonly Layer[] = [];
  const recent = createRecentRecords();

  const put = (writes: Writes): void => {
    const layer = layers.at(-1);
    if (layer === undefined || layer.isShared) layers = [...layers, { values: writes, isShared: false }];
    else layers = [...layers.slice(0, -1), { values: united(layer.values, writes), isShared: false }];
  };

  return {
    reader() {
      for (const layer of layers) layer.isShared = true;
      return layeredSnapshot(store.snapshot(), recent.updates(), layers);
    },
    add(make) {
      const reader = layeredSnapshot(openWhenMissed(store), recent, layers);
      try {
        put(make(reader));
      } finally {
        reader.close();
      }
    },
    begin() {
      underWay = layers;
      for (const layer of layers) layer.isShared = true;
      return writeBatchOf(layers.map(({ values }) => values));
    },
    end() {
      layers = layers.slice(underWay.length);
      for (const { values } of underWay) recent.add(values);
      underWay = [];
    },
    clear() {
      layers = [];
      underWay = [];
      recent.clear();
    },
  };
}

/** Both, in one of the two maps: the smaller one moves. */
function united(older: Writes, newer: Writes): Writes {
  if (newer.size < older.size) {
    for (const [text, written] of newer) older.set(text, written);
    return older;
  }
  for (const [text, written] of older) if (!newer.has(text)) newer.set(text, written);
  return newer;
}

/** Values up to so many bytes are kept in memory once they are in the store: variables, headers and heights. */
const MAX_RECENT_BYTES = 1_024;

/** Entries of one generation; two are kept. Some dozen blocks: what a batch reads is of the last few. */
const MAX_RECENT_VALUES = 512;

/**
 * Blocks whose pending updates are kept, and their bytes: a chain has three or four blocks that are not committed,
 * and each is read when its children are executed and when it commits. Of further ones the store is asked.
 */
const MAX_RECENT_UPDATES = 8;
const MAX_RECENT_UPDATE_BYTES = 16 * 1024 * 1024;

/** Some of a store's records, as they are in it. */
interface KnownRecords {
  /** Undefined for what is not known. */
  get(text: string): WrittenRecord | undefined;
}

/** What was written last, as it is in the store, for reads of its newest state. */
interface RecentRecords extends KnownRecords {
  add(values: Writes): void;
  /** The pending updates among them, as they are now. */
  updates(): KnownRecords;
  clear(): void;
}

/** Small ones in two generations, of which the older is forgotten whole when the younger is full. */
function createRecentRecords(): RecentRecords {
  let young = new Map<string, WrittenRecord>();
  let old = new Map<string, WrittenRecord>();
  /** Oldest first. Replaced, never changed: readers keep it. */
  let updates: ReadonlyMap<string, WrittenRecord> = new Map();

  const addSmall = (text: string, record: WrittenRecord): void => {
    if (record.value === null || record.value.length <= MAX_RECENT_BYTES) {
      young.set(text, record);
    } else {
      young.delete(text);
      old.delete(text);
    }
  };
  return {
    get: (text) => young.get(text) ?? old.get(text) ?? updates.get(text),
    add(values) {
      const changed: [string, WrittenRecord][] = [];
      for (const [text, record] of values) {
        const table = tableOf(record.key);
        if (table === 'appStateUpdates') changed.push([text, record]);
        // A block has hundreds, which no batch reads.
        else if (table !== 'appState') addSmall(text, record);
      }
      if (changed.length > 0) updates = newestOf(updates, changed);
      if (young.size < MAX_RECENT_VALUES) return;
      old = young;
      young = new Map();
    },
    updates: () => updates,
    clear() {
      young.clear();
      old.clear();
      updates = new Map();
    },
  };
}

/** `known` with what has `changed`, within the bounds; deleted ones are not kept. */
function newestOf(
  known: ReadonlyMap<string, WrittenRecord>,
  changed: readonly (readonly [string, WrittenRecord])[],
): ReadonlyMap<string, WrittenRecord> {
  const newest = new Map(known);
  for (const [text, record] of changed) {
    newest.delete(text);
    if (record.value !== null) newest.set(text, record);
  }
  let bytes = 0;
  for (const { value } of newest.values()) bytes += value?.length ?? 0;
  for (const [text, { value }] of newest) {
    if (newest.size <= MAX_RECENT_UPDATES && bytes <= MAX_RECENT_UPDATE_BYTES) break;
    newest.delete(text);
    bytes -= value?.length ?? 0;
  }
  return newest;
}

/** The newest state of the store, which is opened when it is asked; for use within one turn. */
function openWhenMissed(store: Pick<KVStore, 'snapshot'>): KVSnapshot {
  let opened: KVSnapshot | null = null;
  const open = (): KVSnapshot => {
    opened ??= store.snapshot();
    return opened;
  };
  return {
    get: (key) => open().get(key),
    range: (range) => open().range(range),
    close: () => opened?.close(),
    [Symbol.dispose]: () => opened?.close(),
  };
}

/** `base`, of which some records are `known`, with `layers` over it. Closing it closes `base`. */
function layeredSnapshot(base: KVSnapshot, known: KnownRecords, layers: readonly Layer[]): RecordSnapshot {
  const newestFirst = layers.toReversed();
  const inMemory = (text: string): WrittenRecord | undefined => {
    for (const { values } of newestFirst) {
      const written = values.get(text);
      if (written !== undefined) return written;
    }
    return known.get(text);
  };
  return {
    get(key) {
      const record = inMemory(latin1(key));
      return record === undefined ? base.get(key) : record.value;
    },
    kept(key) {
      const record = inMemory(latin1(key)) ?? { key, value: base.get(key), decoded: undefined };
      return record.value === null ? null : (record as KeptRecord);
    },
    *range({ limit = Number.POSITIVE_INFINITY, ...bounds }) {
      let count = 0;
      for (const entry of merge(base.range(bounds), writtenIn(layers, bounds), bounds.reverse === true)) {
        if (count === limit) return;
        count += 1;
        yield entry;
      }
    },
    close: () => base.close(),
    [Symbol.dispose]: () => base.close(),
  };
}

/** In the range's order; of a key that several layers have, the newest counts. */
function writtenIn(
  layers: readonly Layer[],
  { start, end, reverse }: KeyRange,
): readonly (readonly [text: string, written: WrittenRecord])[] {
  const from = latin1(start);
  const to = latin1(end);
  const found = new Map<string, WrittenRecord>();
  for (const { values } of layers) {
    for (const [text, written] of values) if (text >= from && text < to) found.set(text, written);
  }
  const order = reverse === true ? -1 : 1;
  return [...found].sort(([a], [b]) => (a < b ? -order : order));
}

/** Both in the same order; where both have a key, what was written counts. */
function* merge(
  stored: Iterable<Entry>,
  written: readonly (readonly [text: string, written: WrittenRecord])[],
  reverse: boolean,
): Iterable<Entry> {
  let next = 0;
  for (const entry of stored) {
    const text = latin1(entry[0]);
    let isHidden = false;
    for (let at = written[next]; at !== undefined; at = written[++next]) {
      if (at[0] === text) isHidden = true;
      else if (at[0] < text === reverse) break;
      const { key, value } = at[1];
      if (value !== null) yield [key, value];
    }
    if (!isHidden) yield entry;
  }
  for (const [, { key, value }] of written.slice(next)) if (value !== null) yield [key, value];
}
