/** Above this a chunk is halved: splicing a few hundred pointers costs less than a microsecond. */
const MAX_CHUNK = 512;

/** Changes that may wait for the next range; few enough that what waits is no burden. */
const MAX_WAITING = 4_096;

/**
 * An ordered set of strings: a list of sorted chunks, since a simulated disk keeps many keys and ranges over few. It
 * ranges seldom, too: changes wait until then, and a key that comes and goes meanwhile is never sorted in.
 */
export interface SortedKeys {
  readonly size: number;
  /** `key` must not be in the set. */
  add(key: string): void;
  /** `key` must be in the set. */
  delete(key: string): void;
  /** Keys of `[start, end)`, ascending, or descending with `reverse`; the set must not change meanwhile. */
  range(start: string, end: string, reverse: boolean): Iterable<string>;
}

/** The first position whose key is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The chunk that holds or would hold `key`: the last one that does not begin above it. */
function chunkOf(chunks: readonly (readonly string[])[], key: string): number {
  let [low, high] = [0, chunks.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((chunks[middle]?.[0] as string) <= key) low = middle;
    else high = middle - 1;
  }
  return low;
}

function* ascending(chunks: readonly (readonly string[])[], start: string, end: string): Generator<string> {
  const first = chunkOf(chunks, start);
  for (let at = first; at < chunks.length; at++) {
    const chunk = chunks[at] as readonly string[];
    for (let slot = at === first ? lowerBound(chunk, start) : 0; slot < chunk.length; slot++) {
      const key = chunk[slot] as string;
      if (key >= end) return;
      yield key;
    }
  }
}

function* descending(chunks: readonly (readonly string[])[], start: string, end: string): Generator<string> {
  const last = chunkOf(chunks, end);
  for (let at = last; at >= 0; at--) {
    const chunk = chunks[at] as readonly string[];
    for (let slot = (at === last ? lowerBound(chunk, end) : chunk.length) - 1; slot >= 0; slot--) {
      const key = chunk[slot] as string;
      if (key < start) return;
      yield key;
    }
  }
}

export function createSortedKeys(): SortedKeys {
  const chunks: string[][] = [[]];
  let size = 0;
  /** Whether each key that changed is to be there. */
  const waiting = new Map<string, boolean>();

  const insert = (key: string): void => {
    const at = chunkOf(chunks, key);
    const chunk = chunks[at] as string[];
    const slot = lowerBound(chunk, key);
    if (chunk[slot] === key) return;
    chunk.splice(slot, 0, key);
    if (chunk.length > MAX_CHUNK) chunks.splice(at + 1, 0, chunk.splice(chunk.length >> 1));
  };
  const remove = (key: string): void => {
    const at = chunkOf(chunks, key);
    const chunk = chunks[at] as string[];
    const slot = lowerBound(chunk, key);
    if (chunk[slot] !== key) return;
    chunk.splice(slot, 1);
    if (chunk.length === 0 && chunks.length > 1) chunks.splice(at, 1);
  };
  const catchUp = (): void => {
    for (const [key, isThere] of waiting) {
      if (isThere) insert(key);
      else remove(key);
    }
    waiting.clear();
  };
  const note = (key: string, isThere: boolean): void => {
    waiting.set(key, isThere);
    if (waiting.size > MAX_WAITING) catchUp();
  };

  return {
    get size() {
      return size;
    },
    add(key) {
      size++;
      note(key, true);
    },
    delete(key) {
      size--;
      note(key, false);
    },
    range(start, end, reverse) {
      catchUp();
      return reverse ? descending(chunks, start, end) : ascending(chunks, start, end);
    },
  };
}
