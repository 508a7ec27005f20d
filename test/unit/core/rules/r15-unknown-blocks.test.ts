import { describe, expect, test } from 'vitest';
import { GoldenWorld } from '../../../support/golden-world.ts';
import { listener, play, sends, writes } from './play.ts';

describe('R15: certificates of unknown blocks are kept, and the blocks fetched', () => {
  test('a certified claim starts a fetch from its sender and is kept', () => {
    const world = listener(3);
    world.run('block name=Y on=PC(3,B3) only-named');
    const effects = play(
      world,
      `advance from=r2 with=PC(4,Y)
       certified`,
    );
    expect(sends(effects, 'sync-request')).toEqual(['send sync-request(from 0) -> r2']);
    expect(writes(effects)).toEqual(['lazy: view 5, keep PC(4,Y)']);
  });

  test('a claim that no quorum signed starts none, and takes no fetch the place', () => {
    const world = listener(3);
    play(
      world,
      `block name=X on=PC(3,B3) only-named
       block name=Y on=PC(3,B3) only-named
       timer view
       timer view`,
    );
    play(
      world,
      `proposal from=r1 view=5 block=Z on=PC(4,X)
       refused`,
    );
    expect(world.core.sync.fetch).toBeNull();
    play(
      world,
      `advance from=r2 with=PC(4,Y)
       certified`,
    );
    expect(world.core.sync.fetch?.target.block).toBe(world.hashOf('Y'));
  });

  test('nor does a nudge with such a claim', () => {
    const world = listener(3);
    play(
      world,
      `block name=X on=PC(3,B3) only-named
       timer view
       timer view
       nudge from=r1 view=5 justify=PC(4,X,prepare)
       refused`,
    );
    expect(world.core.sync.fetch).toBeNull();
  });
});

describe('R15: after a restart', () => {
  /** U replaced r0 by r4 and is decided; PC(6, C) had been kept of an unknown child of U. */
  const restarted = (): readonly [GoldenWorld, readonly string[]] => {
    const world = new GoldenWorld();
    const effects = play(
      world,
      `world n=4 me=r9 tenure=1
       block name=U on=genesis update=+r4,-r0
       block name=C on=PC(2,U,decide) only-named
       block name=D on=PC(6,C) only-named
       restart view=7 root=U highest=PC(2,U,decide) kept=PC(6,C) set=r1,r2,r3,r4 decided`,
    );
    return [world, effects];
  };

  test('the fetch goes on', () => {
    const [, effects] = restarted();
    expect(sends(effects, 'sync-request')).toEqual(['send sync-request(from 1) -> r1']);
  });

  test('so does that of the entry certificate', () => {
    const world = new GoldenWorld();
    const effects = play(
      world,
      `world n=4 me=r9 tenure=1
       block name=C on=genesis only-named
       restart view=7 entry=PC(6,C)`,
    );
    expect(sends(effects, 'sync-request')).toHaveLength(1);
    expect(world.core.sync.fetch?.target.block).toBe(world.hashOf('C'));
  });

  test('a kept certificate is verified when its block has come: the set may be another than the one it was kept under', () => {
    const [world] = restarted();
    expect(play(world, 'blocks from=r1 with=C highest=PC(2,U,decide)')).toContain('verify PC(6,C)');
    const effects = play(world, 'refused');
    expect(world.status.uncommittedBlocks).toBe(0);
    expect(world.status.highestPc.pc.view).toBe(2);
    expect(effects.join()).not.toContain('have the app validate C');
  });
});
