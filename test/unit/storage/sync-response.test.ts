import { describe, expect, it } from 'vitest';
import { blockSize } from '../../../src/codec/block.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { asHeight, asPower, type BlockHash } from '../../../src/model/ids.ts';
import { readSyncResponse } from '../../../src/storage/sync-response.ts';
import { blockOn, bytesFrom, commitOf, pcOf, replicaId } from './support/fixtures.ts';
import { apply, chainOf, storeOfChain, storeWith } from './support/tree.ts';

const SCHEME = 'ed25519';
const LIMITS = DEFAULT_LIMITS;
const hashFrom = (seed: string): BlockHash => Buffer.from(bytesFrom(seed, 32)).toString('hex') as BlockHash;

const highestPc = pcOf(SCHEME, 1_000, hashFrom('tip'));

describe('a sync response', () => {
  const { store, blocks } = storeOfChain(SCHEME, 8, 5);
  const hashes = blocks.map(({ block }) => block.hash);
  const branch = hashes.slice(5);
  const ask = { startHeight: asHeight(0), limit: 100, branch, highestPc };
  const heightsOf = (fields: Partial<typeof ask> = {}, limits = LIMITS) =>
    readSyncResponse(store.snapshot(), { ...ask, ...fields }, limits).blocks.map(({ height }) => height);

  it('has the committed blocks, then the branch, whole and oldest first', () => {
    const response = readSyncResponse(store.snapshot(), ask, LIMITS);
    expect(response).toEqual({
      type: 'block-sync-response',
      blocks: blocks.map(({ block }) => block),
      highestPc,
    });
  });

  it('begins where it is asked to, in the branch too', () => {
    expect(heightsOf({ startHeight: asHeight(3) })).toEqual([3, 4, 5, 6, 7]);
    expect(heightsOf({ startHeight: asHeight(6) })).toEqual([6, 7]);
    expect(heightsOf({ startHeight: asHeight(8) })).toEqual([]);
    expect(heightsOf({ startHeight: asHeight(2 ** 53 - 1) })).toEqual([]);
  });

  it("keeps to the asked number of blocks and to the chain's", () => {
    expect(heightsOf({ limit: 3 })).toEqual([0, 1, 2]);
    expect(heightsOf({ limit: 0 })).toEqual([]);
    expect(heightsOf({ limit: 6 })).toEqual([0, 1, 2, 3, 4, 5]);
    expect(heightsOf({ limit: 2 ** 32 - 1 }, { ...LIMITS, maxSyncBlocks: 2 })).toEqual([0, 1]);
  });

  it('keeps to the bytes of a response, counted as on the wire', () => {
    const threeBlocks = blocks.slice(0, 3).reduce((sum, { block }) => sum + blockSize(SCHEME, block), 0);
    expect(heightsOf({}, { ...LIMITS, maxSyncBytes: threeBlocks })).toEqual([0, 1, 2]);
    expect(heightsOf({}, { ...LIMITS, maxSyncBytes: threeBlocks - 1 })).toEqual([0, 1]);
  });

  it('has one block whatever its size, then with the certificate that lets the receiver take it', () => {
    const response = readSyncResponse(store.snapshot(), ask, { ...LIMITS, maxSyncBytes: 1 });
    expect(response.blocks).toEqual([blocks[0]!.block]);
    expect(response.highestPc).toEqual(blocks[1]!.block.justify);
    expect(response.highestPc.block).toBe(hashes[0]);
    const last = readSyncResponse(store.snapshot(), { ...ask, startHeight: asHeight(7), limit: 1 }, LIMITS);
    expect(last.highestPc).toEqual(highestPc);
  });

  it('does without a branch that has gone, and follows one that was committed meanwhile', () => {
    expect(heightsOf({ branch: [] })).toEqual([0, 1, 2, 3, 4]);
    expect(heightsOf({ branch: [hashFrom('pruned'), ...branch] })).toEqual([0, 1, 2, 3, 4]);
    expect(heightsOf({ branch: hashes.slice(3) })).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('leaves no gap: a branch that does not follow on is left out', () => {
    const sibling = blockOn(SCHEME, blocks[3]!.block, { view: 77 });
    const child = blockOn(SCHEME, sibling.block, { view: 78 });
    const other = storeWith(SCHEME, {
      inserts: [...blocks, sibling, child],
      commits: blocks.slice(0, 4).map((block) => commitOf(block)),
    });
    const read = (fields: Partial<typeof ask>) =>
      readSyncResponse(other.snapshot(), { ...ask, ...fields }, LIMITS).blocks.map(({ hash }) => hash);
    expect(read({ branch: [sibling.block.hash, child.block.hash] })).toEqual([
      ...hashes.slice(0, 4),
      sibling.block.hash,
      child.block.hash,
    ]);
    expect(read({ branch: [child.block.hash] })).toEqual(hashes.slice(0, 4));
    expect(read({ branch: [hashes[4] as BlockHash, child.block.hash] })).toEqual(hashes.slice(0, 5));
  });
});

describe('a sync response that meets an update of the validator set (R10)', () => {
  const [first] = chainOf(SCHEME, 1);
  const updates = {
    inserts: [{ id: replicaId(SCHEME, 9), power: asPower(1), possession: null }],
    deletes: [],
  };
  const vsu = blockOn(SCHEME, first!.block, { effects: { validatorSetUpdates: updates } });
  const after = blockOn(SCHEME, vsu.block, { phase: 'decide', updatesBefore: 1 });
  const commitPc = pcOf(SCHEME, 9, vsu.block.hash, 'commit');
  const store = storeWith(SCHEME, { inserts: [first!, vsu, after], commits: [commitOf(first!)] });
  const ask = (startHeight: number) => ({
    startHeight: asHeight(startHeight),
    limit: 10,
    branch: [vsu.block.hash, after.block.hash],
    highestPc,
  });

  it('goes on over a pending one', () => {
    const { blocks, highestPc: pc } = readSyncResponse(store.snapshot(), ask(0), LIMITS);
    expect(blocks.length).toBe(3);
    expect(pc).toEqual(highestPc);
  });

  it('ends at a committed one with its Commit certificate, and the next begins behind it', () => {
    const committed = store.copy();
    apply(committed, { commits: [commitOf(vsu, commitPc)] });
    const response = readSyncResponse(committed.snapshot(), ask(0), LIMITS);
    expect(response.blocks).toEqual([first!.block, vsu.block]);
    expect(response.highestPc).toEqual(commitPc);
    const next = readSyncResponse(committed.snapshot(), ask(2), LIMITS);
    expect(next.blocks).toEqual([after.block]);
    expect(next.highestPc).toEqual(highestPc);
  });
});
