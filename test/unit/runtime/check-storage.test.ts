import { describe, expect, it, vi } from 'vitest';
import type { BlockHeader } from '../../../src/model/block.ts';
import { StorageError } from '../../../src/model/errors.ts';
import { asHeight } from '../../../src/model/ids.ts';
import { checkStorage } from '../../../src/runtime/check-storage.ts';
import { batchOf } from '../../../src/storage/apply.ts';
import { genesisBatch } from '../../../src/storage/genesis.ts';
import {
  encodeCommitted,
  encodeData,
  encodeHeight,
  encodeStoredBlock,
  type StoredBlock,
} from '../../../src/storage/records.ts';
import { blockAtHeightKey, blockKey, heightOfKey } from '../../../src/storage/schema.ts';
import { createBlockTreeSnapshot } from '../../../src/storage/snapshot.ts';
import { picksFrom, TreeModel } from '../../property/storage/tree-model.ts';
import { blockOn, bytesFrom, genesisOf } from '../storage/support/fixtures.ts';
import { MemoryMap } from '../storage/support/memory-map.ts';

const SCHEME = 'ed25519';
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A block without data and effects, as it is stored. */
const stored = (header: BlockHeader): StoredBlock => ({
  header,
  hasCommands: false,
  hasData: false,
  changesAppState: false,
  updatesValidators: false,
  updatesBefore: 0,
  appStateHash: bytesFrom('app state', 32),
});

/** A store with some dozen committed blocks and others. */
function grownStore(): { readonly store: MemoryMap; readonly model: TreeModel } {
  const model = new TreeModel(SCHEME, genesisOf(SCHEME));
  const store = new MemoryMap();
  store.apply(genesisBatch(model.genesis));
  const pick = picksFrom(4);
  while (model.committed.length < 20) store.apply(batchOf(store.snapshot(), model.step(pick)));
  return { store, model };
}

