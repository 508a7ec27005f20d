import { describe, expect, test } from 'vitest';
import { assignedSet, isLockClauseSatisfied } from '../../../../src/core/block-tree/rules.ts';
import { branchTo, isSameOrAncestor } from '../../../../src/core/block-tree/tree.ts';
import { asHeight, asView } from '../../../../src/model/ids.ts';
import { afterDecision, follow, inViewOne, listener, play } from './play.ts';

// What no run of honest sets reaches, because other rules cover for it, is shown on the predicates themselves.

describe('The lock clause', () => {
  test('finds the locked block at any depth (R3)', () => {
    const world = inViewOne('n=7 me=r0 tenure=1');
    follow(world, 7, 1, 3);
    const { core } = world;
    const { tree } = core;
    const [b1, , b3] = ['B1', 'B2', 'B3'].map((name) => world.hashOf(name));
    const lockedFar = { ...core.lockedPc.rank, view: asView(100) };
    core.lockedPc = { pc: core.lockedPc.pc, rank: lockedFar };
    expect(core.lockedPc.pc.block).toBe(b1);
    const child = { ...core.highestPc.pc, view: asView(3), block: b3 as never };
    expect(isLockClauseSatisfied(core, child, world.hashOf('B1'), b3 as never)).toBe(true);
    expect(isLockClauseSatisfied(core, child, 'another' as never, b3 as never)).toBe(true);
    expect(isSameOrAncestor(tree, b3 as never, b1 as never)).toBe(false);
  });
});

describe('Who must have signed (R11)', () => {
  test('of a block below the latest update: nobody', () => {
    const { core } = afterDecision('r9');
    const [, v] = [...core.tree.blocks.values()];
    const pc = { ...core.highestPc.pc, block: v?.header.hash as never, phase: 'generic' as const };
    expect(assignedSet(core, pc)).toBe(core.sets.committed);
    core.sets = { ...core.sets, updateHeight: asHeight(2) };
    expect(assignedSet(core, pc)).toBe('retired');
  });
});

describe('The tree', () => {
  test('a branch ends at the root', () => {
    const world = listener(4);
    play(world, 'advance from=r1 with=PC(4,B4)\ncertified');
    const { tree } = world.core;
    expect(branchTo(tree, world.hashOf('B4')).map(({ header }) => header.hash)).toEqual([
      world.hashOf('B3'),
      world.hashOf('B4'),
    ]);
    expect(branchTo(tree, world.hashOf('B2'))).toEqual([]);
    expect(branchTo(tree, world.hashOf('B1'))).toEqual([]);
    expect(isSameOrAncestor(tree, world.hashOf('B2'), world.hashOf('B4'))).toBe(true);
    expect(isSameOrAncestor(tree, world.hashOf('B4'), world.hashOf('B3'))).toBe(false);
  });
});
