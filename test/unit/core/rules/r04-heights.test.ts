import { describe, expect, test } from 'vitest';
import { follow, inViewOne, listener, play, rejections } from './play.ts';

describe('R4: height is the height of the parent plus one', () => {
  test.each(['0', '1', '3', '9007199254740991'])('a child of height %s on height 1 is refused', (height) => {
    const world = listener(2);
    const effects = play(
      world,
      `proposal from=r3 view=3 block=X on=PC(2,B2) height=${height}
       certified`,
    );
    expect(rejections(effects)).toEqual(['reject proposal of r3: bad-height']);
  });

  test('also from a sync server, who is to blame for it', () => {
    const world = listener(3);
    play(
      world,
      `block name=X on=PC(3,B3) height=7 only-named
       advance from=r2 with=PC(4,X)
       certified`,
    );
    const effects = play(world, 'blocks from=r2 with=X highest=PC(4,X)');
    expect(rejections(effects)).toEqual(['reject block-sync-response of r2: uncertified-block']);
    expect(world.core.tree.blocks.has(world.hashOf('X'))).toBe(false);
  });
});

describe('R5: chains do not mix', () => {
  test('messages of another chain are not looked at', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    for (const message of [
      'proposal from=r1 view=1 block=B1 on=genesis chain=8',
      'nudge from=r1 view=1 justify=genesis chain=8',
      'vote from=r1 view=1 block=B1 chain=8',
      'new-view from=r1 view=0 highest=genesis chain=8',
      'timeout-vote from=r1 view=10 chain=8',
      'advertise from=r1 height=3 chain=8',
      'ask-blocks from=r1 start=0 limit=1 chain=8',
    ]) {
      expect(play(world, message)[0]).toMatch(/^reject .*: wrong-chain$/);
    }
  });

  test('certificates of another chain certify nothing', () => {
    const world = inViewOne('n=4 me=r9 tenure=1');
    follow(world, 4, 1, 1);
    expect(play(world, 'advance from=r1 with=PC(1,B1) chain=8')).toEqual([]);
    expect(world.status.view).toBe(1);
  });

  test('a proposal is of a later view than its justify, even that of a block that is being fetched', () => {
    const world = listener(4);
    play(world, 'block name=Y on=PC(3,B3) only-named\nadvance from=r2 with=PC(4,Y)\ncertified');
    expect(rejections(play(world, 'proposal from=r0 view=3 block=Y'))).toEqual([
      'reject proposal of r0: bad-justify',
    ]);
  });

  test('a nudge needs a certificate of an earlier view', () => {
    const world = inViewOne('n=4 me=r9 tenure=1');
    play(
      world,
      `proposal from=r1 view=1 block=U on=genesis
       valid update=+r4
       timer view`,
    );
    const effects = play(world, 'nudge from=r2 view=2 justify=PC(2,U,commit)\nrefused');
    expect(rejections(effects)).toEqual(['reject nudge of r2: unsafe-nudge']);
  });
});
