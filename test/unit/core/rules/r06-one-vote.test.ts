import { describe, expect, test } from 'vitest';
import { GoldenWorld } from '../../../support/golden-world.ts';
import { afterUpdate, inViewOne, play, rejections, sends, writes } from './play.ts';

/** The leader of `view` of seven proposes its block on the one before. */
const propose = (view: number): string =>
  `proposal from=r${view} view=${view} block=B${view} on=${view === 1 ? 'genesis' : `PC(${view - 1},B${view - 1})`}`;

describe('R6: one vote per view, on disk before it leaves', () => {
  test('the vote, its block, the lock and all commits are one flush, for which it waits', () => {
    const world = inViewOne('n=7 me=r0 tenure=1');
    for (const view of [1, 2, 3, 4]) {
      const on = view === 1 ? 'genesis' : `PC(${view - 1},B${view - 1})`;
      play(world, `proposal from=r${view} view=${view} block=B${view} on=${on}`);
      if (view > 1) play(world, 'certified');
      if (view < 4) play(world, 'valid');
    }
    const effects = play(world, 'valid');
    expect(effects[0]).toBe('write #9 now: insert B4, voted 4');
    expect(effects).toContain('send vote(4, B4, generic) -> r4,r5 after #9');
  });

  test('a commit that clients wait for rides along with the vote that follows it at once', () => {
    const world = inViewOne('n=7 me=r0 tenure=1');
    play(world, `${propose(1)}\nvalid commands`);
    for (const view of [2, 3]) play(world, `${propose(view)}\ncertified\nvalid`);
    play(world, propose(4));
    // The app has B4: its vote comes next, and a flush of its own would only hold it up.
    expect(writes(play(world, 'certified'))).toEqual([expect.stringMatching(/^lazy: .*commit B1/)]);
    expect(writes(play(world, 'valid'))).toEqual(['now: insert B4, voted 4']);
  });

  test('a commit that clients wait for is flushed by itself where no vote follows', () => {
    const world = inViewOne('n=7 me=r0 tenure=1');
    play(world, `${propose(1)}\nvalid commands`);
    for (const view of [2, 3]) play(world, `${propose(view)}\ncertified\nvalid`);
    expect(writes(play(world, 'advance from=r3 with=PC(3,B3)\ncertified'))).toEqual([
      expect.stringMatching(/^now: .*commit B1/),
    ]);
  });

  test('of two proposals of one leader the first to be validated gets it', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    play(world, 'proposal from=r1 view=1 block=A on=genesis\nproposal from=r1 view=1 block=B on=genesis');
    expect(sends(play(world, 'valid'), 'vote')).toHaveLength(1);
    expect(sends(play(world, 'valid'), 'vote')).toEqual([]);
    expect(rejections(play(world, 'proposal from=r1 view=1 block=C on=genesis'))).toEqual([
      'reject proposal of r1: duplicate',
    ]);
  });

  test('of two leaders, while an update is not decided, too', () => {
    // r1 is in both sets; view 4 is led by r0 in the old set and by r4 in the new one.
    const world = afterUpdate('r1');
    expect(world.status.lastVote).toMatchObject({ view: 4, phase: 'decide' });
    const effects = play(world, 'nudge from=r4 view=4 justify=PC(3,U,commit)');
    expect(sends(effects, 'vote')).toEqual([]);
    expect(world.status.lastVote).toMatchObject({ view: 4, phase: 'decide' });
  });

  test('a block validated after its view is inserted, not voted for', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    play(world, 'proposal from=r1 view=1 block=A on=genesis\ntimer view');
    const effects = play(world, 'valid');
    expect(sends(effects, 'vote')).toEqual([]);
    expect(world.core.tree.blocks.has(world.hashOf('A'))).toBe(true);
  });

  test.each([
    ['voted in the view', 'view=4 voted=4:A:generic', 4, 0],
    ['voted in the view that it had not yet stored', 'view=3 voted=4:A:generic', 4, 0],
    ['voted before', 'view=4 voted=3:A:generic', 4, 1],
    ['never voted', 'view=4', 4, 1],
  ])('after a restart: %s', (_, disk, view, votes) => {
    const world = new GoldenWorld();
    play(world, `world n=7 me=r0 tenure=1\nblock name=A on=genesis\nrestart ${disk} highest=PC(1,A)`);
    expect(world.status.view).toBe(view);
    const effects = play(world, `proposal from=r4 view=${view} block=B on=PC(1,A)\nvalid`);
    expect(sends(effects, 'vote')).toHaveLength(votes);
  });

  test('who is in no voting set does not vote', () => {
    expect(
      sends(play(inViewOne('n=4 me=r9 tenure=1'), 'proposal from=r1 view=1 block=A on=genesis\nvalid')),
    ).toEqual([]);
  });

  test('on a Commit certificate the new set votes, on others the old one', () => {
    // r4 joins and r3 leaves with U.
    expect(afterUpdate('r4', '+r4,-r3').status.lastVote).toMatchObject({ view: 4, phase: 'decide' });
    expect(afterUpdate('r3', '+r4,-r3').status.lastVote).toMatchObject({ view: 3, phase: 'commit' });
  });
});
