import { describe, expect, test } from 'vitest';
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
