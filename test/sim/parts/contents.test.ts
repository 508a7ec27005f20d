import { describe, expect, test } from 'vitest';
import type { InsertedBlock, TreeDelta } from '../../../src/core/block-tree/delta.ts';
import { NO_APP_STATE_UPDATES } from '../../../src/model/app.ts';
import type { Block } from '../../../src/model/block.ts';
import { GENESIS_PC, type PhaseCertificate } from '../../../src/model/certificate.ts';
import { StorageError } from '../../../src/model/errors.ts';
import { asBlockHash, asDataHash, asHeight, asView, type BlockHash } from '../../../src/model/ids.ts';
import type { DiskReads } from '../../../src/simulator/contents.ts';
import {
  type CheckerFactory,
  createWorld,
  randomFaults,
  stormy,
  uniform,
  type World,
} from '../../../src/simulator/index.ts';
import { ObjectContents } from '../../../src/simulator/object-contents.ts';

const LISTENERS = 2;

/** Crashes, losses, changes of the validator set, commands, sync: all that a disk may see. */
function busyWorld(
  options: { readonly seed: number; readonly records: boolean },
  check?: CheckerFactory,
): World {
  const world = createWorld({
    ...options,
    n: 4,
    listeners: LISTENERS,
    network: stormy(4_000, uniform(1, 100), 1_000),
    latencies: { flush: uniform(1, 30) },
    ...(check === undefined ? {} : { checkers: [check] }),
  });
  randomFaults(world, { untilMs: 12_000, everyMs: 400 });
  world.submit({ set: { a: '1', b: '2' } });
  world.updateValidators({ insert: { 4: 1 } });
  world.after(6_000, () => {
    world.submit({ set: { a: '3' }, delete: ['b'] });
    world.updateValidators({ insert: { 5: 2 }, remove: [0] });
  });
  world.run({ ms: 30_000 });
  return world;
}

test.each([1, 2, 3, 4, 5, 6])('records and objects make the same history: seed %i', (seed) => {
  const [records, objects] = [busyWorld({ seed, records: true }), busyWorld({ seed, records: false })];
  expect(records.height).toBeGreaterThan(20);
  expect(objects.traceHash).toBe(records.traceHash);
  for (const { index } of records.replicas) {
    for (const key of ['a', 'b', 'key1'])
      expect(objects.replica(index).get(key)).toBe(records.replica(index).get(key));
  }
});

/** What both must say alike, but for the digests of states, which only stand for them. */
function compare(objects: DiskReads, records: DiskReads, world: World): void {
  const recovered = records.recovered();
  expect(objects.recovered()).toEqual(recovered);
  const height = records.committedHeight();
  expect(objects.committedHeight()).toBe(height);
  const tip = recovered.uncommitted.at(-1)?.header.hash ?? recovered.highestCommitted?.header.hash;
  if (tip === undefined) return;
  expect(objects.block(tip)).toEqual(records.block(tip));
  const [view, expected] = [objects.appView(tip), records.appView(tip)];
  expect(view?.height).toBe(expected?.height);
  expect(view?.validatorSet).toEqual(expected?.validatorSet);
  expect(view?.appStateHash).toEqual(expected?.appStateHash);
  for (const key of ['a', 'b', 'key3', 'nothing']) {
    const bytes = Buffer.from(key);
    expect(view?.get(bytes)).toEqual(expected?.get(bytes));
    expect(objects.appState(bytes)).toEqual(records.appState(bytes));
  }
  const below = records.committedHash(height - 2);
  expect(objects.committedHash(height - 2)).toBe(below);
  if (below !== null) expect([objects.appView(below), records.appView(below)]).toEqual([null, null]);
  const branch = recovered.uncommitted.map(({ header }) => header.hash);
  const startHeight = asHeight(Math.max(0, height - 5));
  const ask = { startHeight, limit: 64, branch, highestPc: recovered.highestPc.pc };
  const { limits } = world.chain;
  for (const tight of [limits, { ...limits, maxSyncBytes: 300 }, { ...limits, maxSyncBlocks: 2 }])
    expect(objects.syncResponse(ask, tight)).toEqual(records.syncResponse(ask, tight));
}

