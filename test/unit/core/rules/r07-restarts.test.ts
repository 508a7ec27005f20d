import { describe, expect, test } from 'vitest';
import { GoldenWorld } from '../../../support/golden-world.ts';
import { follow, inViewOne, play, writes } from './play.ts';

function restarted(disk: string): GoldenWorld {
  const world = new GoldenWorld();
  play(world, `world n=4 me=r0 tenure=1\nblock name=A on=genesis\nrestart ${disk}`);
  return world;
}

const entryOf = ({ core }: GoldenWorld): string | null => {
  const entry = core.entryCertificate;
  if (entry === null) return null;
  return entry.type === 'tc' ? `TC ${entry.tc.view}` : `PC ${entry.pc.view}`;
};

describe('R7: where a restart begins', () => {
  test.each([
    ['a fresh store', '', 0, null],
    ['the view entered', 'view=7 entry=PC(6,A) highest=PC(5,A)', 7, 'PC 6'],
    ['after highestPc', 'view=7 entry=PC(6,A) highest=PC(9,A)', 10, 'PC 9'],
    ['after highestTc', 'view=7 entry=PC(6,A) tc=TC(10)', 11, 'TC 10'],
    ['the last vote', 'view=7 entry=PC(6,A) voted=8:A:generic', 8, 'PC 6'],
    ['the highest of all', 'view=7 voted=8:A:generic highest=PC(12,A) tc=TC(10)', 13, 'PC 12'],
    ['the entry on a tie', 'view=7 entry=TC(0) highest=PC(6,A)', 7, 'TC 0'],
    ['an epoch-change view is not skipped', 'view=10 highest=PC(9,A)', 10, null],
    ['genesis and no TC count for nothing', 'view=0', 0, null],
  ])('%s', (_, disk, view, entry) => {
    const world = restarted(disk);
    expect(world.status.view).toBe(view);
    expect(entryOf(world)).toBe(entry);
  });

  test('the NewView of the view before is sent again', () => {
    const world = new GoldenWorld();
    const effects = play(
      world,
      'world n=4 me=r0 tenure=1\nblock name=A on=genesis\nrestart view=7 highest=PC(5,A)',
    );
    expect(effects).toContain('send new-view(6, PC(5,A)) -> r3');
  });

  test('a view and the certificate that caused it are one write', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    const effects = play(
      world,
      'block name=A on=genesis only-named\nadvance from=r1 with=PC(4,A)\ncertified',
    );
    expect(writes(effects)).toEqual(['lazy: view 5, keep PC(4,A)']);
    expect(world.written?.entry).toMatchObject({ view: 5, certificate: { type: 'pc', pc: { view: 4 } } });
    play(world, 'timer view');
    expect(world.written?.entry).toMatchObject({ view: 6, certificate: { type: 'pc', pc: { view: 4 } } });
    expect(entryOf(world)).toBe('PC 4');
  });
});

describe('R14: the entry certificate', () => {
  test('outlives entries by timer', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 3);
    play(world, 'timer view\ntimer view');
    expect(world.status.view).toBe(5);
    expect(entryOf(world)).toBe('PC 2');
  });
});
