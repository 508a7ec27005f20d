import { describe, expect, test } from 'vitest';
import { afterDecision, afterUpdate, certificatesOf, follow, inViewOne, play, writes } from './play.ts';

describe('R1: lock and highestPc move to strictly higher ranks only', () => {
  test('old certificates in NewViews move nothing and are not verified', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 3);
    expect(play(world, 'new-view from=r2 view=2 highest=PC(1,B1)')).toEqual([]);
    expect(play(world, 'new-view from=r2 view=2 highest=genesis')).toEqual([]);
    expect(certificatesOf(world, ['B1', 'B2'])).toEqual({ locked: '1 B1 generic', highest: '2 B2 generic' });
  });

  test('nor does the justify of a proposal, which is applied', () => {
    const world = inViewOne('n=4 me=r9 tenure=1');
    follow(world, 4, 1, 4);
    play(world, 'timer view');
    // r1 leads view 5; the certificate is one of other bytes, so that it is verified and applied.
    const effects = play(
      world,
      `proposal from=r1 view=5 block=X on=PC(2,B2)/4:1.2.3
       certified
       valid`,
    );
    expect(writes(effects)).toEqual(['lazy: insert X']);
    expect(certificatesOf(world, ['B2', 'B3'])).toEqual({ locked: '2 B2 generic', highest: '3 B3 generic' });
  });

  test('a Commit certificate outranks later Prepare certificates of its block', () => {
    const world = inViewOne('n=4 me=r9 tenure=1');
    play(
      world,
      `proposal from=r1 view=1 block=U on=genesis
       valid update=+r4
       advance from=r2 with=PC(2,U,precommit)
       certified
       advance from=r2 with=PC(9,U,prepare)
       certified`,
    );
    expect(certificatesOf(world, ['U'])).toEqual({ locked: '2 U precommit', highest: '9 U prepare' });
    play(world, 'advance from=r3 with=PC(3,U,commit)\ncertified');
    expect(certificatesOf(world, ['U'])).toEqual({ locked: '3 U commit', highest: '3 U commit' });
  });

  test('a Decide certificate outranks the Commit certificate, even of a lower view', () => {
    const world = inViewOne('n=4 me=r9 tenure=1');
    play(
      world,
      `proposal from=r1 view=1 block=U on=genesis
       valid update=+r4
       advance from=r2 with=PC(8,U,commit)
       certified
       advance from=r2 with=PC(4,U,decide)/5:0.1.2.3
       certified`,
    );
    expect(certificatesOf(world, ['U'])).toEqual({ locked: '4 U decide', highest: '4 U decide' });
  });

  test('what the new set certifies outranks all that the old set did', () => {
    const world = afterDecision('r9');
    play(world, 'advance from=r2 with=PC(5,V)/5:0.1.2.3\ncertified');
    expect(certificatesOf(world, ['U', 'V'])).toEqual({ locked: '4 U decide', highest: '5 V generic' });
    expect(world.core.highestPc.rank).toEqual({ updates: 1, commit: 0, view: 5 });
  });

  test('a Prepare certificate locks nothing, a Precommit certificate itself', () => {
    const world = inViewOne('n=4 me=r9 tenure=1');
    play(
      world,
      `proposal from=r1 view=1 block=U on=genesis
       valid update=+r4
       advance from=r2 with=PC(1,U,prepare)
       certified`,
    );
    expect(certificatesOf(world, ['U'])).toEqual({ locked: '0 genesis generic', highest: '1 U prepare' });
    play(world, 'advance from=r2 with=PC(2,U,precommit)\ncertified');
    expect(certificatesOf(world, ['U']).locked).toBe('2 U precommit');
    expect(afterUpdate('r9').core.lockedPc.rank).toEqual({ updates: 0, commit: 1, view: 3 });
  });
});

describe('Committing', () => {
  test('takes three certificates of consecutive views', () => {
    const world = inViewOne('n=4 me=r9 tenure=1');
    follow(world, 4, 1, 3);
    expect(play(world, 'advance from=r2 with=PC(3,B3)\ncertified')).toContain('COMMIT B1 at height 0');
  });

  test('a gap anywhere prevents it', () => {
    const world = inViewOne('n=4 me=r9 tenure=1');
    follow(world, 4, 1, 2);
    play(world, 'timer view\ntimer view');
    // View 3 goes by; B4 is on PC(2, B2), B5 on PC(4, B4): consecutive with neither.
    play(
      world,
      `proposal from=r0 view=4 block=B4 on=PC(2,B2)
       certified
       valid
       proposal from=r1 view=5 block=B5 on=PC(4,B4)
       certified
       valid
       proposal from=r2 view=6 block=B6 on=PC(5,B5)
       certified
       valid`,
    );
    expect(world.status.highestCommitted).toBeNull();
    // Certificates of 4, 5 and 6 are consecutive again: they commit B4 with all before it.
    const effects = play(world, 'advance from=r2 with=PC(6,B6)\ncertified');
    expect(effects.filter((effect) => effect.startsWith('COMMIT'))).toEqual([
      'COMMIT B1 at height 0',
      'COMMIT B2 at height 1',
      'COMMIT B4 at height 2',
    ]);
  });
});
