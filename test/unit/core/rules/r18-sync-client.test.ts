import { describe, expect, test } from 'vitest';
import { GoldenWorld } from '../../../support/golden-world.ts';
import { afterUpdate, listener, play, rejections, sends, writes } from './play.ts';

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
      'have the app validate B4 (sync)',
    ]);
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
    play(world, 'blocks from=r2 with=B4,B5,B6 highest=PC(6,B6)/4:0.1.2#1');
    expect(rejections(play(world, 'refused'))).toHaveLength(1);
    expect(isBlacklisted(world, 'r2')).toBe(true);
    expect(world.core.tree.blocks.size).toBe(3);
  });

  test('may end with a block that is not certified yet, which is left out', () => {
    const world = fetching();
    play(world, 'block name=B7 on=PC(6,B6) only-named\nblocks from=r2 with=B4,B5,B6,B7 highest=PC(6,B6)');
    const effects = play(world, 'valid\nvalid\nvalid');
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
    play(world, 'blocks from=r2 with=B4,B5,B6 highest=PC(6,B6)\nvalid\nvalid\nvalid');
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
    play(world, 'blocks from=r2 with=B4,B5,B6 highest=PC(6,B6)');
    play(world, `blocks from=${name} with=B4,B5,B6 highest=PC(6,B6)`);
    const effects = play(world, 'no-verdict');
    expect(effects).toContain('have the app validate B4 (sync)');
    play(world, 'valid\nvalid\nvalid');
    expect(world.core.tree.blocks.has(world.hashOf('B6'))).toBe(true);
  });
});

describe('R18: servers that were silent', () => {
  test('are asked again, though another, which may be down, has still to answer', () => {
    const world = fetching();
    play(world, 'timer fetch after=250\ntimer fetch after=250');
    const asked = [...world.core.sync.requests.keys()];
    expect(asked).toHaveLength(3);
    play(world, 'wait 9000');
    for (const name of ['r2', 'r0', 'r1']) play(world, `timer sync-request to=${name} after=500`);
    const again = (): readonly string[] => [...world.core.sync.requests.keys()];
    play(world, 'timer fetch after=250\ntimer fetch after=250\ntimer fetch after=250');
    expect(again().toSorted()).toEqual(asked.toSorted());
  });

  test('get their request again after three view times, and once more after six, for it may be lost', () => {
    const world = fetching();
    play(world, 'timer fetch after=250\ntimer fetch after=250');
    const repeats = (): readonly string[] => sends(play(world, 'timer fetch after=250'), 'sync-request');
    const seen = Array.from({ length: 38 }, (_, at) =>
      repeats().map((sent) => `${(at + 3) / 4} ${sent}`),
    ).flat();
    expect(seen.filter((sent) => sent.endsWith('r2'))).toEqual([
      '3 send sync-request(from 0) -> r2',
      '9 send sync-request(from 0) -> r2',
    ]);
    expect(seen).toHaveLength(6);
    play(world, 'blocks from=r2 with=B4,B5,B6 highest=PC(6,B6)\nvalid\nvalid\nvalid');
    expect(world.core.tree.blocks.has(world.hashOf('B6'))).toBe(true);
  });

  test('but not one that sent what it should not have', () => {
    const world = fetching();
    play(world, 'blocks from=r2 with=X,Y,B4 highest=PC(6,B6)\ncertified');
    expect(isBlacklisted(world, 'r2')).toBe(true);
    for (let times = 0; times < 8; times++) play(world, 'timer fetch after=250');
    expect([...world.core.sync.requests.keys()]).not.toContain(world.idOf('r2'));
    expect(world.core.sync.requests.size).toBe(2);
  });
});

/** A listener that knows B1 to B3 and has asked r3 for what follows, of which it has seen no certificate. */
function asking(blocks: string): GoldenWorld {
  const world = listener(3);
  play(world, blocks);
  play(world, 'advertise from=r3 height=9\ncertified');
  expect(sends(play(world, 'timer sync-trigger after=8000'))).toEqual(['send sync-request(from 0) -> r3']);
  return world;
}

const HONEST = `
  block name=B4 on=PC(3,B3) only-named
  block name=B5 on=PC(4,B4) only-named
  block name=B6 on=PC(5,B5) only-named
  block name=B7 on=PC(6,B6) only-named`;

/** Nothing was inserted above B3, and r3 is to blame. */
function expectRefused(world: GoldenWorld, effects: readonly string[]): void {
  expect(rejections(effects)).toEqual(['reject block-sync-response of r3: uncertified-block']);
  expect(isBlacklisted(world, 'r3')).toBe(true);
  expect(world.core.tree.blocks.size).toBe(3);
  expect(world.status.highestPc.pc.view).toBe(2);
}

