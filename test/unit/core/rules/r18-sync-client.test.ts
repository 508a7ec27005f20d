import { describe, expect, test } from 'vitest';
import { GoldenWorld } from '../../../support/golden-world.ts';
import { listener, play, rejections, sends, writes } from './play.ts';

const isBlacklisted = (world: GoldenWorld, name: string): boolean =>
  (world.core.sync.peers.get(world.idOf(name))?.blacklistedUntil ?? Number.NEGATIVE_INFINITY) >
  world.core.now;

/** A listener that knows B1 to B3 and has asked r2 for the block of PC(6, B6). B4, B5 and B6 exist. */
function fetching(): GoldenWorld {
  const world = listener(3);
  const effects = play(
    world,
    `block name=B4 on=PC(3,B3) only-named
     block name=B5 on=PC(4,B4) only-named
     block name=B6 on=PC(5,B5) only-named
     block name=X on=PC(3,B3) only-named
     block name=Y on=PC(3,B3) only-named
     advance from=r2 with=PC(6,B6)
     certified`,
  );
  expect(sends(effects, 'sync-request')).toEqual(['send sync-request(from 0) -> r2']);
  return world;
}

describe('R18: a response', () => {
  test('is inserted block by block, each certified by the next, the last by highest_pc', () => {
    const world = fetching();
    expect(play(world, 'blocks from=r2 with=B1,B2,B3,B4,B5,B6 highest=PC(6,B6)')).toEqual([
      'verify PC(3,B3), PC(4,B4), PC(5,B5)',
    ]);
    expect(play(world, 'certified')).toEqual(['have the app validate B4 (sync)']);
    const fourth = play(world, 'valid');
    expect(writes(fourth).join()).toContain('insert B4, commit B1');
    expect(fourth).toContain('have the app validate B5 (sync)');
    play(world, 'valid');
    const effects = play(world, 'valid');
    expect(writes(effects).join()).toContain('insert B6');
    expect(world.status.highestPc.pc.view).toBe(6);
    expect(world.core.sync.jobs).toEqual([]);
  });

  test('with siblings that nothing certifies inserts none and costs the server (T19)', () => {
    const world = fetching();
    play(world, 'blocks from=r2 with=X,Y,B4 highest=PC(6,B6)');
    const effects = play(world, 'certified');
    expect(rejections(effects)).toEqual(['reject block-sync-response of r2: uncertified-block']);
    expect(isBlacklisted(world, 'r2')).toBe(true);
    expect(world.core.tree.blocks.size).toBe(3);
  });

  test('whose certificates no quorum signed costs the server', () => {
    const world = fetching();
    play(world, 'blocks from=r2 with=B4,B5,B6 highest=PC(6,B6)');
    expect(rejections(play(world, 'refused'))).toHaveLength(1);
    expect(isBlacklisted(world, 'r2')).toBe(true);
    expect(world.core.tree.blocks.size).toBe(3);
  });

  test('may end with a block that is not certified yet, which is left out', () => {
    const world = fetching();
    play(world, 'block name=B7 on=PC(6,B6) only-named\nblocks from=r2 with=B4,B5,B6,B7 highest=PC(6,B6)');
    const effects = play(world, 'certified\nvalid\nvalid\nvalid');
    expect(rejections(effects)).toEqual([]);
    expect(world.core.tree.blocks.has(world.hashOf('B6'))).toBe(true);
    expect(world.core.tree.blocks.has(world.hashOf('B7'))).toBe(false);
  });

  test('with more blocks than asked for is refused', () => {
    const world = fetching();
    const many = [...Array(65).keys()].map((at) => `Z${at}`);
    for (const name of many) play(world, `block name=${name} on=PC(3,B3) only-named`);
    const effects = play(world, `blocks from=r2 with=${many.join()} highest=PC(6,B6)`);
    expect(rejections(effects)).toEqual(['reject block-sync-response of r2: overloaded']);
    expect(isBlacklisted(world, 'r2')).toBe(true);
  });

  test('that nobody asked for is not looked at', () => {
    expect(play(fetching(), 'blocks from=r3 with=B4 highest=PC(6,B6)')).toEqual([
      'reject block-sync-response of r3: unsolicited',
    ]);
  });

  test('that comes late is used like any other, as long as its request is open', () => {
    const world = fetching();
    play(world, 'timer fetch after=250\ntimer fetch after=250');
    play(world, 'blocks from=r2 with=B4,B5,B6 highest=PC(6,B6)\ncertified\nvalid\nvalid\nvalid');
    expect(world.core.tree.blocks.has(world.hashOf('B6'))).toBe(true);
    expect(world.core.sync.fetch).not.toBeNull();
    expect(sends(play(world, 'timer fetch after=250'))).toEqual([]);
    expect(world.core.sync.fetch).toBeNull();
  });

  test('without the blocks that its server has advertised costs the server', () => {
    const world = fetching();
    play(world, 'advertise from=r2 height=5\ncertified\nblocks from=r2 highest=PC(2,B2)');
    expect(isBlacklisted(world, 'r2')).toBe(true);
  });

  test('that stops the app stops no later one', () => {
    const world = fetching();
    play(world, 'timer fetch after=250');
    const [, other] = [...world.core.sync.requests.keys()];
    const name = ['r0', 'r1', 'r3'].find((candidate) => world.idOf(candidate) === other);
    play(world, 'blocks from=r2 with=B4,B5,B6 highest=PC(6,B6)\ncertified');
    play(world, `blocks from=${name} with=B4,B5,B6 highest=PC(6,B6)`);
    const effects = play(world, 'no-verdict');
    expect(effects).toContain('have the app validate B4 (sync)');
    play(world, 'valid\nvalid\nvalid');
    expect(world.core.tree.blocks.has(world.hashOf('B6'))).toBe(true);
  });
});

