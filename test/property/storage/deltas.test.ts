import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openLmdbStore } from '../../../src/adapters/lmdb/index.ts';
import { createMemoryStore } from '../../../src/adapters/memory/index.ts';
import type { TreeDelta } from '../../../src/core/block-tree/delta.ts';
import { asHeight, ZERO_HASH } from '../../../src/model/ids.ts';
import { updatedValidatorSet, type ValidatorSet } from '../../../src/model/validator-set.ts';
import type { KVSnapshot, KVStore } from '../../../src/ports/kv-store.ts';
import { appViewAt } from '../../../src/storage/app-view.ts';
import { batchOf } from '../../../src/storage/apply.ts';
import { initializeStorage } from '../../../src/storage/genesis.ts';
import { recover } from '../../../src/storage/recovery.ts';
import { ALL_KEYS, VARIABLES } from '../../../src/storage/schema.ts';
import { type BlockTreeSnapshot, createBlockTreeSnapshot } from '../../../src/storage/snapshot.ts';
import { genesisOf } from '../../unit/storage/support/fixtures.ts';
import { APP_KEYS, genesisHashOf, type ModelBlock, picksFrom, TreeModel } from './tree-model.ts';

const hex = (bytes: Uint8Array | null | undefined): string | null | undefined =>
  bytes && Buffer.from(bytes).toString('hex');

async function write(store: KVStore, deltas: readonly TreeDelta[]): Promise<void> {
  const snapshot = store.snapshot();
  const batch = batchOf(snapshot, deltas);
  snapshot.close();
  await store.write(batch);
}

/** Everything that can be read, compared with what the model says. */
function compareAll(store: KVStore, model: TreeModel): void {
  const snapshot = store.snapshot();
  expect(recover(snapshot)).toEqual(model.recovered());
  compareBlocks(snapshot, model);
  compareAppViews(snapshot, model);
  expect([...snapshot.range(ALL_KEYS)].length).toBe(recordsOf(model));
  snapshot.close();
}

/** How many records there must be: nothing is left behind. */
function recordsOf({ blocks, committed, commitPcs, state }: TreeModel): number {
  let records = Object.keys(VARIABLES).length + committed.length + commitPcs.size + state.size;
  for (const { block, effects } of blocks.values()) {
    records += 2;
    if (block.data.length > 0) records++;
    if (effects.validatorSetUpdates !== null) records++;
    const { sets, deletes } = effects.appStateUpdates;
    if (sets.length + deletes.length > 0 && !committed.includes(block.hash)) records++;
  }
  return records;
}

function compareBlocks(snapshot: KVSnapshot, model: TreeModel): void {
  const tree = createBlockTreeSnapshot(snapshot);
  for (const block of model.blocks.values()) compareBlock(tree, model, block);
  for (const { block } of model.pruned) {
    if (model.blocks.has(block.hash)) continue;
    expect(tree.block(block.hash)).toBeNull();
    expect(appViewAt(snapshot, block.hash)).toBeNull();
  }
  expect(tree.children(ZERO_HASH)).toEqual(hashesOf(model.childrenOf(ZERO_HASH)));
  for (let height = 0; height <= model.committed.length; height++) {
    expect(tree.blockAtHeight(asHeight(height))).toBe(model.committed[height] ?? null);
  }
  expect(tree.newestBlock()?.hash ?? null).toBe(model.newest);
  for (const key of APP_KEYS) {
    expect(hex(tree.appState(key)) ?? null).toBe(model.state.get(hex(key) as string) ?? null);
  }
}

