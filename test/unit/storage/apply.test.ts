import { describe, expect, it } from 'vitest';
import { StorageError } from '../../../src/model/errors.ts';
import { asHeight, asPower, asView, ZERO_HASH } from '../../../src/model/ids.ts';
import { appViewAt } from '../../../src/storage/app-view.ts';
import { batchOf } from '../../../src/storage/apply.ts';
import { recover } from '../../../src/storage/recovery.ts';
import { createBlockTreeSnapshot } from '../../../src/storage/snapshot.ts';
import { readSyncResponse } from '../../../src/storage/sync-response.ts';
import {
  blockOn,
  commitOf,
  delta,
  EMPTY_DELTA,
  genesisOf,
  pcOf,
  replicaId,
  setting,
  text,
} from './support/fixtures.ts';
import { apply, chainOf, storeWith } from './support/tree.ts';

const SCHEME = 'bls12381';

const update = (power: number) => ({
  inserts: [{ id: replicaId(SCHEME, 9), power: asPower(power), possession: null }],
  deletes: [],
});

describe('blocks on disk', () => {
  it('keeps the data of a block intact: stored, read back, served by sync, proposed again (T8)', () => {
    const data = [text('first datum'), text('second')];
    const inserted = blockOn(SCHEME, null, { data });
    const { block } = inserted;
    const store = storeWith(SCHEME, { inserts: [inserted] });
    const ask = {
      startHeight: asHeight(0),
      limit: 10,
      branch: [block.hash],
      highestPc: pcOf(SCHEME, 1, block.hash),
    };
    const { limits } = genesisOf(SCHEME).chain;
    for (let round = 0; round < 3; round++) {
      const tree = createBlockTreeSnapshot(store.snapshot());
      expect(tree.block(block.hash)).toEqual(block);
      expect(tree.data(block.hash)).toEqual(data);
      expect([0, 1, 2].map((at) => tree.datum(block.hash, at))).toEqual([...data, null]);
      expect(readSyncResponse(store.snapshot(), ask, limits).blocks).toEqual([block]);
      // A re-proposal brings the block again.
      apply(store, { inserts: [inserted] });
    }
    apply(store, { commits: [commitOf(inserted)] });
    expect(createBlockTreeSnapshot(store.snapshot()).block(block.hash)).toEqual(block);
    expect(readSyncResponse(store.snapshot(), ask, limits).blocks).toEqual([block]);
  });

  it('changes nothing when a block is inserted again, however often, committed or not (T21, R16)', () => {
    const blocks = chainOf(SCHEME, 4);
    const sibling = blockOn(SCHEME, blocks[2]!.block, { view: 99 });
    const store = storeWith(SCHEME, { inserts: [...blocks, sibling], commits: [commitOf(blocks[0]!)] });
    const before = new Map(store.entries);
    for (let round = 0; round < 19; round++) {
      for (const { block, effects, updatesBefore } of [...blocks, sibling]) {
        const other = {
          block: { ...block, data: [text('forged')] },
          effects: { ...effects, ...setting('k', 'forged') },
        };
        expect(
          batchOf(store.snapshot(), delta({ inserts: [{ ...other, updatesBefore: updatesBefore + 1 }] })),
        ).toMatchObject({
          sets: [],
          deletes: [],
        });
        apply(store, { inserts: [{ ...other, updatesBefore }] });
      }
    }
    expect(store.entries).toEqual(before);
    const tree = createBlockTreeSnapshot(store.snapshot());
    expect(tree.children(blocks[2]!.block.hash)).toEqual([blocks[3]!.block.hash, sibling.block.hash].sort());
    expect(tree.isCommitted(blocks[0]!.block.hash)).toBe(true);
    expect(recover(store.snapshot()).uncommitted.length).toBe(4);
  });

  it('makes an empty batch of a delta that says nothing', () => {
    const store = storeWith(SCHEME);
    expect(batchOf(store.snapshot(), EMPTY_DELTA)).toMatchObject({ sets: [], deletes: [] });
    expect(batchOf(store.snapshot(), [])).toMatchObject({ sets: [], deletes: [] });
  });

  it('writes each key once, the last delta winning', () => {
    const [first, second] = chainOf(SCHEME, 2);
    const store = storeWith(SCHEME);
    const vote = (view: number) => ({ view: asView(view), block: ZERO_HASH, phase: 'generic' as const });
    const batch = batchOf(store.snapshot(), [
      delta({ inserts: [first!], lastVote: vote(1) }),
      delta({ inserts: [second!], commits: [commitOf(first!)], lastVote: vote(2) }),
      delta({ commits: [commitOf(second!)], lastVote: vote(3) }),
    ]);
    const keys = [...batch.sets.map(([key]) => key), ...batch.deletes].map((key) =>
      Buffer.from(key).toString('hex'),
    );
    expect(new Set(keys).size).toBe(keys.length);
    store.apply(batch);
    expect(recover(store.snapshot()).lastVote).toEqual(vote(3));
    expect(createBlockTreeSnapshot(store.snapshot()).appState(text('k'))).toEqual(text('1'));
  });

  it('applies the validator-set updates of a branch in its order', () => {
    const first = blockOn(SCHEME, null, { effects: { validatorSetUpdates: update(1) } });
    const second = blockOn(SCHEME, first.block, {
      updatesBefore: 1,
      effects: { validatorSetUpdates: update(2) },
    });
    const store = storeWith(SCHEME, { inserts: [first, second] });
    const powerAfter = (hash: typeof first.block.hash) =>
      appViewAt(store.snapshot(), hash)?.validatorSet.validators.find(({ id }) => id === replicaId(SCHEME, 9))
        ?.power;
    expect(powerAfter(first.block.hash)).toBe(1);
    expect(powerAfter(second.block.hash)).toBe(2);
    expect(powerAfter(ZERO_HASH)).toBeUndefined();
  });
});