describe('R18: a request', () => {
  test('is one per peer; the next peer is asked after a quarter view', () => {
    const world = fetching();
    expect(
      sends(play(world, 'advance from=r2 with=PC(7,X)\ncertified'), 'sync-request(from 0) -> r2'),
    ).toEqual([]);
    const asked = [1, 2, 3, 4].flatMap(() => sends(play(world, 'timer fetch after=250'), 'sync-request'));
    expect(new Set(asked).size).toBe(asked.length);
    // The certificate's signers: r0, r1 and r2.
    expect(world.core.sync.requests.size).toBe(3);
  });

  test('ends after ten view times, and its server is avoided for a while', () => {
    const world = fetching();
    play(world, 'timer sync-request to=r2 after=10000');
    expect(isBlacklisted(world, 'r2')).toBe(true);
    expect(world.core.sync.requests.has(world.idOf('r2'))).toBe(false);
    expect(play(world, 'blocks from=r2 with=B4 highest=PC(6,B6)')).toEqual([
      'reject block-sync-response of r2: unsolicited',
    ]);
  });

  test('goes out when nothing has moved for eight view times, to somebody who is not behind', () => {
    const world = listener(3);
    play(world, 'advertise from=r3 height=1\ncertified');
    expect(sends(play(world, 'timer sync-trigger after=7000'))).toEqual([]);
    expect(sends(play(world, 'timer sync-trigger after=1000'), 'sync-request')).toEqual([
      'send sync-request(from 0) -> r3',
    ]);
  });

  test('goes out on an advertised certificate ten views ahead, though another block is being fetched', () => {
    const world = fetching();
    expect(world.status.highestPc.pc.view).toBe(2);
    play(world, 'advance from=r2 with=PC(20,Y)\ncertified');
    expect(sends(play(world, 'advertise from=r3 highest=PC(11,X)\ncertified'), 'sync-request')).toEqual([]);
    expect(
      sends(play(world, 'wait 1000\nadvertise from=r3 highest=PC(12,X)\ncertified'), 'sync-request'),
    ).toEqual(['send sync-request(from 0) -> r3']);
  });

  test('does not blame a server for a certificate that was kept here', () => {
    const world = new GoldenWorld();
    play(
      world,
      `world n=4 me=r9 tenure=1
       block name=U on=genesis update=+r4,-r0
       block name=C on=PC(2,U,decide) only-named
       restart view=7 root=U highest=PC(2,U,decide) kept=PC(6,C) set=r1,r2,r3,r4 decided
       blocks from=r1 with=C highest=PC(2,U,decide)
       refused`,
    );
    expect(isBlacklisted(world, 'r1')).toBe(false);
  });
});
