import { describe, expect, test } from 'vitest';
import { GoldenWorld } from '../../../support/golden-world.ts';
import { follow, inViewOne, play, sends } from './play.ts';

describe('R13: deadlines follow progress', () => {
  test('a view lasts one view time from its entry, however fast the views before were (T12)', () => {
    const world = new GoldenWorld();
    play(world, 'world n=4 me=r9 tenure=1 epoch=100\nstart\nadvance from=r1 with=TC(0)\ncertified');
    for (let view = 1; view < 80; view++) {
      const on = view === 1 ? 'genesis' : `PC(${view - 1},B${view - 1})`;
      const effects = play(world, `proposal from=r${view % 4} view=${view} block=B${view} on=${on}`);
      if (view > 1) {
        expect(effects).toHaveLength(1);
        expect(play(world, 'certified')).toContain(`timer view of view ${view} in 1000 ms`);
      }
      play(world, 'valid');
    }
    expect(play(world, 'timer view')).toContain('enter view 80 by timer');
  });

  test('the timer of a view that was left does nothing', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 2);
    expect(play(world, 'timer view view=1')).toEqual([]);
    expect(world.status.view).toBe(2);
  });
});

describe('R13: the entry certificate is relayed', () => {
  test('once, when half a view has gone by without a newer one, proposal or not', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 1);
    const entered = play(world, 'proposal from=r2 view=2 block=B2 on=PC(1,B1)\ncertified\nvalid');
    expect(entered).toContain('timer relay of view 2 in 500 ms');
    expect(sends(play(world, 'timer relay after=500'))).toEqual(['send advance(PC(1,B1)) -> all']);
  });

  test('a TC, too', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    expect(sends(play(world, 'timer relay after=500'))).toEqual(['send advance(TC(0)) -> all']);
  });

  test('not after the view was left', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 2);
    expect(play(world, 'timer relay view=1 after=500')).toEqual([]);
  });

  test('not when the view was entered by timer', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 2);
    expect(play(world, 'timer view')).not.toContain('timer relay of view 3 in 500 ms');
    expect(play(world, 'timer relay after=500')).toEqual([]);
  });

  test('not by listeners', () => {
    const world = inViewOne('n=4 me=r9 tenure=1');
    expect(play(world, 'timer relay after=500')).toEqual([]);
  });

  test('a leader that lets the app wait shows what opened its view at once', () => {
    const world = inViewOne('n=4 me=r2 tenure=1');
    follow(world, 4, 1, 1);
    const effects = play(world, 'advance from=r1 with=PC(1,B1)\ncertified');
    expect(effects).toContain('ask the app for a block, 100 ms to wait');
    expect(sends(effects, 'advance')).toEqual(['send advance(PC(1,B1)) -> all']);
  });

  test('one that proposes at once does not: the proposal shows it', () => {
    const world = inViewOne('n=4 me=r2 tenure=1');
    play(world, 'proposal from=r1 view=1 block=B1 on=genesis\nvalid commands');
    const effects = play(world, 'advance from=r1 with=PC(1,B1)\ncertified');
    expect(effects).toContain('ask the app for a block, 0 ms to wait');
    expect(sends(effects, 'advance')).toEqual([]);
  });

  test('nor does one that has formed it and proposes with it', () => {
    const world = inViewOne('n=4 me=r2 tenure=1');
    play(world, 'proposal from=r1 view=1 block=B1 on=genesis\nvalid commands');
    play(world, 'vote from=r0 view=1 block=B1\nvote from=r1 view=1 block=B1\nvote from=r3 view=1 block=B1');
    expect(sends(play(world, 'formed'), 'advance')).toEqual([]);
  });
});