test('at every write, flush and crash of a faulty world, objects say what records say', () => {
  const twins = new Map<number, ObjectContents>();
  let [compared, crashes] = [0, 0];
  const twinOf = (index: number): ObjectContents => twins.get(index) as ObjectContents;
  const world = busyWorld({ seed: 11, records: true }, (observed) => ({
    name: 'twins',
    onBoot({ index, contents }) {
      const { genesis } = observed as World;
      if (!twins.has(index)) twins.set(index, new ObjectContents(genesis, observed.genesisSet));
      compare(twinOf(index), contents, observed as World);
    },
    onWritten({ index, contents }, delta) {
      twinOf(index).write(delta);
      if (compared++ % 11 === 0) compare(twinOf(index), contents, observed as World);
    },
    onDurable: ({ index }) => twinOf(index).settle(1),
    onCrash({ index, contents }) {
      twinOf(index).crash(0);
      crashes++;
      compare(twinOf(index), contents, observed as World);
    },
  }));
  expect(world.height).toBeGreaterThan(20);
  expect(compared).toBeGreaterThan(500);
  expect(crashes).toBeGreaterThan(5);
});

describe('objects', () => {
  const hashOf = (name: string): BlockHash =>
    asBlockHash(Buffer.from(name).toString('hex').padStart(64, '0'));
  const certificateOf = (block: BlockHash): PhaseCertificate => ({ ...GENESIS_PC, view: asView(1), block });
  const inserted = (name: string, height: number, parent?: string): InsertedBlock => {
    const justify = parent === undefined ? GENESIS_PC : certificateOf(hashOf(parent));
    const dataHash = asDataHash('0'.repeat(64));
    const block: Block = { height: asHeight(height), hash: hashOf(name), justify, dataHash, data: [] };
    const effects = { appStateUpdates: NO_APP_STATE_UPDATES, validatorSetUpdates: null, hasCommands: false };
    return { block, effects, updatesBefore: 0 };
  };
  const delta = (what: Partial<TreeDelta>): TreeDelta => ({ inserts: [], commits: [], prunes: [], ...what });
  const commit = (
    name: string,
    height: number,
    commitPc: PhaseCertificate | null = null,
  ): TreeDelta['commits'][0] => ({
    hash: hashOf(name),
    height: asHeight(height),
    commitPc,
  });
  const prune = (name: string, height: number): TreeDelta['prunes'][0] => ({
    hash: hashOf(name),
    height: asHeight(height),
  });
  /** A is committed, B and its rival X are not. */
  const started = (): ObjectContents => {
    const world = createWorld({ n: 4, seed: 1 });
    const contents = new ObjectContents(world.genesis, world.genesisSet);
    contents.write(delta({ inserts: [inserted('A', 0), inserted('B', 1, 'A'), inserted('X', 1, 'A')] }));
    contents.write(delta({ commits: [commit('A', 0)] }));
    return contents;
  };

  test.each<[string, Partial<TreeDelta>]>([
    ['a block without its parent', { inserts: [inserted('C', 2, 'nobody')] }],
    ['a block of a wrong height', { inserts: [inserted('C', 3, 'B')] }],
    ['a block beside the committed ones', { inserts: [inserted('C', 0)] }],
    ['a commit of nothing', { commits: [commit('C', 1)] }],
    ['a commit that skips a height', { inserts: [inserted('C', 2, 'B')], commits: [commit('C', 2)] }],
    [
      'a commit off the committed branch',
      { inserts: [inserted('C', 2, 'X')], commits: [commit('B', 1), commit('C', 2)] },
    ],
    ['a certificate of an update that is none', { commits: [commit('B', 1, certificateOf(hashOf('B')))] }],
    ['a prune of what is committed', { prunes: [prune('X', 1), prune('A', 0)] }],
    ['a prune of nothing', { commits: [commit('B', 1)], prunes: [prune('X', 1), prune('C', 1)] }],
  ])('refuse %s, and nothing has changed', (_, what) => {
    const contents = started();
    const before = contents.recovered();
    expect(() => contents.write(delta(what))).toThrow(StorageError);
    expect(contents.recovered()).toEqual(before);
    expect(contents.committedHash(0)).toBe(hashOf('A'));
  });

  test('a block that comes again changes nothing (R16)', () => {
    const contents = started();
    const before = contents.recovered();
    contents.write(delta({ inserts: [inserted('B', 1, 'A'), inserted('A', 0)] }));
    expect(contents.recovered()).toEqual(before);
    contents.crash(0);
    expect(contents.committedHeight()).toBe(-1);
    expect(contents.block(hashOf('A'))).toBeNull();
  });

  test('a crash leaves what was settled and the survivors', () => {
    const contents = started();
    contents.settle(1);
    contents.write(delta({ commits: [commit('B', 1)], prunes: [prune('X', 1)] }));
    contents.crash(1);
    expect(contents.committedHeight()).toBe(0);
    expect(contents.block(hashOf('X'))).not.toBeNull();
    contents.crash(0);
    expect(contents.committedHeight()).toBe(0);
  });
});
