import { describe, expect, test } from 'vitest';
import { certificatesOf, follow, inViewOne, play } from './play.ts';

const cancels = (effects: readonly string[]): readonly string[] =>
  effects.filter((effect) => effect === 'cancel');

describe('What nothing depends on any more is taken back', () => {
  test('votes that are being summed, when their view is two views old', () => {
    const world = inViewOne('n=4 me=r2 tenure=1');
    follow(world, 4, 1, 1);
    const votes = [0, 1, 3].map((at) => `vote from=r${at} view=1 block=B1`).join('\n');
    expect(play(world, votes)).toEqual(['form PC(1,B1) of r0,r1,r3']);
    // Late votes of the view before still count.
    expect(cancels(play(world, 'timer view'))).toEqual([]);
    expect(cancels(play(world, 'timer view'))).toEqual(['cancel']);
    expect(world.core.pending.size).toBe(0);
  });

  test('votes to leave a view, when it was left', () => {
    const world = inViewOne('n=4 me=r0 tenure=1 epoch=2');
    play(world, 'timer view');
    const votes = [1, 2, 3].map((at) => `timeout-vote from=r${at} view=2`).join('\n');
    expect(play(world, votes)).toEqual(['form TC(2) of r1,r2,r3']);
    expect(cancels(play(world, 'advance from=r1 with=TC(2)\ncertified'))).toEqual(['cancel']);
    expect(world.status.view).toBe(3);
    expect(world.core.pending.size).toBe(0);
  });

  test('a certificate that a later one has made worthless; the message with it counts as if it came now', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 3);
    expect(play(world, 'new-view from=r1 view=3 highest=PC(2,B2)/4:1.2.3')).toEqual(['verify PC(2,B2)']);
    play(world, [1, 2, 3].map((at) => `vote from=r${at} view=3 block=B3`).join('\n'));
    expect(world.core.newViews.size).toBe(0);
    const effects = play(world, 'formed');
    expect(certificatesOf(world, ['B2']).locked).toBe('2 B2 generic');
    expect(cancels(effects)).toEqual(['cancel']);
    expect([...world.core.newViews.keys()]).toEqual([world.idOf('r1')]);
  });

  test('not a certificate that may still teach something', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 2);
    expect(play(world, 'proposal from=r3 view=3 block=X on=PC(2,B2)')).toEqual(['verify PC(2,B2)']);
    expect(cancels(play(world, 'timer view\ntimer view'))).toEqual([]);
    play(world, 'certified');
    expect(certificatesOf(world, ['B2']).highest).toBe('2 B2 generic');
  });

  test('nor that below a block which a later certificate asks for', () => {
    const world = inViewOne('n=7 me=r5 tenure=1');
    follow(world, 7, 1, 3);
    play(world, 'timer view');
    const asked = play(world, 'proposal from=r4 view=4 block=P on=PC(1,B1)/7:2.3.4.5.6');
    expect(asked).toEqual(['verify PC(1,B1)']);
    play(world, [0, 1, 2, 3, 4].map((at) => `vote from=r${at} view=4 block=P`).join('\n'));
    expect(cancels(play(world, 'formed'))).toEqual([]);
    expect(world.status.view).toBe(5);
    expect(play(world, 'certified')).toContain('have the app validate P (proposal)');
  });
});
