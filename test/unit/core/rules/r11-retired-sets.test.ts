import { describe, expect, test } from 'vitest';
import { afterDecision, play } from './play.ts';

describe('R11: what a laggard shows of the old set', () => {
  test('is not accepted, and no reason to stop listening to it', () => {
    const world = afterDecision('r9');
    play(world, 'new-view from=r1 view=4 highest=PC(3,U,commit)');
    const effects = play(world, 'advance from=r1 with=PC(5,V)/5:0.1.2.3');
    expect(effects).toEqual(['verify PC(5,V)']);
  });
});
