import { describe, expect, test } from 'vitest';
import { GoldenWorld } from '../../../support/golden-world.ts';
import { follow, inViewOne, play, rejections, sends, writes } from './play.ts';

/** r2 leads view 2, knows B1 and its certificate, and the app has made B2. */
function proposing(): readonly string[] {
  const world = inViewOne('n=4 me=r2 tenure=1');
  follow(world, 4, 1, 1);
  return play(world, 'advance from=r0 with=PC(1,B1)\ncertified\nproduced block=B2');
}

describe('R24: a broadcast reaches its sender as an ordinary input', () => {
  test('proposals go to all, oneself included', () => {
    expect(sends(proposing(), 'proposal')[0]).toContain('-> all');
  });

  test("one's own proposal is voted for when it comes back, not before", () => {
    const world = inViewOne('n=4 me=r2 tenure=1');
    follow(world, 4, 1, 1);
    const made = play(world, 'advance from=r0 with=PC(1,B1)\ncertified\nproduced block=B2');
    expect(sends(made, 'vote')).toEqual([]);
    expect(sends(play(world, 'proposal from=r2 view=2 block=B2'), 'vote')).toHaveLength(1);
  });
});

describe('R25: a re-proposal comes with its evidence', () => {
  test('the certificate of the block is broadcast before the block', () => {
    const world = inViewOne('n=7 me=r4 tenure=1');
    play(
      world,
      `proposal from=r1 view=1 block=U on=genesis
       valid update=+r7
       advance from=r2 with=PC(1,U,prepare)
       certified
       timer view
       timer view
       timer new-views after=250`,
    );
    expect(world.status.view).toBe(4);
    const again = new GoldenWorld();
    const effects = play(
      again,
      `world n=7 me=r4 tenure=1
       block name=U on=genesis update=+r7
       restart view=4 highest=PC(1,U,prepare)
       timer new-views after=250`,
    );
    expect(sends(effects).filter((effect) => !effect.includes('advertise'))).toEqual([
      'send new-view(3, PC(1,U,prepare)) -> r4',
      'send advance(PC(1,U,prepare)) -> all',
      'send proposal(4, U) -> all after #2',
    ]);
  });

  test.each([
    ['Prepare, of the view before', 'PC(3,U,prepare)', 'send nudge(4, PC(3,U,prepare)) -> all after #1'],
    [
      'Precommit, of the view before',
      'PC(3,U,precommit)',
      'send nudge(4, PC(3,U,precommit)) -> all after #1',
    ],
    ['Precommit, older', 'PC(2,U,precommit)', 'send proposal(4, U) -> all after #2'],
  ])('what highestPc asks for: %s', (_, highest, expected) => {
    const world = new GoldenWorld();
    const effects = play(
      world,
      `world n=7 me=r4 tenure=1
       block name=U on=genesis update=+r7
       restart view=4 highest=${highest}
       timer new-views after=250`,
    );
    expect(effects).toContain(expected);
  });

  test('Commit, whatever its view: a nudge', () => {
    const world = new GoldenWorld();
    const effects = play(
      world,
      `world n=7 me=r4 tenure=1
       block name=U on=genesis update=+r7
       restart view=4 highest=PC(1,U,commit) lock=PC(1,U,commit) root=U set=r0,r1,r2,r3,r4,r5,r6,r7
       timer new-views after=250`,
    );
    expect(effects).toContain('send nudge(4, PC(1,U,commit)) -> all after #2');
  });

  test('a nudge with an older Prepare or Precommit certificate is refused', () => {
    const world = new GoldenWorld();
    play(
      world,
      `world n=7 me=r0 tenure=1
       block name=U on=genesis update=+r7
       restart view=4 highest=PC(2,U,prepare)`,
    );
    expect(rejections(play(world, 'nudge from=r4 view=4 justify=PC(2,U,prepare)'))).toEqual([
      'reject nudge of r4: unsafe-nudge',
    ]);
  });
});

describe('R26: a leader leads several views in a row', () => {
  test('of tenure 4: r0 from the start, r1 from view 4 on', () => {
    const world = inViewOne('n=4 me=r9 tenure=4');
    for (const [view, leader] of Object.entries({ 1: 'r0', 2: 'r0', 3: 'r0', 4: 'r1', 7: 'r1', 8: 'r2' })) {
      while (world.status.view < Number(view)) play(world, 'timer view');
      expect(world.status.leaders).toEqual([world.idOf(leader)]);
      const other = leader === 'r3' ? 'r0' : 'r3';
      expect(
        rejections(play(world, `proposal from=${other} view=${view} block=N${view} on=genesis`)),
      ).toHaveLength(1);
      expect(
        rejections(play(world, `proposal from=${leader} view=${view} block=L${view} on=genesis`)),
      ).toEqual([]);
    }
  });
});

describe('R29: no two proposals of one view leave a replica', () => {
  test('the vote in the view before lets the next leader propose, in exactly the next view', () => {
    const world = inViewOne('n=4 me=r2 tenure=1');
    play(world, 'proposal from=r1 view=1 block=B1 on=genesis');
    expect(writes(play(world, 'valid'))).toEqual(['now: insert B1, voted 1, propose up to 2']);
    const effects = play(world, 'advance from=r0 with=PC(1,B1)\ncertified\nproduced block=B2');
    expect(sends(effects, 'proposal')).toEqual(['send proposal(2, B2) -> all after #3']);
    expect(writes(effects).join()).not.toContain('propose');
  });

  test('without that vote, a write of its own comes first', () => {
    const world = inViewOne('n=4 me=r2 tenure=1');
    play(world, 'timer view\ntimer new-views after=250');
    const effects = play(world, 'produced block=B2');
    expect(writes(effects)).toEqual(['now: insert B2, propose up to 2']);
    expect(sends(effects, 'proposal')).toEqual(['send proposal(2, B2) -> all after #4']);
  });

  test('after a restart nothing is proposed in a view that may have seen a proposal', () => {
    const world = new GoldenWorld();
    const restart = (proposed: number): readonly string[] =>
      play(
        world,
        `world n=4 me=r2 tenure=1
         block name=A on=genesis
         restart view=2 highest=PC(1,A) proposed=${proposed}`,
      );
    expect(restart(2).join()).not.toContain('ask the app');
    expect(play(world, 'timer new-views after=250')).toEqual([]);
    expect(restart(1).join()).toContain('ask the app');
  });

  test('one proposal per view, though a higher certificate comes', () => {
    const world = inViewOne('n=4 me=r2 tenure=1');
    follow(world, 4, 1, 1);
    play(world, 'timer view\ntimer new-views after=250\nproduced block=B2');
    const effects = play(world, 'advance from=r0 with=PC(1,B1)\ncertified');
    expect(effects.join()).not.toContain('ask the app');
    expect(sends(effects, 'proposal')).toEqual([]);
  });

  test('an answer of the app that comes after the view proposes nothing', () => {
    const world = inViewOne('n=4 me=r2 tenure=1');
    follow(world, 4, 1, 1);
    play(world, 'advance from=r0 with=PC(1,B1)\ncertified');
    expect(play(world, 'timer view')).toContain('cancel');
    expect(play(world, 'produced block=B2')).toEqual([]);
  });
});
