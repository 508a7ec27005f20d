import { latin1 } from '../codec/bytes.ts';
import type { KeyRange, KVSnapshot, KVStore, WriteBatch } from '../ports/kv-store.ts';
import { type Write, writeBatchOf } from '../storage/batch.ts';

type Entry = readonly [key: Uint8Array, value: Uint8Array];

/** Writes by their keys' texts, of one character per byte, which sort as the bytes do. */
type Writes = Map<string, Write>;

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
  reader(): KVSnapshot;
  /** What `make` makes from the same, which becomes pending itself; the map is given away. */
  add(make: (reader: KVSnapshot) => Writes): void;
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
  let underWay: Layer | null = null;
  const recent = createRecentValues();

  const put = (writes: Writes): void => {
    const layer = layers.at(-1);
    if (layer === undefined || layer.isShared) layers = [...layers, { values: writes, isShared: false }];
    else for (const [text, written] of writes) layer.values.set(text, written);
  };

  return {
    reader() {
      for (const layer of layers) layer.isShared = true;
      return layeredSnapshot(store.snapshot(), layers);
    },
    add(make) {
      const reader = layeredSnapshot(openWhenMissed(store, recent), layers);
      try {
        put(make(reader));
      } finally {
        reader.close();
      }
    },
    begin() {
      underWay = merged(layers);
      layers = [underWay];
      return writeBatchOf(underWay.values);
    },
    end() {
      layers = layers.filter((layer) => layer !== underWay);
      if (underWay !== null) recent.add(underWay.values);
      underWay = null;
    },
    clear() {
      layers = [];
      underWay = null;
      recent.clear();
    },
  };
}

/** Values up to so many bytes are kept in memory once they are in the store: variables, headers and heights. */
const MAX_RECENT_BYTES = 1_024;

/** Entries of one generation; two are kept. Some dozen blocks: what a batch reads is of the last few. */
const MAX_RECENT_VALUES = 512;

/** What was written last, as it is in the store, for reads of its newest state. */
interface RecentValues {
  /** Undefined for what is not remembered. */
  get(text: string): Uint8Array | null | undefined;
  add(values: Writes): void;
  clear(): void;
}

/** Two generations, of which the older is forgotten whole when the younger is full. */
function createRecentValues(): RecentValues {
  let young = new Map<string, Uint8Array | null>();
  let old = new Map<string, Uint8Array | null>();
  return {
    get(text) {
      const value = young.get(text);
      return value === undefined ? old.get(text) : value;
    },
    add(values) {
      for (const [text, { value }] of values) {
        if (value === null || value.length <= MAX_RECENT_BYTES) {
          young.set(text, value);
        } else {
          young.delete(text);
          old.delete(text);
        }
      }
      if (young.size < MAX_RECENT_VALUES) return;
      old = young;
      young = new Map();
    },
    clear() {
      young.clear();
      old.clear();
    },
  };
}

/** The newest state of the store, which is opened for what is not remembered; for use within one turn. */
function openWhenMissed(store: Pick<KVStore, 'snapshot'>, recent: RecentValues): KVSnapshot {
  let opened: KVSnapshot | null = null;
  const open = (): KVSnapshot => {
    opened ??= store.snapshot();
    return opened;
  };
  return {
    get(key) {
      const known = recent.get(latin1(key));
      return known === undefined ? open().get(key) : known;
    },
    range: (range) => open().range(range),
    close: () => opened?.close(),
    [Symbol.dispose]: () => opened?.close(),
  };
}

function merged(layers: readonly Layer[]): Layer {
  const [first, ...others] = layers;
  if (first !== undefined && others.length === 0) {
    first.isShared = true;
    return first;
  }
  const values = new Map<string, Write>();
  for (const layer of layers) for (const [text, written] of layer.values) values.set(text, written);
  return { values, isShared: true };
}

/** `base` with `layers` over it. Closing it closes `base`. */
function layeredSnapshot(base: KVSnapshot, layers: readonly Layer[]): KVSnapshot {
  if (layers.length === 0) return base;
  const newestFirst = layers.toReversed();
  return {
    get(key) {
      const text = latin1(key);
      for (const { values } of newestFirst) {
        const written = values.get(text);
        if (written !== undefined) return written.value;
      }
      return base.get(key);
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
): readonly (readonly [text: string, written: Write])[] {
  const from = latin1(start);
  const to = latin1(end);
  const found = new Map<string, Write>();
  for (const { values } of layers) {
    for (const [text, written] of values) if (text >= from && text < to) found.set(text, written);
  }
  const order = reverse === true ? -1 : 1;
  return [...found].sort(([a], [b]) => (a < b ? -order : order));
}

/** Both in the same order; where both have a key, what was written counts. */
function* merge(
  stored: Iterable<Entry>,
  written: readonly (readonly [text: string, written: Write])[],
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