describe('R18: one certificate vouches for the blocks that it links to by hash', () => {
  test('that of the last block', () => {
    const world = asking(HONEST);
    expect(play(world, 'blocks from=r3 with=B1,B2,B3,B4,B5,B6,B7 highest=PC(7,B7)')).toEqual([
      'verify PC(7,B7)',
    ]);
    const effects = play(world, 'certified\nvalid\nvalid\nvalid\nvalid');
    expect(effects.filter((effect) => effect.startsWith('verify'))).toEqual([]);
    expect(rejections(effects)).toEqual([]);
    expect(world.status.highestPc.pc.view).toBe(7);
    expect(world.status.lockedPc.pc.view).toBe(6);
  });

  test('or that of the last but one, when the response was cut off', () => {
    const world = asking(HONEST);
    play(world, 'block name=Z on=PC(8,B7) only-named');
    expect(play(world, 'blocks from=r3 with=B4,B5,B6,B7 highest=PC(9,Z)')).toEqual([
      'verify PC(6,B6), PC(9,Z)',
    ]);
    play(world, 'certified\nvalid\nvalid\nvalid');
    expect(world.core.tree.blocks.has(world.hashOf('B6'))).toBe(true);
    expect(world.core.tree.blocks.has(world.hashOf('B7'))).toBe(false);
    expect(isBlacklisted(world, 'r3')).toBe(false);
  });

  test('a forged one vouches for nothing, though others in the response are genuine', () => {
    const world = asking(HONEST);
    play(world, 'blocks from=r3 with=B4,B5,B6,B7 highest=PC(7,B7)/4:0.1.2#1');
    expectRefused(world, play(world, 'refused'));
  });

  test('a forged one inside changes the hashes above it, which no quorum signed', () => {
    const world = asking(`${HONEST}
      block name=X5 on=PC(4,B4)/4:0.1.2#1 only-named
      block name=X6 on=PC(5,X5) only-named`);
    expect(play(world, 'blocks from=r3 with=B4,X5,X6 highest=PC(6,X6)')).toEqual(['verify PC(6,X6)']);
    expectRefused(world, play(world, 'refused'));
  });

  test('a genuine one does not vouch for blocks that it does not link to', () => {
    const world = asking(`${HONEST}
      block name=X5 on=PC(4,B4)/4:0.1.2#1 only-named`);
    // B6 names B5. What vouches for B4 is the justify of X5, and that is forged.
    const asked = play(world, 'blocks from=r3 with=B4,X5,B6,B7 highest=PC(7,B7)');
    expect(asked).toEqual(['verify PC(4,B4), PC(7,B7)']);
    expectRefused(world, play(world, 'verdicts 01'));
  });

  test('nor for a block that is not of its hash', () => {
    const world = asking(`
      block name=B4 on=PC(3,B3) only-named
      block name=X5 on=PC(4,B4) hash=other only-named
      block name=X6 on=PC(5,X5) only-named`);
    const asked = play(world, 'blocks from=r3 with=B4,X5,X6 highest=PC(6,X6)');
    expect(asked).toEqual(['verify PC(4,B4), PC(6,X6)']);
    expect(play(world, 'certified')).toEqual(['have the app validate B4 (sync)']);
    expect(rejections(play(world, 'valid'))).toHaveLength(1);
    expect(world.core.tree.blocks.has(world.hashOf('X5'))).toBe(false);
    expect(isBlacklisted(world, 'r3')).toBe(true);
  });

  test('nor after the sets have moved: the rest is verified under the new one', () => {
    const world = new GoldenWorld();
    play(
      world,
      `world n=4 me=r9 tenure=1
       block name=A on=genesis only-named
       block name=B on=PC(1,A) only-named
       block name=C on=PC(2,B) only-named
       start
       advertise from=r3 height=3
       certified
       timer sync-trigger after=8000
       blocks from=r3 with=A,B,C highest=PC(3,C)
       certified`,
    );
    const { committed } = world.core.sets;
    world.core.sets = { ...world.core.sets, committed: { ...committed }, previous: { ...committed } };
    const effects = play(world, 'valid');
    // A's verdict came; then no certificate counts that another set was asked about.
    expect(effects).toEqual(['verify PC(3,C)']);
    expect(play(world, 'certified')).toEqual(['have the app validate A (sync)']);
  });
});

describe('R18: where the validator set changes, certificates are verified themselves', () => {
  const above = `
    block name=V on=PC(4,U,decide)/5:0.1.2.3 only-named
    block name=W on=PC(5,V)/5:0.1.2.3 only-named
    block name=Y on=PC(6,W)/5:0.1.2.3 only-named
    advertise from=r3 height=9
    certified
    timer sync-trigger after=8000`;

  test('that which decides an update, besides the last', () => {
    const world = afterUpdate('r9');
    play(world, above);
    expect(play(world, 'blocks from=r3 with=V,W,Y highest=PC(7,Y)/5:0.1.2.3')).toEqual([
      'verify PC(4,U,decide), PC(7,Y)',
    ]);
    expect(play(world, 'certified')).toEqual(['have the app validate V (sync)']);
  });

  test('a forged one decides nothing, though a quorum of the new set signed the last block', () => {
    const world = afterUpdate('r9');
    play(world, above);
    play(world, 'blocks from=r3 with=V,W,Y highest=PC(7,Y)/5:0.1.2.3');
    expect(rejections(play(world, 'verdicts 01'))).toHaveLength(1);
    expect(isBlacklisted(world, 'r3')).toBe(true);
    expect(world.status.validatorSets.decided).toBe(false);
    expect(world.core.tree.blocks.has(world.hashOf('V'))).toBe(false);
  });

  test('a forged Commit certificate commits no update, and vouches for nothing', () => {
    const world = asking(`
      block name=B4 on=PC(3,B3) only-named
      block name=U on=PC(4,B4) only-named`);
    expect(play(world, 'blocks from=r3 with=B4,U highest=PC(7,U,commit)')).toEqual(['verify PC(7,U,commit)']);
    expectRefused(world, play(world, 'refused'));
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
