import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { StorageError } from '../../../src/model/errors.ts';
import { asHeight, asView, ZERO_HASH } from '../../../src/model/ids.ts';
import { appViewAt } from '../../../src/storage/app-view.ts';
import { batchOf } from '../../../src/storage/apply.ts';
import { genesisBatch, readChain } from '../../../src/storage/genesis.ts';
import { encodeParsedKeys, type ParsedKeysRecord, readParsedKeys } from '../../../src/storage/parsed-keys.ts';
import { recover } from '../../../src/storage/recovery.ts';
import { TABLES, VARIABLES } from '../../../src/storage/schema.ts';
import { scrub } from '../../../src/storage/scrub.ts';
import { createBlockTreeSnapshot } from '../../../src/storage/snapshot.ts';
import { readSyncResponse } from '../../../src/storage/sync-response.ts';
import { bytesFrom, delta, genesisOf } from '../../unit/storage/support/fixtures.ts';
import { MemoryMap } from '../../unit/storage/support/memory-map.ts';
import { APP_KEYS, picksFrom, TreeModel } from './tree-model.ts';

const SCHEME = 'ed25519';

const PARSED_KEYS = bytesFrom('parsed keys', 4 * 192);

/** A store with all kinds of records, and what it was before its last write. */
function richStore(): { readonly model: TreeModel; readonly store: MemoryMap; readonly before: MemoryMap } {
  const model = new TreeModel(SCHEME, genesisOf(SCHEME));
  const store = new MemoryMap();
  store.apply(genesisBatch(model.genesis));
  const { key, value } = encodeParsedKeys(PARSED_KEYS) as ParsedKeysRecord;
  store.apply({ sets: [[key, value]], deletes: [] });
  let before = store;
  const pick = picksFrom(11);
  const hasAll = (): boolean =>
    new Set([...store.entries.keys()].map((key) => key.slice(0, 2))).size === Object.keys(TABLES).length;
  for (let step = 0; step < 60 || !hasAll(); step++) {
    before = store.copy();
    store.apply(batchOf(store.snapshot(), model.step(pick)));
  }
  return { model, store, before };
}

/** Everything that the library reads of a store, in one value. */
function readAll(store: MemoryMap, model: TreeModel): unknown {
  const snapshot = store.snapshot();
  const tree = createBlockTreeSnapshot(snapshot);
  const blocks = [...model.blocks.keys()].map((hash) => [
    tree.block(hash),
    tree.isCommitted(hash),
    tree.validatorSetUpdates(hash),
    tree.commitPc(hash),
    APP_KEYS.map((key) => tree.pendingAppState(hash, key)),
  ]);
  const heights = model.committed.map((_, height) => [
    tree.blockAtHeight(asHeight(height)),
    tree.appStateHash(asHeight(height)),
  ]);
  const view = appViewAt(snapshot, tree.newestBlock()?.hash ?? ZERO_HASH);
  const ask = { startHeight: asHeight(0), limit: 1_000, branch: [], highestPc: tree.highestPc() };
  return [
    readChain(snapshot),
    recover(snapshot),
    blocks,
    heights,
    view?.validatorSet,
    APP_KEYS.map((key) => [view?.get(key), tree.appState(key)]),
    readSyncResponse(snapshot, ask, DEFAULT_LIMITS),
  ];
}

const flipped = (value: Uint8Array, bit: number): Uint8Array => {
  const copy = new Uint8Array(value);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
};

const recordName = (key: string): string =>
  Object.entries(TABLES).find(([, tag]) => tag === Number.parseInt(key.slice(0, 2), 16))?.[0] as string;

