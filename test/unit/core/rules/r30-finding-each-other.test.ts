import { describe, expect, test } from 'vitest';
import { GoldenWorld } from '../../../support/golden-world.ts';
import { inViewOne, play, sends } from './play.ts';

const inView = (view: number, options = 'n=4 me=r0 tenure=1 epoch=40'): GoldenWorld => {
  const world = new GoldenWorld();
  play(world, `world ${options}\nrestart view=${view}`);
  return world;
};

describe('R30: replicas apart by timers meet by what more than f have shown', () => {
  test('a replica enters the highest view that so much power has reached', () => {
    const world = inView(101);
    play(world, 'block name=A on=genesis only-named\nnew-view from=r2 view=103 highest=genesis');
    expect(world.status.view).toBe(101);
    const effects = play(world, 'vote from=r3 view=103 block=A');
    expect(effects).toContain('enter view 103 by timer');
  });

  test.each([
    ['a proposal', 'proposal from=r3 view=105 block=A on=genesis'],
    ['a nudge', 'nudge from=r3 view=105 justify=genesis'],
    ['a vote', 'vote from=r3 view=105 block=A'],
    ['a NewView of the view before', 'new-view from=r3 view=104 highest=genesis'],
  ])('%s shows its view', (_, message) => {
    const world = inView(101);
    play(world, `block name=A on=genesis only-named\nvote from=r2 view=110 block=A\n${message}`);
    expect(world.status.view).toBe(105);
  });

  test('a TimeoutVote shows its view', () => {
    const world = inView(118);
    play(world, 'timeout-vote from=r2 view=120\ntimeout-vote from=r3 view=120');
    expect(world.status.view).toBe(120);
  });

  test('but not beyond the next epoch-change view', () => {
    const world = inView(110);
    play(world, 'new-view from=r2 view=130 highest=genesis\nnew-view from=r3 view=130 highest=genesis');
    expect(world.status.view).toBe(120);
  });

  test('and never out of one', () => {
    const world = inView(120);
    play(world, 'new-view from=r2 view=130 highest=genesis\nnew-view from=r3 view=130 highest=genesis');
    expect(world.status.view).toBe(120);
  });

  test('power counts, of active validators only, its own left out', () => {
    const world = inView(101, 'n=4 me=r0 tenure=1 epoch=40 powers=3,1,1,5');
    // Of 10, a quorum is 7: more than 3 must be ahead.
    play(world, 'new-view from=r1 view=103 highest=genesis\nnew-view from=r2 view=103 highest=genesis');
    play(world, 'new-view from=r9 view=103 highest=genesis');
    expect(world.status.view).toBe(101);
    play(world, 'new-view from=r3 view=102 highest=genesis');
    expect(world.status.view).toBe(103);
  });

  test('who has left two views in a row by timer sends NewViews to all', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    expect(sends(play(world, 'timer view'))).toEqual(['send new-view(1, genesis) -> r2']);
    expect(sends(play(world, 'timer view'))).toEqual(['send new-view(2, genesis) -> r0,r1,r2,r3']);
    play(world, 'advance from=r1 with=TC(10)\ncertified');
    expect(sends(play(world, 'timer view'), 'new-view')).toEqual(['send new-view(11, genesis) -> r0']);
  });
});
