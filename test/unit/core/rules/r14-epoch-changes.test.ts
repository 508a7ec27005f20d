import { describe, expect, test } from 'vitest';
import { GoldenWorld } from '../../../support/golden-world.ts';
import { inViewOne, listener, play, sends } from './play.ts';

/** r0 has left epoch-change view 10 by the certificate of 10, whose block it knows, and is in 13 by timers. */
function beyondTen(): GoldenWorld {
  const world = new GoldenWorld();
  play(
    world,
    `world n=4 me=r0 tenure=1
     block name=A on=genesis
     restart view=11 entry=PC(10,A) highest=PC(10,A)
     timer view
     timer view`,
  );
  expect(world.status.view).toBe(13);
  return world;
}

describe('R14: a stale TimeoutVote', () => {
  test("is answered with one's own for its view and the highest certificate held", () => {
    expect(sends(play(beyondTen(), 'timeout-vote from=r1 view=10'))).toEqual([
      'send timeout-vote(10) -> r1 after #3',
      'send advance(PC(10,A)) -> r1',
    ]);
  });

  test('with a TC or the entry certificate if that is the highest', () => {
    const byTc = new GoldenWorld();
    play(
      byTc,
      'world n=4 me=r0 tenure=1\nblock name=A on=genesis\nrestart view=31 highest=PC(10,A) tc=TC(20) entry=TC(30)',
    );
    expect(sends(play(byTc, 'timeout-vote from=r1 view=10'), 'advance')).toEqual([
      'send advance(TC(30)) -> r1',
    ]);
  });

  test('with its own vote alone when no certificate is high enough', () => {
    const world = new GoldenWorld();
    play(world, 'world n=4 me=r0 tenure=1\nblock name=A on=genesis\nrestart view=13 highest=PC(9,A)');
    expect(sends(play(world, 'timeout-vote from=r1 view=10'))).toEqual([
      'send timeout-vote(10) -> r1 after #1',
    ]);
  });

  test('is answered once per peer and view in a view time', () => {
    const world = beyondTen();
    play(world, 'timeout-vote from=r1 view=10');
    expect(sends(play(world, 'timeout-vote from=r1 view=10'))).toEqual([]);
    expect(sends(play(world, 'timeout-vote from=r2 view=10'))).toHaveLength(2);
    expect(sends(play(world, 'timeout-vote from=r1 view=0'))).toHaveLength(2);
    expect(sends(play(world, 'wait 1000\ntimeout-vote from=r1 view=10'))).toHaveLength(2);
  });

  test('is not answered by a listener', () => {
    const world = listener(3);
    expect(sends(play(world, 'timeout-vote from=r1 view=0'))).toEqual([]);
  });

  test('of a view that is no epoch-change view is refused', () => {
    expect(play(beyondTen(), 'timeout-vote from=r1 view=9')).toEqual(['reject timeout-vote of r1: stale']);
  });
});

describe('Leaving an epoch-change view', () => {
  test('a quorum of a set that is committed meanwhile makes a TC at the next deadline', () => {
    // U removes three of seven. r0 learns of its commit in view 10, where r1 and r2 vote to leave with it.
    const world = inViewOne('n=7 me=r0 tenure=1');
    play(
      world,
      `proposal from=r1 view=1 block=U on=genesis
       valid update=-r4,-r5,-r6
       advance from=r2 with=PC(2,U,precommit)
       certified
       advance from=r2 with=PC(9,U,precommit)
       certified
       timer view
       timeout-vote from=r0 view=10
       timeout-vote from=r1 view=10
       timeout-vote from=r2 view=10`,
    );
    expect(world.status.view).toBe(10);
    play(
      world,
      `advance from=r1 with=PC(3,U,commit)
       certified`,
    );
    expect(world.status.validatorSets.committed.validators).toHaveLength(4);
    expect(play(world, 'timer view')).toContain('form TC(10) of r0,r1,r2');
  });

  test('a certificate that cannot be applied counts, if a quorum of an active set signed it (T31)', () => {
    // The block is not known here; a phase that does not fit its block.
    const world = inViewOne('n=4 me=r0 tenure=1');
    play(world, 'block name=X on=genesis only-named\nadvance from=r1 with=PC(7,X,precommit)\ncertified');
    expect(world.status.view).toBe(8);
    play(world, 'proposal from=r0 view=8 block=A on=genesis\nvalid');
    play(world, 'advance from=r1 with=PC(8,A,commit)\ncertified');
    expect(world.status.view).toBe(9);
  });

  test('the certificate of genesis certifies no view', () => {
    const world = new GoldenWorld();
    play(world, 'world n=4 me=r0 tenure=1\nstart\nnew-view from=r1 view=0 highest=genesis');
    play(world, 'advance from=r1 with=genesis');
    expect(world.status.view).toBe(0);
  });

  test("a sync response's certificate counts, even without a new block", () => {
    const world = listener(3);
    play(
      world,
      `timer view
       advertise from=r1 highest=PC(3,B3)
       certified`,
    );
    play(world, 'timer sync-trigger after=8000\ntimer sync-trigger after=8000');
    const [asked] = world.core.sync.requests.keys();
    const server = [0, 1, 2, 3].map((at) => `r${at}`).find((name) => world.idOf(name) === asked);
    play(world, `blocks from=${server} highest=PC(9,B3)\ncertified`);
    expect(world.status.view).toBe(10);
    expect(world.status.highestPc.pc.view).toBe(9);
  });
});
