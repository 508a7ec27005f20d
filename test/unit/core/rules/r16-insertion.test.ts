import { describe, expect, test } from 'vitest';
import { inViewOne, listener, play, writes } from './play.ts';

describe('R16: inserting a block again changes nothing', () => {
  test('neither by another proposal of it', () => {
    const world = inViewOne('n=4 me=r9 tenure=1');
    play(
      world,
      `proposal from=r1 view=1 block=U on=genesis
       valid update=+r4
       advance from=r2 with=PC(1,U,prepare)
       certified
       timer view`,
    );
    for (let again = 0; again < 19; again++) {
      const view = world.status.view;
      if (view % 10 === 0) play(world, `advance from=r1 with=TC(${view})\ncertified`);
      const effects = play(
        world,
        `proposal from=r${world.status.view % 4} view=${world.status.view} block=U`,
      );
      expect(writes(effects)).toEqual([]);
      play(world, 'timer view');
    }
    expect(world.core.tree.genesisChildren).toEqual([world.hashOf('U')]);
    expect(world.core.tree.blocks.size).toBe(1);
  });

  test('nor when the app validates it twice at the same time', () => {
    const world = inViewOne('n=4 me=r9 tenure=1');
    play(world, 'proposal from=r1 view=1 block=A on=genesis\ntimer view\nproposal from=r2 view=2 block=A');
    expect(writes(play(world, 'valid'))).toEqual(['lazy: insert A']);
    expect(writes(play(world, 'valid'))).toEqual([]);
  });

  test('nor by a sync', () => {
    const world = listener(3);
    play(
      world,
      `block name=B4 on=PC(3,B3) only-named
       advance from=r2 with=PC(4,B4)
       certified`,
    );
    const effects = play(world, 'blocks from=r2 with=B1,B2,B3,B4 highest=PC(4,B4)\nvalid');
    expect(writes(effects).join()).toContain('insert B4');
    expect(writes(effects).join()).not.toMatch(/insert B[123]/);
    for (const name of ['B1', 'B2', 'B3']) {
      expect(world.core.tree.blocks.get(world.hashOf(name))?.children ?? ['one']).toHaveLength(1);
    }
  });
});
