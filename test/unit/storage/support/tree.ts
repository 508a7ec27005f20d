import type { InsertedBlock, TreeDelta } from '../../../../src/core/block-tree/delta.ts';
import type { SchemeName } from '../../../../src/model/scheme.ts';
import { batchOf } from '../../../../src/storage/apply.ts';
import { genesisBatch } from '../../../../src/storage/genesis.ts';
import {
  type BlockOptions,
  blockOn,
  commitOf,
  delta,
  genesisOf,
  pcOf,
  rankedPc,
  setting,
} from './fixtures.ts';
import { MemoryMap } from './memory-map.ts';

/** A store in a map, with `fields` applied as one delta after another. */
export function storeWith(scheme: SchemeName, ...deltas: readonly Partial<TreeDelta>[]): MemoryMap {
  const store = new MemoryMap();
  store.apply(genesisBatch(genesisOf(scheme)));
  for (const fields of deltas) apply(store, fields);
  return store;
}

export const apply = (store: MemoryMap, fields: Partial<TreeDelta>): void =>
  store.apply(batchOf(store.snapshot(), delta(fields)));

/** `count` blocks on one another, each setting a key of its own. */
export function chainOf(scheme: SchemeName, count: number, options: BlockOptions = {}): InsertedBlock[] {
  const blocks: InsertedBlock[] = [];
  for (let at = 0; at < count; at++) {
    const data = [new TextEncoder().encode(`datum of ${at}`)];
    blocks.push(
      blockOn(scheme, blocks.at(-1)?.block ?? null, { data, effects: setting('k', `${at}`), ...options }),
    );
  }
  return blocks;
}

/** A store of `total` blocks, of which the first `committed` are; locked on the one before the last. */
export function storeOfChain(scheme: SchemeName, total: number, committed: number) {
  const blocks = chainOf(scheme, total);
  const [before, last] = blocks.slice(-2) as [InsertedBlock, InsertedBlock];
  const store = storeWith(scheme, {
    inserts: blocks,
    commits: blocks.slice(0, committed).map((block) => commitOf(block)),
    lockedPc: rankedPc(pcOf(scheme, total, before.block.hash), 0),
    highestPc: rankedPc(pcOf(scheme, total + 1, last.block.hash), 0),
  });
  return { store, blocks };
}
