import { describe, expect, test } from 'vitest';
import { GoldenWorld } from '../../../support/golden-world.ts';
import { beforeCommit, COMMIT, follow, inViewOne, play, sends } from './play.ts';

/** r2 leads view 2, which it entered by timer, without a certificate of view 1. */
function leaderByTimer(): GoldenWorld {
  const world = inViewOne('n=4 me=r2 tenure=1');
  follow(world, 4, 1, 1);
  expect(play(world, 'timer view')).toContain('timer new-views of view 2 in 250 ms');
  return world;
}

const asksTheApp = (effects: readonly string[]): boolean =>
  effects.some((effect) => effect.startsWith('ask the app'));

describe('R27: a proposer without a certificate of the view before', () => {
  test('waits for NewViews of a quorum, its own counted', () => {
    const world = leaderByTimer();
    expect(asksTheApp(play(world, 'new-view from=r0 view=1 highest=genesis'))).toBe(false);
    expect(asksTheApp(play(world, 'new-view from=r0 view=1 highest=genesis'))).toBe(false);
    expect(asksTheApp(play(world, 'new-view from=r9 view=1 highest=genesis'))).toBe(false);
    expect(asksTheApp(play(world, 'new-view from=r3 view=1 highest=genesis'))).toBe(true);
  });

  test('counts power, not heads', () => {
    const world = inViewOne('n=4 me=r2 tenure=1 powers=1,1,1,4');
    play(
      world,
      `timer view
       new-view from=r0 view=1 highest=genesis`,
    );
    expect(asksTheApp(play(world, 'new-view from=r1 view=1 highest=genesis'))).toBe(false);
    expect(asksTheApp(play(world, 'new-view from=r3 view=1 highest=genesis'))).toBe(true);
  });

  test('does not wait when it has one', () => {
    const world = inViewOne('n=4 me=r2 tenure=1');
    follow(world, 4, 1, 1);
    expect(asksTheApp(play(world, 'new-view from=r0 view=1 highest=PC(1,B1)\ncertified'))).toBe(true);
  });

  test('waits a quarter view at most', () => {
    expect(asksTheApp(play(leaderByTimer(), 'timer new-views after=250'))).toBe(true);
  });

  test('and for the blocks of their certificates', () => {
    const world = leaderByTimer();
    play(
      world,
      `block name=Y on=genesis only-named
       new-view from=r0 view=1 highest=PC(1,Y)
       certified`,
    );
    expect(asksTheApp(play(world, 'new-view from=r3 view=1 highest=genesis'))).toBe(false);
    play(world, 'blocks from=r0 with=Y highest=PC(1,Y)');
    expect(asksTheApp(play(world, 'valid'))).toBe(true);
  });

  test('but not for a block that no quorum has certified', () => {
    const world = leaderByTimer();
    play(
      world,
      `block name=Y on=genesis only-named
       new-view from=r0 view=1 highest=PC(1,Y)
       refused`,
    );
    expect(asksTheApp(play(world, 'new-view from=r3 view=1 highest=genesis'))).toBe(true);
  });

  test('asks again for a better block when a higher certificate comes while the app is busy', () => {
    const world = leaderByTimer();
    play(world, 'new-view from=r0 view=1 highest=genesis\nnew-view from=r3 view=1 highest=genesis');
    const effects = play(world, 'advance from=r0 with=PC(1,B1)\ncertified');
    expect(effects).toContain('cancel');
    expect(asksTheApp(effects)).toBe(true);
    expect(sends(play(world, 'produced block=B2'), 'proposal')).toHaveLength(1);
    expect(world.core.tree.blocks.get(world.hashOf('B2'))?.header.height).toBe(1);
  });
});

describe('NewViews', () => {
  test('go to a leader that has not shown the certificate of the view before', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 1);
    const effects = play(world, 'advance from=r1 with=PC(1,B1)\ncertified');
    expect(sends(effects, 'new-view')).toEqual(['send new-view(1, PC(1,B1)) -> r2']);
    expect(sends(play(world, 'timer view'), 'new-view')).toEqual(['send new-view(2, PC(1,B1)) -> r3']);
  });

  test.each([
    ['with its proposal', 'proposal from=r2 view=2 block=B2 on=PC(1,B1)'],
    ['before it waits for commands', 'advance from=r2 with=PC(1,B1)'],
  ])('but not to one that has, %s: it would learn nothing', (_, message) => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 1);
    expect(sends(play(world, `${message}\ncertified`), 'new-view')).toEqual([]);
    expect(world.status.view).toBe(2);
  });

  test('nor to oneself, whose word counts without it', () => {
    const world = inViewOne('n=4 me=r2 tenure=1');
    follow(world, 4, 1, 1);
    for (const voter of ['r0', 'r1', 'r3']) play(world, `vote from=${voter} view=1 block=B1`);
    expect(sends(play(world, 'formed'), 'new-view')).toEqual([]);
    expect(world.status.view).toBe(2);
  });

  test('go to a leader that has shown a certificate of a block that is not here: it may know a lower one', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 1);
    const effects = play(
      world,
      'block name=Y on=PC(1,B1) only-named\nadvance from=r3 with=PC(2,Y)\ncertified',
    );
    expect(sends(effects, 'new-view')).toEqual(['send new-view(2, genesis) -> r3']);
  });

  test('go to a leader that came with a timeout certificate', () => {
    const world = new GoldenWorld();
    const effects = play(world, 'world n=4 me=r0 tenure=1\nstart\nadvance from=r1 with=TC(0)\ncertified');
    expect(sends(effects, 'new-view')).toEqual(['send new-view(0, genesis) -> r1']);
  });

  test('go to the other leader of the view while an update is not decided', () => {
    const world = beforeCommit('r1');
    const effects = play(world, COMMIT);
    expect(world.status.validatorSets.decided).toBe(false);
    expect(sends(effects, 'new-view')).toEqual(['send new-view(3, PC(3,U,commit)) -> r4']);
  });
});
