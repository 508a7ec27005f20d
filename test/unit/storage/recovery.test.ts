import { describe, expect, it } from 'vitest';
import type { TreeDelta } from '../../../src/core/block-tree/delta.ts';
import { StorageError } from '../../../src/model/errors.ts';
import { asHeight, asPower, asView, type BlockHash } from '../../../src/model/ids.ts';
import { recover } from '../../../src/storage/recovery.ts';
import { blockAtHeightKey, blockKey, heightOfKey } from '../../../src/storage/schema.ts';
import { blockOn, commitOf, pcOf, rankedPc, replicaId, tcOf } from './support/fixtures.ts';
import { apply, chainOf, storeOfChain, storeWith } from './support/tree.ts';

const SCHEME = 'bls12381';

describe('recovery', () => {
  const { store, blocks } = storeOfChain(SCHEME, 5, 2);
  const hashAt = (height: number): BlockHash => blocks[height]!.block.hash;

  const expectRefusal = (why: RegExp, ...deltas: readonly Partial<TreeDelta>[]): void => {
    const damaged = store.copy();
    for (const fields of deltas) apply(damaged, fields);
    expect(() => recover(damaged.snapshot())).toThrow(StorageError);
    expect(() => recover(damaged.snapshot())).toThrow(why);
  };

  it('gives the uncommitted blocks parents first, and the variables as they were written', () => {
    const certificate = { type: 'tc', tc: tcOf(SCHEME, 20) } as const;
    const written = store.copy();
    apply(written, {
      entry: { view: asView(21), certificate },
      highestTc: certificate.tc,
      proposeUpTo: asView(22),
    });
    const recovered = recover(written.snapshot());
    expect(recovered.highestCommitted?.header.hash).toBe(hashAt(1));
    expect(recovered.uncommitted.map(({ header }) => header.hash)).toEqual([2, 3, 4].map(hashAt));
    expect(recovered.uncommitted[0]).toEqual({
      header: { ...blocks[2]!.block, data: undefined },
      validatorSetUpdates: null,
      hasCommands: true,
      updatesBefore: 0,
    });
    expect(recovered.entry).toEqual({ view: 21, certificate });
    expect(recovered.highestTc).toEqual(certificate.tc);
    expect(recovered.proposeUpTo).toBe(22);
  });

  it('takes a lock on a block that was committed long ago', () => {
    const old = store.copy();
    apply(old, { lockedPc: rankedPc(pcOf(SCHEME, 1, hashAt(0)), 0) });
    expect(recover(old.snapshot()).lockedPc.pc.block).toBe(hashAt(0));
  });

  it('gives the latest update with its certificate', () => {
    const inserts = [{ id: replicaId(SCHEME, 9), power: asPower(1), possession: null }];
    const vsu = blockOn(SCHEME, blocks[4]!.block, {
      effects: { validatorSetUpdates: { inserts, deletes: [] } },
    });
    const commitPc = pcOf(SCHEME, 30, vsu.block.hash, 'commit');
    const { committed } = recover(store.snapshot()).validatorSets;
    const updated = store.copy();
    apply(updated, {
      inserts: [vsu],
      commits: [...blocks.slice(2), vsu].map((block) => commitOf(block, block === vsu ? commitPc : null)),
      validatorSets: { committed, previous: committed, updateHeight: vsu.block.height, decided: false },
    });
    const { latestUpdate, validatorSets } = recover(updated.snapshot());
    expect(latestUpdate?.commitPc).toEqual(commitPc);
    expect(latestUpdate?.block.header.hash).toBe(vsu.block.hash);
    expect(latestUpdate?.block.validatorSetUpdates).toEqual({ inserts, deletes: [] });
    expect(validatorSets).toMatchObject({ updateHeight: 5, decided: false });
  });

  it('refuses certificates whose block is not there', () => {
    const pc = pcOf(SCHEME, 50, '1'.repeat(64) as BlockHash);
    expectRefusal(/lockedPc is of block 1+, which is not on the committed branch/, {
      lockedPc: rankedPc(pc, 0),
    });
    expectRefusal(/highestPc is of block 1+, which is not on the committed branch/, {
      highestPc: rankedPc(pc, 0),
    });
  });

  it('refuses ranks that do not follow from the certificate and its block', () => {
    const pc = pcOf(SCHEME, 50, hashAt(4));
    expectRefusal(/lockedPc is stored with a rank that is not its own/, { lockedPc: rankedPc(pc, 1) });
    expectRefusal(/highestPc is stored with a rank that is not its own/, {
      highestPc: { pc, rank: { updates: 0, commit: 1, view: pc.view } },
    });
  });

  it('refuses a lock that ranks above highestPc', () => {
    expectRefusal(/highestPc ranks below lockedPc/, { lockedPc: rankedPc(pcOf(SCHEME, 99, hashAt(4)), 0) });
  });

  it('refuses a header that does not have its hash', () => {
    const block = { ...blockOn(SCHEME, blocks[4]!.block).block, hash: '2'.repeat(64) as BlockHash };
    const inserted = { ...blockOn(SCHEME, blocks[4]!.block), block };
    expectRefusal(/header of block 2+ at height 5 does not have that hash/, { inserts: [inserted] });
  });

  it('refuses a block that counts the updates before it wrong', () => {
    expectRefusal(/counts 3 updates before it, its parent 0/, {
      inserts: [blockOn(SCHEME, blocks[4]!.block, { updatesBefore: 3 })],
    });
  });

  it('refuses a set of which the update is not there', () => {
    const { committed } = recover(store.snapshot()).validatorSets;
    const sets = (height: number) => ({
      validatorSets: { committed, previous: committed, updateHeight: asHeight(height), decided: false },
    });
    expectRefusal(/the latest update's block at height 4 is missing/, sets(4));
    expectRefusal(/block [0-9a-f]+ at height 1 is not the latest update's/, sets(1));
  });

  it('refuses uncommitted blocks with one missing between them', () => {
    const damaged = store.copy();
    const key = blockKey('headers', asHeight(2), hashAt(2));
    damaged.apply({ sets: [], deletes: [key, heightOfKey(hashAt(2))] });
    expect(() => recover(damaged.snapshot())).toThrow(/at height 3 is not on the committed branch/);
  });

  it('refuses a highest committed block that is not the one at its height, or not the highest', () => {
    const missing = store.copy();
    missing.apply({ sets: [], deletes: [blockAtHeightKey(asHeight(1))] });
    expect(() => recover(missing.snapshot())).toThrow(/is not the one at its height 1/);

    const more = storeWith(SCHEME, { inserts: chainOf(SCHEME, 5) });
    apply(more, { commits: chainOf(SCHEME, 3).map((block) => commitOf(block)) });
    const key = blockAtHeightKey(asHeight(2));
    const damaged = store.copy();
    damaged.apply({ sets: [[key, more.snapshot().get(key) as Uint8Array]], deletes: [] });
    expect(() => recover(damaged.snapshot())).toThrow(
      /committed at height 2, above the highest committed one/,
    );
  });
});
