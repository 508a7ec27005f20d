import { describe, expect, test } from 'vitest';
import type { GoldenWorld } from '../../../support/golden-world.ts';
import { certificatesOf, commits, follow, inViewOne, play, rejections, writes } from './play.ts';

/** B2 and its sibling X were proposed in view 2; B1 and B2 are committed, X is pruned. */
function withPrunedSibling(): GoldenWorld {
  const world = inViewOne('n=4 me=r9 tenure=1');
  follow(world, 4, 1, 1);
  play(
    world,
    `proposal from=r2 view=2 block=B2 on=PC(1,B1)
     certified
     proposal from=r2 view=2 block=X on=PC(1,B1)
     valid
     valid`,
  );
  expect(world.status.uncommittedBlocks).toBe(3);
  follow(world, 4, 3, 5);
  expect(world.status.highestCommitted?.hash).toBe(world.hashOf('B2'));
  return world;
}

describe('R2: a certificate counts only if its block is on the committed branch', () => {
  test('committing prunes the siblings with their branches', () => {
    const world = inViewOne('n=4 me=r9 tenure=1');
    follow(world, 4, 1, 1);
    play(
      world,
      `proposal from=r2 view=2 block=B2 on=PC(1,B1)
       certified
       proposal from=r2 view=2 block=X on=PC(1,B1)
       valid
       valid`,
    );
    follow(world, 4, 3, 3);
    play(world, 'proposal from=r0 view=4 block=Y on=PC(3,X)\ncertified\nvalid');
    play(world, 'timer view');
    play(world, 'proposal from=r1 view=5 block=B4 on=PC(3,B3)\ncertified');
    const effects = play(world, 'valid\nadvance from=r3 with=PC(4,B4)\ncertified');
    expect(writes(effects).join()).toContain('commit B2, prune X, prune Y');
    expect(world.core.tree.blocks.has(world.hashOf('Y'))).toBe(false);
  });

  test('one of a pruned block moves neither lock nor highestPc, whatever its view', () => {
    const world = withPrunedSibling();
    const before = certificatesOf(world, ['B3', 'B4']);
    const effects = play(world, 'new-view from=r1 view=9 highest=PC(9,X)\ncertified');
    expect(commits(effects)).toEqual([]);
    expect(certificatesOf(world, ['B3', 'B4'])).toEqual(before);
    expect(play(world, 'blocks from=r1 with=X highest=PC(9,X)').join()).not.toContain('validate');
    expect(world.core.tree.blocks.has(world.hashOf('X'))).toBe(false);
  });

  test('a block on a committed one that is not the highest is refused', () => {
    const world = withPrunedSibling();
    play(world, 'timer view');
    const effects = play(world, 'proposal from=r2 view=6 block=Y on=PC(1,B1)');
    expect(rejections(effects)).toEqual(['reject proposal of r2: not-on-committed-branch']);
  });

  test('so is one that lies about its height to look newer (T2)', () => {
    const world = withPrunedSibling();
    play(world, 'timer view');
    const effects = play(world, 'proposal from=r2 view=6 block=Y on=PC(1,B1) height=9\ntimer view');
    expect(effects.join()).not.toContain('validate');
    expect(world.core.tree.blocks.size).toBe(4);
  });

  test('nothing is proposed on genesis again', () => {
    const world = withPrunedSibling();
    play(world, 'timer view');
    const effects = play(world, 'proposal from=r2 view=6 block=Y on=genesis');
    expect(rejections(effects)).toEqual(['reject proposal of r2: not-on-committed-branch']);
  });

  test('a certificate must fit its block: Generic if and only if the set stays', () => {
    const world = inViewOne('n=4 me=r9 tenure=1');
    follow(world, 4, 1, 1);
    for (const phase of ['prepare', 'precommit', 'commit', 'decide']) {
      play(world, `advance from=r2 with=PC(1,B1,${phase})\ncertified`);
      expect(certificatesOf(world, ['B1']).highest).toBe('0 genesis generic');
    }
    const other = inViewOne('n=4 me=r9 tenure=1');
    play(
      other,
      `proposal from=r1 view=1 block=U on=genesis
       valid update=+r4
       advance from=r2 with=PC(1,U)
       certified`,
    );
    expect(certificatesOf(other, ['U']).highest).toBe('0 genesis generic');
  });
});