describe('a delta that contradicts the store is refused', () => {
  const [first, second, third] = chainOf(SCHEME, 3) as [
    ReturnType<typeof blockOn>,
    ReturnType<typeof blockOn>,
    ReturnType<typeof blockOn>,
  ];
  const rival = blockOn(SCHEME, null, { data: [text('rival')] });
  const onRival = blockOn(SCHEME, rival.block);
  const withUpdate = blockOn(SCHEME, null, { effects: { validatorSetUpdates: update(1) } });
  const pc = pcOf(SCHEME, 3, first.block.hash, 'commit');

  const refused = (
    store: ReturnType<typeof storeWith>,
    fields: Parameters<typeof delta>[0],
    why: RegExp,
  ): void => {
    const write = () => batchOf(store.snapshot(), delta(fields));
    expect(write).toThrow(StorageError);
    expect(write).toThrow(why);
  };

  it.each([
    ['a block without its parent', { inserts: [second] }, /parent .* is not stored/],
    [
      'a block that is not one above its parent',
      { inserts: [first, { ...second, block: { ...second.block, height: asHeight(5) } }] },
      /has height 5, its parent 0/,
    ],
    [
      'a first block that is not of height 0',
      { inserts: [{ ...first, block: { ...first.block, height: asHeight(1) } }] },
      /has height 1, its parent -1/,
    ],
    ['a commit of an unknown block', { commits: [commitOf(first)] }, /missing/],
    [
      'a commit that skips a height',
      { inserts: [first, second], commits: [commitOf(second)] },
      /height 0 is next/,
    ],
    [
      'a commit of two blocks of one height',
      { inserts: [first, rival], commits: [commitOf(first), commitOf(rival)] },
      /height 1 is next/,
    ],
    [
      'a commit off the committed branch',
      { inserts: [first, rival, onRival], commits: [commitOf(first), commitOf(onRival)] },
      /parent .* is not committed/,
    ],
    [
      'a commit of a validator-set update without its certificate',
      { inserts: [withUpdate], commits: [commitOf(withUpdate)] },
      /without its Commit certificate/,
    ],
    [
      'a commit certificate of an ordinary block',
      { inserts: [first], commits: [commitOf(first, pc)] },
      /with a Commit certificate/,
    ],
    [
      'a prune of a committed block',
      { inserts: [first], commits: [commitOf(first)], prunes: [first.block] },
      /is committed and cannot be pruned/,
    ],
    ['a prune of an unknown block', { prunes: [first.block] }, /missing/],
  ])('%s', (_, fields, why) => {
    refused(storeWith(SCHEME), fields, why);
  });

  it('a new block at or below the committed height', () => {
    const store = storeWith(SCHEME, { inserts: [first, second], commits: [commitOf(first)] });
    refused(store, { inserts: [rival] }, /height 0 is committed/);
    refused(store, { commits: [commitOf(first)] }, /height 1 is next/);
    refused(store, { prunes: [{ ...first.block }] }, /cannot be pruned/);
    apply(store, { inserts: [third] });
  });

  it('and nothing of it is in the batch of the deltas before it', () => {
    const store = storeWith(SCHEME);
    const before = new Map(store.entries);
    expect(() =>
      batchOf(store.snapshot(), [delta({ inserts: [first] }), delta({ inserts: [third] })]),
    ).toThrow(StorageError);
    expect(store.entries).toEqual(before);
  });
});
