import { describe, expect, test } from 'vitest';
import { certificatesOf, follow, inViewOne, listener, play, sends } from './play.ts';

describe('R28: certificates are processed first, whatever the view of their message', () => {
  test('a proposal of a far view moves the view by its justify, and waits for its own', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 1);
    play(world, 'proposal from=r2 view=18 block=X on=PC(7,B1)\ncertified');
    expect(world.status.view).toBe(8);
    expect(certificatesOf(world, ['B1']).highest).toBe('7 B1 generic');
    expect(world.core.inbox.bytes).toBe(100);
  });

  test('a stale NewView still raises highestPc', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 2);
    play(world, 'timer view\ntimer view');
    expect(world.status.view).toBe(4);
    play(world, 'new-view from=r3 view=2 highest=PC(2,B2)\ncertified');
    expect(certificatesOf(world, ['B2']).highest).toBe('2 B2 generic');
    expect(world.status.view).toBe(4);
  });

  test('so does a stale proposal, and a nudge that is refused', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 2);
    play(world, 'timer view\ntimer view\nproposal from=r3 view=3 block=X on=PC(2,B2)\ncertified');
    expect(certificatesOf(world, ['B2']).highest).toBe('2 B2 generic');
    play(world, 'nudge from=r3 view=4 justify=PC(3,B2)\ncertified');
    expect(certificatesOf(world, ['B2']).highest).toBe('3 B2 generic');
  });

  test('highestPc shown again is nothing new, and the same with other signers is judged by itself', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 2);
    expect(certificatesOf(world, ['B1']).highest).toBe('1 B1 generic');
    expect(play(world, 'new-view from=r1 view=1 highest=PC(1,B1)')).toEqual([]);
    expect(play(world, 'new-view from=r3 view=1 highest=PC(1,B1)/4:0.1')).toEqual([]);
    expect(play(world, 'advance from=r1 with=PC(7,B2)')).toEqual(['verify PC(7,B2)']);
    expect(play(world, 'advance from=r3 with=PC(7,B2)')).toEqual(['reject advance-view of r3: muted']);
  });

  test('a message that was kept is handled when its view is entered', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 1);
    play(world, 'proposal from=r3 view=3 block=X on=PC(1,B1)\ncertified');
    expect(world.status.view).toBe(2);
    expect(play(world, 'timer view')).toContain('have the app validate X (proposal)');
    expect(sends(play(world, 'valid'), 'vote(3, X')).toHaveLength(1);
  });

  test('a proposal without its parent is tried again when that arrives, and its slot is not used up', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 1);
    const effects = play(
      world,
      `block name=P on=PC(1,B1) only-named
       proposal from=r3 view=3 block=X on=PC(2,P)
       certified`,
    );
    expect(sends(effects, 'sync-request')).toEqual(['send sync-request(from 0) -> r3']);
    play(world, 'blocks from=r3 with=P highest=PC(2,P)');
    const arrived = play(world, 'valid');
    expect(arrived).toContain('have the app validate X (proposal)');
    expect(sends(play(world, 'valid'), 'vote(3, X')).toHaveLength(1);
  });

  test('a nudge without its block, too', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    play(
      world,
      'block name=U on=genesis only-named\nnudge from=r2 view=2 justify=PC(1,U,prepare)\ncertified',
    );
    play(world, 'blocks from=r2 with=U highest=PC(1,U,prepare)');
    expect(sends(play(world, 'valid update=+r4'), 'vote(2, U, precommit)')).toHaveLength(1);
  });

  test('a block that a certificate vouches for is taken from a late proposal', () => {
    const world = listener(3);
    play(world, 'block name=Y on=PC(3,B3) only-named\nadvance from=r2 with=PC(4,Y)\ncertified');
    play(world, 'proposal from=r0 view=4 block=Y\ncertified\nvalid');
    expect(certificatesOf(world, ['Y']).highest).toBe('4 Y generic');
    expect(world.core.kept.size).toBe(0);
  });
});
