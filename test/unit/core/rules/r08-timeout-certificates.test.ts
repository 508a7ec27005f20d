import { describe, expect, test } from 'vitest';
import { GoldenWorld } from '../../../support/golden-world.ts';
import { inViewOne, play, sends } from './play.ts';

function inView(view: number): GoldenWorld {
  const world = new GoldenWorld();
  play(world, `world n=4 me=r0 tenure=1\nrestart view=${view}`);
  return world;
}

describe('R8: which TCs count', () => {
  test('none of another chain (T16)', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    expect(play(world, 'advance from=r1 with=TC(1000000) chain=99')).toEqual([]);
    expect(world.status.view).toBe(1);
  });

  test('none of a view that is no epoch-change view, as advertised heights would make them (T4)', () => {
    const world = inView(23);
    expect(play(world, 'timeout-vote from=r1 view=50 tc=TC(17)')).toEqual([]);
    expect(play(world, 'advance from=r1 with=TC(37)')).toEqual([]);
    expect(world.status.view).toBe(23);
  });

  test('a genuine old one is learnt, and moves no view (T17)', () => {
    const world = inView(55);
    play(world, 'timeout-vote from=r1 view=60 tc=TC(50)\ncertified');
    expect(world.core.highestTc?.view).toBe(50);
    expect(world.status.view).toBe(55);
    play(world, 'timeout-vote from=r2 view=60 tc=TC(40)');
    expect(world.core.highestTc?.view).toBe(50);
  });

  test('one of this view or a later one moves it', () => {
    const world = inView(50);
    play(world, 'advance from=r1 with=TC(50)\ncertified');
    expect(world.status.view).toBe(51);
    play(world, 'timeout-vote from=r1 view=80 tc=TC(70)\ncertified');
    expect(world.status.view).toBe(71);
  });

  test('one that no quorum signed moves nothing; somebody may know of another set', () => {
    const world = inView(50);
    const effects = play(world, 'advance from=r1 with=TC(50)\nrefused');
    expect(world.status.view).toBe(50);
    expect(world.core.highestTc).toBeNull();
    expect(sends(effects, 'sync-request')).toHaveLength(1);
  });
});

describe('A TimeoutVote', () => {
  test('waits for the entry into its view to be durable', () => {
    const world = inView(9);
    play(world, 'persisted');
    const entered = play(world, 'timer view');
    expect(entered).toContain('write #2 lazy: view 10');
    const effects = play(world, 'timer view');
    expect(effects[0]).toBe('write #3 now: nothing');
    expect(effects).toContain('send timeout-vote(10) -> all after #2');
  });

  test('is repeated at every deadline of an epoch-change view, which no timer ends', () => {
    const world = inView(10);
    for (let deadline = 0; deadline < 3; deadline++) {
      const effects = play(world, 'timer view');
      expect(sends(effects, 'timeout-vote(10)')).toHaveLength(1);
      expect(effects).toContain('timer view of view 10 in 1000 ms');
    }
    expect(world.status.view).toBe(10);
  });

  test('a quorum of them makes a TC, which is broadcast and opens the next view', () => {
    const world = inView(10);
    play(world, 'timeout-vote from=r1 view=10\ntimeout-vote from=r1 view=10\ntimeout-vote from=r9 view=10');
    expect(play(world, 'timeout-vote from=r2 view=10')).toEqual([]);
    expect(play(world, 'timeout-vote from=r3 view=10')).toEqual(['form TC(10) of r1,r2,r3']);
    const effects = play(world, 'formed');
    expect(effects).toContain('enter view 11 by certificate');
    expect(sends(effects, 'advance')).toEqual(['send advance(TC(10)) -> all']);
  });

  test('listeners send none, and wait with the others', () => {
    const world = new GoldenWorld();
    play(world, 'world n=4 me=r9 tenure=1\nrestart view=10');
    expect(sends(play(world, 'timer view'))).toEqual([]);
    expect(world.status.view).toBe(10);
  });
});
