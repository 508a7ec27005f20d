import { describe, expect, test } from 'vitest';
import type { GoldenWorld } from '../../../support/golden-world.ts';
import { follow, inViewOne, play, sends } from './play.ts';

/** r2 leads view 2, where it proposed B2 and voted for it; r3 leads view 3. */
function leaderOfTwo(): GoldenWorld {
  const world = inViewOne('n=4 me=r2 tenure=1');
  follow(world, 4, 1, 1);
  play(
    world,
    `advance from=r0 with=PC(1,B1)
     certified
     produced block=B2
     proposal from=r2 view=2 block=B2`,
  );
  return world;
}

const voteForB2 = (world: GoldenWorld): readonly string[] =>
  play(
    world,
    `vote from=r0 view=2 block=B2
     vote from=r1 view=2 block=B2
     vote from=r2 view=2 block=B2`,
  );

describe('R12: votes go to the leaders of their view and the next', () => {
  test('a vote is sent to both, and once where they are one', () => {
    const two = inViewOne('n=4 me=r0 tenure=1');
    expect(sends(play(two, 'proposal from=r1 view=1 block=B1 on=genesis\nvalid'), 'vote')).toEqual([
      'send vote(1, B1, generic) -> r1,r2 after #3',
    ]);
    const one = inViewOne('n=4 me=r1 tenure=4');
    expect(sends(play(one, 'proposal from=r0 view=1 block=B1 on=genesis\nvalid'), 'vote')).toEqual([
      'send vote(1, B1, generic) -> r0 after #3',
    ]);
  });

  test('the leader of the next view forms the certificate at once', () => {
    const world = inViewOne('n=4 me=r2 tenure=1');
    follow(world, 4, 1, 1);
    const effects = play(
      world,
      `vote from=r0 view=1 block=B1
       vote from=r1 view=1 block=B1
       vote from=r3 view=1 block=B1`,
    );
    expect(effects).toEqual(['form PC(1,B1) of r0,r1,r3']);
  });

  test('the leader of the view forms it when the next leader has shown none for a quarter view', () => {
    const world = leaderOfTwo();
    expect(voteForB2(world)).toEqual(['timer form-pc of view 2 in 250 ms']);
    expect(play(world, 'timer form-pc view=2 after=250')).toEqual(['form PC(2,B2) of r0,r1,r2']);
    expect(sends(play(world, 'formed'), 'advance')).toEqual(['send advance(PC(2,B2)) -> all']);
  });

  test('it does not when the next leader has', () => {
    const world = leaderOfTwo();
    voteForB2(world);
    play(world, 'proposal from=r3 view=3 block=B3 on=PC(2,B2)\ncertified\nvalid');
    expect(play(world, 'timer form-pc view=2 after=250')).toEqual([]);
  });

  test('votes that come late still make one after the view was left by timer', () => {
    const world = leaderOfTwo();
    expect(voteForB2(world)).toEqual(['timer form-pc of view 2 in 250 ms']);
    play(world, 'timer view view=2 after=100');
    expect(world.status.view).toBe(3);
    expect(play(world, 'timer form-pc view=2 after=150')).toEqual(['form PC(2,B2) of r0,r1,r2']);
    expect(sends(play(world, 'formed'), 'advance')).toEqual(['send advance(PC(2,B2)) -> all']);
    expect(world.status.highestPc.pc.view).toBe(2);
  });

  test('the same when all of them come after that', () => {
    const world = leaderOfTwo();
    play(world, 'timer view');
    expect(voteForB2(world)).toEqual(['timer form-pc of view 2 in 250 ms']);
    expect(play(world, 'timer form-pc view=2 after=250')).toEqual(['form PC(2,B2) of r0,r1,r2']);
  });
});