describe('checkStorage', () => {
  const { store, model } = grownStore();
  const top = asHeight(model.committed.length - 1);
  const tree = createBlockTreeSnapshot(store.snapshot());
  const hashAt = (height: number) => tree.blockAtHeight(asHeight(height))!;

  it('tells what a store in order holds, and how far it has come', async () => {
    const progress: { readonly records: number; readonly blocks: number }[] = [];
    const check = await checkStorage(store, { onProgress: (now) => progress.push(now) });
    expect(check.records).toBe(store.entries.size);
    expect(check.committed).toEqual({ height: top, hash: hashAt(top) });
    expect(check.appStateHash).toBe(hex(tree.appStateHash(top) as Uint8Array));
    expect(progress.at(-1)).toEqual({ records: store.entries.size, blocks: top + 1 });
  });

  it('gives way to the event loop by the clock, whatever there is to read', async () => {
    const turnsWith = async (msPerLook: number): Promise<number> => {
      let looks = 0;
      const clock = vi.spyOn(performance, 'now').mockImplementation(() => msPerLook * looks++);
      const onProgress = vi.fn();
      await checkStorage(store, { onProgress });
      clock.mockRestore();
      return onProgress.mock.calls.length;
    };
    expect(await turnsWith(0)).toBe(1);
    // Eight records, or one block, and the clock says that it is enough.
    expect(await turnsWith(10)).toBe(Math.floor(store.entries.size / 8) + top + 1);
  });

  it('is content with a store in which nothing is committed yet', async () => {
    const fresh = new MemoryMap();
    fresh.apply(genesisBatch(model.genesis));
    const check = await checkStorage(fresh);
    expect(check.committed).toBeNull();
    expect(check.appStateHash).toBe(hex(check.chain.genesisAppStateHash));
  });

  const withData = [...Array(model.committed.length).keys()].find(
    (height) => (tree.datumCount(hashAt(height)) ?? 0) > 0,
  ) as number;
  const damages: readonly (readonly [string, RegExp, (damaged: MemoryMap) => void])[] = [
    ['was never initialised', /the store is empty/, ({ entries }) => entries.clear()],
    [
      'has a flipped bit',
      /checksum/,
      ({ entries }) => {
        const [key, value] = [...entries][7] as [string, Uint8Array];
        entries.set(
          key,
          Uint8Array.from(value, (byte, at) => (at === 3 ? byte ^ 1 : byte)),
        );
      },
    ],
    [
      'lacks a committed block',
      /missing/,
      ({ entries }) => entries.delete(hex(blockAtHeightKey(asHeight(5)))),
    ],
    [
      'lacks the header of one',
      /missing/,
      ({ entries }) => entries.delete(hex(blockKey('headers', asHeight(5), hashAt(5)))),
    ],
    [
      'cannot find one by its hash',
      /not found by its hash/,
      ({ entries }) => entries.delete(hex(heightOfKey(hashAt(5)))),
    ],
    [
      'has other data than a block names, with a checksum that fits',
      /does not have the hash/,
      ({ entries }) => {
        const key = blockKey('data', asHeight(withData), hashAt(withData));
        entries.set(hex(key), encodeData(key, [bytesFrom('other', 40)]));
      },
    ],
    [
      'has a block of another branch among the committed ones',
      /store is damaged/,
      ({ entries }) => {
        const key = blockAtHeightKey(asHeight(5));
        const appStateHash = tree.appStateHash(asHeight(5)) as Uint8Array;
        entries.set(hex(key), encodeCommitted(key, { hash: hashAt(6), appStateHash }));
      },
    ],
    [
      'has another header than a block’s hash says',
      /its hash is not that of its header/,
      ({ entries }) => {
        const key = blockKey('headers', asHeight(5), hashAt(5));
        const other = blockOn(SCHEME, tree.header(hashAt(4)), { view: 99 }).block;
        entries.set(hex(key), encodeStoredBlock(key, SCHEME, stored(other)));
      },
    ],
    [
      'has a committed block that is not on the one below',
      /its parent is not the committed block below/,
      ({ entries }) => {
        const stranger = blockOn(SCHEME, {
          ...(tree.header(hashAt(4)) as BlockHeader),
          hash: hashAt(6),
        }).block;
        const key = blockKey('headers', asHeight(5), stranger.hash);
        entries.set(hex(key), encodeStoredBlock(key, SCHEME, stored(stranger)));
        const heightKey = heightOfKey(stranger.hash);
        entries.set(hex(heightKey), encodeHeight(heightKey, asHeight(5)));
        const committedKey = blockAtHeightKey(asHeight(5));
        const { appStateHash } = stored(stranger);
        entries.set(hex(committedKey), encodeCommitted(committedKey, { hash: stranger.hash, appStateHash }));
      },
    ],
    [
      'has two app-state hashes of one height',
      /app-state hash is another/,
      ({ entries }) => {
        const key = blockAtHeightKey(asHeight(5));
        entries.set(
          hex(key),
          encodeCommitted(key, { hash: hashAt(5), appStateHash: bytesFrom('other', 32) }),
        );
      },
    ],
    [
      'says that another block is the highest',
      /highest committed/,
      ({ entries }) => {
        const key = blockAtHeightKey(top);
        const appStateHash = tree.appStateHash(top) as Uint8Array;
        entries.set(hex(key), encodeCommitted(key, { hash: hashAt(top - 1), appStateHash }));
      },
    ],
  ];

  it.each(damages)('throws on a store that %s', async (_, why, damage) => {
    const damaged = store.copy();
    damage(damaged);
    const checked = checkStorage(damaged);
    await expect(checked).rejects.toThrow(why);
    await expect(checked).rejects.toBeInstanceOf(StorageError);
  });

  it('asks the app for data hashes when it has its own', async () => {
    let asked = 0;
    const dataHash = (): string => {
      asked++;
      return '00'.repeat(32);
    };
    await expect(checkStorage(store, { dataHash })).rejects.toThrow(/does not have the hash/);
    expect(asked).toBe(1);
  });
});
