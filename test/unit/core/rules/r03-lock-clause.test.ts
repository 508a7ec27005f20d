import { describe, expect, test } from 'vitest';
import type { GoldenWorld } from '../../../support/golden-world.ts';
import { follow, inViewOne, play, sends } from './play.ts';

/** r0 of seven is locked on U by Precommit(2, U), in view 4; leaders change every view. */
function lockedOnU(): GoldenWorld {
  const world = inViewOne('n=7 me=r0 tenure=1');
  play(
    world,
    `proposal from=r1 view=1 block=U on=genesis
     valid update=+r7
     nudge from=r2 view=2 justify=PC(1,U,prepare)
     certified
     nudge from=r3 view=3 justify=PC(2,U,precommit)
     certified
     timer view`,
  );
  expect(world.core.lockedPc.pc.view).toBe(2);
  return world;
}

const votes = (effects: readonly string[]): readonly string[] =>
  sends(effects, 'vote').map((effect) => effect.replace(/ ->.*/, ''));

describe('R3: the lock clause is about the proposed block, over all its ancestors', () => {
  test('the very block of the lock is voted for again (T5)', () => {
    expect(votes(play(lockedOnU(), 'proposal from=r4 view=4 block=U'))).toEqual(['send vote(4, U, prepare)']);
  });

  test('a sibling of it is inserted, not voted for', () => {
    const world = lockedOnU();
    const effects = play(world, 'proposal from=r4 view=4 block=W on=genesis\nvalid update=+r8');
    expect(votes(effects)).toEqual([]);
    expect(world.core.tree.blocks.has(world.hashOf('W'))).toBe(true);
  });

  test('nor is a nudge with its certificate, which ranks above the lock of nobody', () => {
    const world = lockedOnU();
    play(world, 'proposal from=r4 view=4 block=W on=genesis\nvalid update=+r8');
    // Prepare(1, W) does not outrank Precommit(2, U).
    play(world, 'timer view');
    const effects = play(world, 'nudge from=r5 view=5 justify=PC(1,W,prepare)\ncertified');
    expect(votes(effects)).toEqual([]);
  });

  test('a child of the locked block is voted for though its justify ranks no higher', () => {
    const world = inViewOne('n=7 me=r0 tenure=1');
    follow(world, 7, 1, 3);
    play(world, 'timer view');
    // The lock is PC(1, B1), highestPc PC(2, B2). The proposal's justify is the lock.
    const effects = play(world, 'proposal from=r4 view=4 block=X on=PC(1,B1)\nvalid');
    expect(votes(effects)).toEqual(['send vote(4, X, generic)']);
  });

  test('a stale one that leaves the locked block out is not', () => {
    const world = inViewOne('n=7 me=r0 tenure=1');
    follow(world, 7, 1, 4);
    play(world, 'timer view');
    expect(world.core.lockedPc.pc.view).toBe(2);
    const effects = play(world, 'proposal from=r5 view=5 block=X on=PC(1,B1)\nvalid');
    expect(votes(effects)).toEqual([]);
    expect(world.core.tree.blocks.has(world.hashOf('X'))).toBe(true);
  });
});

describe('R25: the certificate of the proposed block itself unlocks', () => {
  test('a sibling of the locked block is voted for once its own certificate outranks the lock (T26)', () => {
    const world = lockedOnU();
    play(
      world,
      `proposal from=r4 view=4 block=W on=genesis
       valid update=+r8
       timer view`,
    );
    const refused = play(world, 'proposal from=r5 view=5 block=W');
    expect(votes(refused)).toEqual([]);
    // The evidence comes: the waiting proposal of this view is tried again.
    const effects = play(world, 'advance from=r5 with=PC(4,W,prepare)\ncertified');
    expect(votes(effects)).toEqual(['send vote(5, W, prepare)']);
  });

  test('an old certificate of it does not', () => {
    const world = lockedOnU();
    play(world, 'proposal from=r4 view=4 block=W on=genesis\nvalid update=+r8\ntimer view');
    const effects = play(world, 'proposal from=r5 view=5 block=W\nadvance from=r5 with=PC(1,W,prepare)');
    expect(votes(effects)).toEqual([]);
  });
});
