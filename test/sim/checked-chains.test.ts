import { describe, expect, test } from 'vitest';
import type { CommittedBlock, InsertedBlock, TreeDelta } from '../../src/core/block-tree/delta.ts';
import { NO_APP_STATE_UPDATES } from '../../src/model/app.ts';
import type { Block } from '../../src/model/block.ts';
import { GENESIS_PC, GENESIS_RANKED_PC, type PhaseCertificate, rankOf } from '../../src/model/certificate.ts';
import { asBlockHash, asHeight, asPower } from '../../src/model/ids.ts';
import type { ValidatorSetUpdates } from '../../src/model/validator-set.ts';
import { invariants } from '../../src/simulator/checkers/invariants.ts';
import { validity } from '../../src/simulator/checkers/validity.ts';
import { createWorld } from '../../src/simulator/index.ts';
import type { CheckerFactory, ObservedReplica } from '../../src/simulator/observer.ts';

// Checkers that are shown made-up writes of a replica: which chains they let pass, and which not.

const world = createWorld({ n: 4, listeners: 1, seed: 1, traceMemory: 0 });
const { forge } = world;
const [replica] = world.honest as readonly [ObservedReplica];
const QUORUM = [0, 1, 2];

const delta = (some: Partial<TreeDelta>): TreeDelta => ({ inserts: [], commits: [], prunes: [], ...some });

const insertOf = (block: Block, updates: ValidatorSetUpdates | null = null): InsertedBlock => ({
  block,
  effects: { appStateUpdates: NO_APP_STATE_UPDATES, validatorSetUpdates: updates, hasCommands: false },
  updatesBefore: 0,
});

const commitOf = ({ hash, height }: Block, commitPc: PhaseCertificate | null = null): CommittedBlock => ({
  hash,
  height,
  commitPc,
});

/** Shows `deltas` to a fresh checker, one after the other; returns its finding, null when there is none. */
function findingOf(checker: CheckerFactory, deltas: readonly Partial<TreeDelta>[]): string | null {
  const stop = (what: string): never => {
    throw new Error(what);
  };
  try {
    const { onBoot, onWritten } = checker(world, stop);
    onBoot?.(replica, {
      highestCommitted: null,
      uncommitted: [],
      lockedPc: GENESIS_RANKED_PC,
      highestPc: GENESIS_RANKED_PC,
    } as never);
    for (const one of deltas) onWritten?.(replica, delta(one));
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const generic = (view: number, { hash }: Block, signers: readonly number[] = QUORUM): PhaseCertificate =>
  forge.phaseCertificate({ view, block: hash, signers });

const first = forge.block({ height: 0, justify: GENESIS_PC });
const second = forge.block({ height: 1, justify: generic(1, first) });

describe('validity', () => {
  const commit = (block: Block, parent = first): readonly Partial<TreeDelta>[] => [
    { inserts: [insertOf(parent)], commits: [commitOf(parent)] },
    { inserts: [insertOf(block)], commits: [commitOf(block)] },
  ];

  test('lets a chain pass that is as it should be', () => {
    expect(findingOf(validity, commit(second))).toBeNull();
  });

  test('notices a block on one of another height (R4)', () => {
    const tall = forge.block({ height: 5, justify: generic(1, first) });
    expect(findingOf(validity, commit(tall))).toMatch(/is on a block of height 0/);
  });

  test('notices a justify that too few have signed', () => {
    const weak = forge.block({ height: 1, justify: generic(1, first, [0, 1]) });
    expect(findingOf(validity, commit(weak))).toMatch(/a justify that no quorum signed/);
  });

  test('notices a justify of the wrong phase', () => {
    const justify = forge.phaseCertificate({ view: 1, block: first.hash, phase: 'decide', signers: QUORUM });
    expect(findingOf(validity, commit(forge.block({ height: 1, justify })))).toMatch(/a decide justify/);
  });

  test('notices a wrong hash, and data of another hash (R17)', () => {
    const lie = { ...second, hash: asBlockHash('ab'.repeat(32)) };
    expect(findingOf(validity, commit(lie))).toMatch(/a wrong hash/);
    const swapped = { ...second, data: [Uint8Array.of(1)] };
    expect(findingOf(validity, commit(swapped))).toMatch(/data that is not of its data hash/);
  });

  test('notices a block that nobody inserted, and one that skips its parent', () => {
    expect(findingOf(validity, [{ commits: [commitOf(first)] }])).toMatch(/which nobody inserted/);
    const skipping = [{ inserts: [insertOf(first), insertOf(second)], commits: [commitOf(second)] }];
    expect(findingOf(validity, skipping)).toMatch(/does not extend/);
  });

  test('notices an update that the wrong certificate commits (R10)', () => {
    const updates = {
      inserts: [{ id: world.replica(4).id, power: asPower(1), possession: null }],
      deletes: [],
    };
    const withPc = (commitPc: PhaseCertificate | null): string | null =>
      findingOf(validity, [{ inserts: [insertOf(first, updates)], commits: [commitOf(first, commitPc)] }]);
    const pc = (phase: 'commit' | 'precommit', signers: readonly number[]): PhaseCertificate =>
      forge.phaseCertificate({ view: 4, block: first.hash, phase, signers });
    expect(withPc(pc('commit', QUORUM))).toBeNull();
    expect(withPc(null)).toMatch(/no Commit certificate/);
    expect(withPc(pc('precommit', QUORUM))).toMatch(/a Commit certificate of another/);
    expect(withPc(pc('commit', [0, 1]))).toMatch(/a Commit certificate of no quorum/);
  });
});

describe('invariants', () => {
  const ranked = (pc: PhaseCertificate) => ({ pc, rank: rankOf(pc, 0) });
  const rival = forge.block({ height: 0, justify: GENESIS_PC, data: [Uint8Array.of(7)] });
  const start = { inserts: [insertOf(first), insertOf(second), insertOf(rival)] };

  test('let a lock pass that follows highestPc on the committed branch', () => {
    const moves = { highestPc: ranked(generic(2, second)), lockedPc: ranked(generic(1, first)) };
    expect(findingOf(invariants, [start, moves])).toBeNull();
  });

  test('notice a lock above highestPc', () => {
    const finding = findingOf(invariants, [start, { lockedPc: ranked(generic(1, first)) }]);
    expect(finding).toBe('r0 has a lock above its highestPc');
  });

  test('notice a lock and a highestPc off the committed branch', () => {
    const pc = ranked(generic(3, rival));
    const commit = {
      commits: [commitOf(first)],
      prunes: [{ hash: rival.hash, height: asHeight(0) }],
    };
    const highest = { highestPc: ranked(generic(4, second)) };
    expect(
      findingOf(invariants, [start, { highestPc: pc, lockedPc: pc }, { ...commit, ...highest }]),
    ).toMatch(/a lockedPc off its committed branch/);
    const locked = { lockedPc: ranked(generic(1, first)) };
    expect(findingOf(invariants, [start, { highestPc: pc }, { ...commit, ...locked }])).toMatch(
      /a highestPc off its committed branch/,
    );
  });

  test('notice a rank that is not that of the certificate', () => {
    const pc = generic(2, second);
    expect(findingOf(invariants, [start, { highestPc: { pc, rank: rankOf(pc, 3) } }])).toMatch(
      /of a wrong rank/,
    );
  });
});
