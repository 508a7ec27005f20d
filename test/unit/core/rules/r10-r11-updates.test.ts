import { describe, expect, test } from 'vitest';
import type { GoldenWorld } from '../../../support/golden-world.ts';
import {
  afterDecision,
  afterUpdate,
  certificatesOf,
  commits,
  inViewOne,
  play,
  rejections,
  sends,
  writes,
} from './play.ts';

/** A listener that has seen U, which adds r4, and its Precommit certificate, but no Commit certificate. */
function beforeCommit(update = '+r4'): GoldenWorld {
  const world = inViewOne('n=4 me=r9 tenure=1');
  play(
    world,
    `proposal from=r1 view=1 block=U on=genesis
     valid update=${update}
     advance from=r2 with=PC(2,U,precommit)
     certified`,
  );
  return world;
}

describe('R10: a Decide certificate counts only after the Commit certificate', () => {
  test('before, it moves nothing, whoever signed it, and starts a sync', () => {
    const world = beforeCommit('+r4,-r0');
    const effects = play(world, 'advance from=r2 with=PC(4,U,decide)\ncertified');
    expect(commits(effects)).toEqual([]);
    expect(certificatesOf(world, ['U']).highest).toBe('2 U precommit');
    expect(sends(effects, 'sync-request')).toEqual(['send sync-request(from 0) -> r2']);
  });

  test('after, it decides', () => {
    const world = afterUpdate('r9');
    play(world, 'advance from=r2 with=PC(4,U,decide)/5:0.1.2.3\ncertified');
    expect(world.status.validatorSets.decided).toBe(true);
  });

  test('a proposal on it waits for the Commit certificate, and is tried again', () => {
    // r0 leads view 4 in both sets.
    const world = beforeCommit('+r4,-r3');
    play(world, 'timer view\nproposal from=r0 view=4 block=V on=PC(3,U,decide)\nrefused');
    expect(world.core.waiting).toHaveLength(1);
    const effects = play(world, 'advance from=r1 with=PC(3,U,commit)\ncertified');
    expect(effects).toContain('COMMIT U at height 0');
    expect(effects).toContain('verify PC(3,U,decide)');
    expect(play(world, 'certified')).toContain('have the app validate V (proposal)');
  });

  test('the Commit certificate is stored with the block, and passed on once by the old set', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    play(world, 'proposal from=r1 view=1 block=U on=genesis\nvalid update=+r4');
    const effects = play(world, 'advance from=r2 with=PC(3,U,commit)\ncertified');
    expect(sends(effects, 'advance')).toEqual(['send advance(PC(3,U,commit)) -> all']);
    expect(writes(effects).join()).toContain('commit U by PC(3,U,commit), validator sets');
    expect(world.core.latestUpdate?.commitPc.phase).toBe('commit');
    expect(sends(play(world, 'advance from=r3 with=PC(3,U,commit)'), 'advance')).toEqual([]);
  });

  test('a sync goes on beyond an update with the new set', () => {
    const world = inViewOne('n=4 me=r9 tenure=1');
    play(
      world,
      `block name=U on=genesis only-named
       advertise from=r1 highest=PC(40,U,decide)/5:0.1.2.3
       blocks from=r1 with=U highest=PC(3,U,commit)
       certified`,
    );
    const effects = play(world, 'valid update=+r4');
    expect(effects).toContain('COMMIT U at height 0');
    expect(sends(effects, 'sync-request')).toEqual(['send sync-request(from 1) -> r1']);
  });
});

describe('R11: nothing is accepted from a retired set', () => {
  test('its members are not heard', () => {
    const world = afterDecision('r9');
    expect(rejections(play(world, 'new-view from=r7 view=5 highest=genesis'))).toHaveLength(1);
    const gone = beforeCommit('+r4,-r0');
    play(gone, 'advance from=r1 with=PC(3,U,commit)\ncertified\nadvance from=r0 with=TC(10)');
    play(gone, 'certified\nadvance from=r1 with=PC(11,U,decide)\ncertified');
    expect(gone.status.validatorSets.decided).toBe(true);
    expect(rejections(play(gone, 'new-view from=r0 view=20 highest=genesis'))).toEqual([
      'reject new-view of r0: not-a-validator',
    ]);
  });

  test('its certificates move no view once the update is decided', () => {
    // The set keeps its size, so that only the signatures tell the sets apart.
    const world = beforeCommit('+r4,-r0');
    play(world, 'advance from=r1 with=PC(3,U,commit)\ncertified');
    play(world, 'advance from=r1 with=PC(4,U,decide)\nverdicts 10');
    expect(world.status.validatorSets.decided).toBe(true);
    const before = certificatesOf(world, ['U']);
    const effects = play(
      world,
      'block name=X on=genesis only-named\nnew-view from=r1 view=4 highest=PC(1099511627776,X)',
    );
    expect(effects).toEqual(['verify PC(1099511627776,X)']);
    play(world, 'refused');
    expect(world.status.view).toBe(5);
    expect(certificatesOf(world, ['U'])).toEqual(before);
  });

  test('of the latest update only the Decide certificate is accepted, and only while it is not decided', () => {
    const world = afterUpdate('r9');
    for (const [view, phase] of Object.entries({ 8: 'prepare', 9: 'precommit' })) {
      play(world, `advance from=r1 with=PC(${view},U,${phase})\ncertified`);
      expect(certificatesOf(world, ['U']).highest).toBe('3 U commit');
    }
    const decided = afterDecision('r9');
    const before = certificatesOf(decided, ['U']);
    expect(play(decided, 'advance from=r1 with=PC(9,U,commit)')).toEqual([]);
    expect(certificatesOf(decided, ['U'])).toEqual(before);
  });

  test('a Commit certificate that the new set signed is none', () => {
    const world = afterUpdate('r9', '+r4,-r0');
    // Two questions: the committed set's verdict first. Only the previous set may sign it.
    play(world, 'advance from=r1 with=PC(9,U,commit)/4:1.2.3\nverdicts 10');
    expect(certificatesOf(world, ['U']).highest).toBe('3 U commit');
  });

  test('a Decide certificate that the old set signed is none', () => {
    const world = afterUpdate('r9', '+r4,-r0');
    play(world, 'advance from=r1 with=PC(9,U,decide)/4:1.2.3\nverdicts 01');
    expect(world.status.validatorSets.decided).toBe(false);
    // Still a quorum of an active set signed it: the view is left.
    expect(world.status.view).toBe(10);
  });
});

describe('R11: what a laggard shows of the old set', () => {
  test('is not accepted, and no reason to stop listening to it', () => {
    const world = afterDecision('r9');
    play(world, 'new-view from=r1 view=4 highest=PC(3,U,commit)');
    const effects = play(world, 'advance from=r1 with=PC(5,V)/5:0.1.2.3');
    expect(effects).toEqual(['verify PC(5,V)']);
  });
});