describe('damage to what is stored', () => {
  const { model, store, before } = richStore();
  const all = [...store.entries];
  /** Those that something depends on. */
  const entries = all.filter(([key]) => recordName(key) !== 'parsedKeys');

  it('has something of every table to damage', () => {
    expect(new Set(all.map(([key]) => recordName(key)))).toEqual(new Set(Object.keys(TABLES)));
  });

  it('is found out when one bit of a value is flipped, wherever', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (record, position) => {
        const [key, value] = entries[record % entries.length] as [string, Uint8Array];
        const damaged = store.copy();
        damaged.entries.set(key, flipped(value, position % (8 * value.length)));
        expect(() => readAll(damaged, model)).toThrow(StorageError);
      }),
      { numRuns: 400 },
    );
  });

  it('is found by scrubbing, in values that nobody reads and in keys under which nobody looks', () => {
    const scrubAll = (damaged: MemoryMap): number => {
      let calls = 0;
      for (let at: Uint8Array | null = null; calls === 0 || at !== null; calls++) {
        at = scrub(damaged.snapshot(), at, 10).next;
      }
      return calls;
    };
    expect(scrubAll(store)).toBe(Math.floor(all.length / 10) + 1);
    for (const [index, [key, value]] of all.entries()) {
      const damagedValue = store.copy();
      damagedValue.entries.set(key, flipped(value, (index * 37) % (8 * value.length)));
      expect(() => scrubAll(damagedValue)).toThrow(StorageError);
      const damagedKey = store.copy();
      damagedKey.entries.delete(key);
      const bytes = flipped(Buffer.from(key, 'hex'), (index * 37) % (4 * key.length));
      damagedKey.entries.set(Buffer.from(bytes).toString('hex'), value);
      expect(() => scrubAll(damagedKey)).toThrow(StorageError);
    }
  });

  it('of the parsed keys, or their loss, leaves none, and everything else as it is', () => {
    const intact = readAll(store, model);
    expect(readParsedKeys(store.snapshot())).toEqual(PARSED_KEYS);
    const [[key, value]] = all.filter(([name]) => recordName(name) === 'parsedKeys') as [
      [string, Uint8Array],
    ];
    const change = fc.oneof(
      fc.nat(8 * value.length - 1).map((bit) => flipped(value, bit)),
      fc.nat(value.length - 1).map((length) => value.slice(0, length)),
      fc.uint8Array({ minLength: 1 }).map((more) => new Uint8Array([...value, ...more])),
      fc.uint8Array(),
      fc.constant(null),
    );
    fc.assert(
      fc.property(change, (changed) => {
        const damaged = store.copy();
        if (changed === null) damaged.entries.delete(key);
        else damaged.entries.set(key, changed);
        expect(readParsedKeys(damaged.snapshot())).toBeNull();
        expect(readAll(damaged, model)).toEqual(intact);
      }),
      { numRuns: 50 },
    );
  });

  it('is found out in every bit of the record that holds the vote', () => {
    const key = `00${VARIABLES.state.toString(16).padStart(2, '0')}`;
    const value = store.entries.get(key) as Uint8Array;
    const vote = delta({ lastVote: { view: asView(10 ** 6), block: ZERO_HASH, phase: 'generic' } });
    for (let bit = 0; bit < 8 * value.length; bit++) {
      const damaged = store.copy();
      damaged.entries.set(key, flipped(value, bit));
      expect(() => recover(damaged.snapshot())).toThrow(/^the store is damaged: the variable state/);
      expect(() => batchOf(damaged.snapshot(), vote)).toThrow(StorageError);
    }
  });

  it('is found out when a value is cut short, emptied or filled with something else', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.uint8Array(), (record, length, other) => {
        const [key, value] = entries[record % entries.length] as [string, Uint8Array];
        for (const wrong of [value.slice(0, length % value.length), new Uint8Array(0), other]) {
          const damaged = store.copy();
          damaged.entries.set(key, wrong);
          expect(() => readAll(damaged, model)).toThrow(StorageError);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('is found out when two values change places', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (first, second) => {
        const [keyA, valueA] = entries[first % entries.length] as [string, Uint8Array];
        const [keyB, valueB] = entries[second % entries.length] as [string, Uint8Array];
        fc.pre(keyA !== keyB);
        const damaged = store.copy();
        damaged.entries.set(keyA, valueB);
        damaged.entries.set(keyB, valueA);
        expect(() => readAll(damaged, model)).toThrow(StorageError);
      }),
      { numRuns: 100 },
    );
  });

  it('is found out when a record is lost, but for keys of the app state', () => {
    // Nobody can tell that the app never wrote the key without a commitment to its whole state. And a block that the
    // index by hash lacks is unknown, as a pruned one is; what hangs on it is found out.
    const unnoticed = entries
      .map(([key]) => key)
      .filter((key) => !['appState', 'heights'].includes(recordName(key)))
      .filter((key) => {
        const damaged = store.copy();
        damaged.entries.delete(key);
        return outcomeOf(damaged) !== null;
      });
    expect(unnoticed).toEqual([]);
  });

  /** What is read, or null when damage is found. */
  function outcomeOf(damaged: MemoryMap): unknown {
    try {
      return readAll(damaged, model);
    } catch (error) {
      expect(error).toBeInstanceOf(StorageError);
      return null;
    }
  }

  it.each(Object.entries(VARIABLES).filter(([name]) => name !== 'identity' && name !== 'state'))(
    'is found out when the variable %s is an older one, in order by itself',
    (name, id) => {
      const key = `00${id.toString(16).padStart(2, '0')}`;
      const stale = [before, new MemoryMap(genesisEntries())].map(
        (older) => older.entries.get(key) as Uint8Array,
      );
      const other = stale.find((value) => Buffer.compare(value, store.entries.get(key) as Uint8Array) !== 0);
      const damaged = store.copy();
      damaged.entries.set(key, other as Uint8Array);
      expect(() => recover(damaged.snapshot())).toThrow(
        new RegExp(`the variable ${name} .* not the one .* last`),
      );
    },
  );

  function genesisEntries(): Map<string, Uint8Array> {
    const beginning = new MemoryMap();
    beginning.apply(genesisBatch(model.genesis));
    return beginning.entries;
  }
});