function compareBlock(
  tree: BlockTreeSnapshot,
  model: TreeModel,
  { block, appStateHash, effects }: ModelBlock,
): void {
  const { hash, height, data } = block;
  const isCommitted = model.committed.includes(hash);
  expect(tree.block(hash)).toEqual(block);
  expect(tree.height(hash)).toBe(height);
  expect(tree.datumCount(hash)).toBe(data.length);
  for (const at of [-1, 0, 1, data.length - 1, data.length]) {
    expect(tree.datum(hash, at)).toEqual(data[at] ?? null);
  }
  expect(tree.isCommitted(hash)).toBe(isCommitted);
  expect(tree.children(hash)).toEqual(hashesOf(model.childrenOf(hash)));
  if (isCommitted) expect(hex(tree.appStateHash(height))).toBe(appStateHash);
  const updates = effects.validatorSetUpdates;
  expect(tree.validatorSetUpdates(hash)).toEqual(
    updates === null ? { status: 'none' } : { status: isCommitted ? 'committed' : 'pending', updates },
  );
  expect(tree.commitPc(hash)).toEqual(model.commitPcs.get(hash) ?? null);
}

const hashesOf = (blocks: readonly ModelBlock[]): string[] => blocks.map(({ block }) => block.hash).sort();

function compareAppViews(snapshot: KVSnapshot, model: TreeModel): void {
  const { top } = model;
  for (const block of [...model.uncommitted, ...(top === null ? [] : [top])]) {
    const view = appViewAt(snapshot, block.block.hash);
    const state = model.stateAt(block);
    expect(view?.height).toBe(block.block.height);
    expect(hex(view?.appStateHash)).toBe(block.appStateHash);
    expect(view?.validatorSet).toEqual(setAfter(model, block));
    for (const key of APP_KEYS)
      expect(hex(view?.get(key)) ?? null).toBe(state.get(hex(key) as string) ?? null);
  }
  for (const hash of model.committed.slice(0, -1)) expect(appViewAt(snapshot, hash)).toBeNull();
  const beginning = appViewAt(snapshot, ZERO_HASH);
  if (top !== null) expect(beginning).toBeNull();
  else expect(hex(beginning?.appStateHash)).toBe(genesisHashOf(model.genesis));
}

function setAfter(model: TreeModel, block: ModelBlock): ValidatorSet {
  if (model.committed.includes(block.block.hash)) return model.sets.committed;
  const parent = model.blocks.get(block.parent);
  const before = parent === undefined ? model.sets.committed : setAfter(model, parent);
  const updates = block.effects.validatorSetUpdates;
  return updates === null ? before : (updatedValidatorSet(before, updates) as ValidatorSet);
}

const SCHEME = fc.constantFrom('bls12381' as const, 'ed25519' as const);

/** Per step what its choices follow from, and whether it is written with the steps before it in one batch. */
const STEPS = fc.array(fc.record({ seed: fc.integer(), isHeldBack: fc.boolean() }), {
  minLength: 1,
  maxLength: 40,
  size: 'max',
});

describe('random deltas, against a model that keeps everything whole', () => {
  it('are read back from memory as they were, one by one and several in a batch', async () => {
    await fc.assert(
      fc.asyncProperty(SCHEME, STEPS, async (scheme, steps) => {
        const model = new TreeModel(scheme, genesisOf(scheme));
        const store = createMemoryStore();
        await initializeStorage(store, model.genesis, undefined, () => true);
        let held: TreeDelta[] = [];
        for (const { seed, isHeldBack } of steps) {
          held.push(model.step(picksFrom(seed)));
          if (isHeldBack) continue;
          await write(store, held);
          held = [];
          compareAll(store, model);
        }
        await write(store, held);
        compareAll(store, model);
      }),
      { numRuns: 40 },
    );
  });

  it('are read back from LMDB as they were, also after closing and opening', async () => {
    await fc.assert(
      fc.asyncProperty(SCHEME, STEPS, async (scheme, steps) => {
        const path = mkdtempSync(join(tmpdir(), 'hotstuff-deltas-'));
        const model = new TreeModel(scheme, genesisOf(scheme));
        let store = await openLmdbStore({ path });
        try {
          await initializeStorage(store, model.genesis, undefined, () => true);
          for (const { seed, isHeldBack } of steps) {
            await write(store, [model.step(picksFrom(seed))]);
            if (isHeldBack) continue;
            await store.close();
            store = await openLmdbStore({ path });
            compareAll(store, model);
          }
          compareAll(store, model);
        } finally {
          await store.close();
          rmSync(path, { recursive: true, force: true });
        }
      }),
      { numRuns: 10 },
    );
  });
});
