import { describe, expect, test } from 'vitest';
import { askForBlocks, syncPeer } from '../../../../src/core/block-sync/requests.ts';
import { MAX_UNCOMMITTED_BLOCKS } from '../../../../src/core/block-tree/insert.ts';
import { insertIntoTree } from '../../../../src/core/block-tree/tree.ts';
import { refusalUnread } from '../../../../src/core/receive.ts';
import { GENESIS_PC } from '../../../../src/model/certificate.ts';
import { asBlockHash, asDataHash, asHeight, asReplicaId } from '../../../../src/model/ids.ts';
import type { Message } from '../../../../src/model/messages.ts';
import { idOf } from '../../../support/golden-data.ts';
import type { GoldenWorld } from '../../../support/golden-world.ts';
import { afterUpdate, certificatesOf, follow, inViewOne, listener, play, sends, writes } from './play.ts';

describe('R19: one vote per signer and view', () => {
  test('votes of the faulty for blocks of their own do not crowd out the others', () => {
    const n = 200;
    const faulty = Array.from({ length: 66 }, (_, at) => 134 + at);
    const world = inViewOne(`n=${n} me=r2 tenure=1`);
    follow(world, n, 1, 1);
    for (const voter of faulty) {
      play(world, `block name=X${voter} on=genesis only-named\nvote from=r${voter} view=1 block=X${voter}`);
    }
    const honest = Array.from({ length: 134 }, (_, voter) =>
      world.run(`vote from=r${voter} view=1 block=B1`),
    );
    expect(honest.flat().filter((effect) => effect.startsWith('form PC(1,B1)'))).toHaveLength(1);
  });
});

/** 33 of 100 are faulty: each claims as much as it may in a view, and no quorum has signed any of it. */
function flood(world: GoldenWorld): void {
  const claims = ['new-view view=2 highest=', 'proposal view=80 block=', 'advance with='];
  for (let claim = 0; claim < 36; claim++) {
    const kind = claims[Math.floor(claim / 16)] as string;
    for (let faulty = 67; faulty < 100; faulty++) {
      const name = `X${claim}of${faulty}`;
      const pc = `PC(${10 + claim},${name})`;
      const content = kind.startsWith('proposal') ? `${name}on on=${pc}` : pc;
      play(world, `block name=${name} on=genesis only-named\n${kind}${content} from=r${faulty}\nrefused`);
    }
  }
}

describe('R19: claims of the faulty', () => {
  const flooded = (): GoldenWorld => {
    const world = inViewOne('n=100 me=r0 tenure=1');
    follow(world, 100, 1, 1);
    play(world, 'proposal from=r2 view=2 block=B2 on=PC(1,B1)\ncertified');
    flood(world);
    expect(world.status.view).toBe(2);
    return world;
  };

  test('do not displace what is known of genuine certificates', () => {
    expect(play(flooded(), 'proposal from=r5 view=2 block=B2')).toEqual([
      'reject proposal of r5: not-the-proposer',
    ]);
  });

  test('are not remembered without bound', () => {
    const world = flooded();
    expect(world.core.verdicts.refused.size).toBeLessThanOrEqual(1_024);
  });

  test('that are genuine in many ways do not lose a vote', () => {
    // Whoever holds the votes of a view can make many certificates of one statement, all of them valid.
    const world = inViewOne('n=100 me=r0 tenure=1');
    follow(world, 100, 1, 1);
    play(world, 'proposal from=r2 view=2 block=B2 on=PC(1,B1)\ncertified');
    const signers = [...Array(67).keys()].join('.');
    for (let other = 1; other <= 8; other++) {
      play(world, `proposal from=r66 view=2 block=C${other} on=PC(1,B1)/100:${signers}#${other}\ncertified`);
    }
    expect(sends(play(world, 'valid'), 'vote')).toHaveLength(1);
  });
});

describe('R19: advertisements', () => {
  test('leave half of the open questions to validators', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    const open = Array.from({ length: 4_000 }, (_, at) => world.run(`advertise from=r${10 + at} height=1`));
    expect(open.filter((effects) => effects.includes('verify signature'))).toHaveLength(2_048);
    world.run('block name=X on=genesis only-named');
    expect(play(world, 'advertise from=r5000 highest=PC(5,X)')).toEqual([
      'reject advertise-pc of r5000: overloaded',
    ]);
    expect(play(world, 'advance from=r1 with=PC(5,X)')).toEqual(['verify PC(5,X)']);
  });
});

describe('R19: blocks that a fetch waits for', () => {
  test('are validated once, however many bring them', () => {
    const world = listener(3);
    play(
      world,
      `block name=Y on=PC(3,B3) only-named
       advance from=r2 with=PC(4,Y)
       certified`,
    );
    expect(play(world, 'proposal from=r0 view=4 block=Y\ncertified')).toContain(
      'have the app validate Y (proposal)',
    );
    expect(play(world, 'proposal from=r1 view=4 block=Y')).toEqual([]);
    expect(play(world, 'proposal from=r3 view=4 block=Y')).toEqual([]);
  });
});

describe('R19: uncommitted blocks', () => {
  const crowded = (): GoldenWorld => {
    const world = listener(3);
    const { tree } = world.core;
    for (let at = 0; tree.blocks.size < MAX_UNCOMMITTED_BLOCKS; at++) {
      const hash = asBlockHash(at.toString(16).padStart(64, 'f'));
      const justify = { ...GENESIS_PC, block: world.hashOf('B2') };
      const header = { height: asHeight(2), hash, justify, dataHash: asDataHash('0'.repeat(64)) };
      insertIntoTree(tree, { header, validatorSetUpdates: null, hasCommands: false, updatesBefore: 0 });
    }
    return world;
  };

  test('beyond the bound, the oldest that certifies nothing makes room', () => {
    const world = crowded();
    const oldest = [...world.core.tree.blocks.values()].find(({ children }) => children.length === 0);
    expect(oldest?.header.hash).toBe(world.hashOf('B3'));
    // B3 is needed by what is proposed on it; the oldest of the others goes.
    play(world, 'proposal from=r0 view=4 block=B4 on=PC(3,B3)\ncertified');
    const effects = play(world, 'valid');
    expect(writes(effects)).toEqual([`lazy: insert B4, prune ${'f'.repeat(8)}`]);
    expect(world.core.tree.blocks.size).toBe(MAX_UNCOMMITTED_BLOCKS);
    expect(world.core.tree.blocks.has(world.hashOf('B3'))).toBe(true);
    expect(world.core.tree.blocks.get(world.hashOf('B2'))?.children).not.toContain('0'.padStart(64, 'f'));
  });

  test('and the chain goes on to its next commit, which clears them away', () => {
    const world = crowded();
    follow(world, 4, 4, 6);
    expect(world.status.highestCommitted?.height).toBe(2);
    expect(world.core.tree.blocks.size).toBe(4);
  });
});

describe('R19: messages of one peer while the receiver stays in one view', () => {
  const times = (count: number, each: (at: number) => string): string =>
    Array.from({ length: count }, (_, at) => each(at)).join('\n');
  const refused = (effects: readonly string[]): number =>
    effects.filter((effect) => effect.endsWith('quota-exceeded')).length;

  test.each([
    ['new-view', 16, (): string => 'new-view from=r1 view=0 highest=genesis'],
    ['advance-view', 4, (): string => 'advance from=r1 with=genesis'],
    ['timeout-vote', 16, (): string => 'timeout-vote from=r1 view=10'],
    ['proposal', 16, (at: number): string => `proposal from=r1 view=1 block=P${at} on=genesis`],
  ] as const)('are bounded (%s), and not even read beyond', (type, bound, message) => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    const unread = () => refusalUnread(world.core, idOf('r1'), type);
    expect(refused(play(world, times(bound - 1, message)))).toBe(0);
    expect(unread()).toBeNull();
    expect(refused(play(world, message(bound)))).toBe(0);
    expect(unread()).toBe('quota-exceeded');
    expect(refused(play(world, times(5, message)))).toBe(5);
    play(world, 'timer view');
    expect(unread()).toBeNull();
    expect(refused(play(world, message(99)))).toBe(0);
  });

  test('are not read when only validators are heard, or nobody asked for blocks', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    const unread = (from: string, type: Message['type']) => refusalUnread(world.core, idOf(from), type);
    expect([unread('r1', 'phase-vote'), unread('r9', 'phase-vote')]).toEqual([null, 'not-a-validator']);
    expect([unread('r9', 'advertise-pc'), unread('r9', 'block-sync-request')]).toEqual([null, null]);
    expect(unread('r1', 'block-sync-response')).toBe('unsolicited');
    askForBlocks(world.core, idOf('r1'));
    expect(unread('r1', 'block-sync-response')).toBeNull();
    expect(unread('r2', 'block-sync-response')).toBe('unsolicited');
  });

  test('a replica hears itself without bound', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    expect(
      refused(
        play(
          world,
          times(20, () => 'advance from=r0 with=TC(0)'),
        ),
      ),
    ).toBe(0);
  });

  test('what is too far ahead is not kept', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    expect(play(world, 'timeout-vote from=r1 view=40')).toEqual([]);
    expect(play(world, 'timeout-vote from=r1 view=50')).toEqual(['reject timeout-vote of r1: too-far-ahead']);
    expect(world.core.inbox.bytes).toBe(100);
  });

  test('what is kept of later views is handled there, and its bytes are given back (T10)', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    play(
      world,
      times(9, () => 'timeout-vote from=r1 view=10'),
    );
    expect(world.core.inbox.bytes).toBe(900);
    const effects = play(
      world,
      times(9, () => 'timer view'),
    );
    expect(world.status.view).toBe(10);
    expect(effects.filter((effect) => effect === 'reject timeout-vote of r1: duplicate')).toHaveLength(8);
    expect(world.core.inbox).toMatchObject({ bytes: 0 });
    expect(world.core.inbox.perPeer.size).toBe(0);
  });

  test('a peer fills no more than its own part of what is kept', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    const half = 'timeout-vote from=r1 view=10 bytes=4194304';
    expect(play(world, `${half}\n${half}`)).toEqual([]);
    expect(play(world, 'timeout-vote from=r1 view=10 bytes=1')).toEqual([
      'reject timeout-vote of r1: quota-exceeded',
    ]);
    expect(refused(play(world, half.replace('r1', 'r2')))).toBe(0);
  });

  test('a certificate that failed mutes its sender for the view', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 1);
    play(world, 'advance from=r3 with=PC(5,B1)\nrefused');
    expect(play(world, 'advance from=r3 with=PC(6,B1)')).toEqual(['reject advance-view of r3: muted']);
    expect(play(world, 'advance from=r1 with=PC(6,B1)')).toEqual(['verify PC(6,B1)']);
    play(world, 'certified');
    expect(play(world, 'advance from=r3 with=PC(7,B1)')).toEqual(['verify PC(7,B1)']);
  });

  /** r1 after an update that puts r4 in the place of r0, which the new set has decided in view 4. */
  const afterReplacement = (): GoldenWorld => {
    const world = afterUpdate('r1', '+r4,-r0');
    play(
      world,
      `proposal from=r2 view=5 block=V on=PC(4,U,decide)/4:1.2.3
       verdicts 10
       valid`,
    );
    expect(world.status.validatorSets.decided).toBe(true);
    return world;
  };

  test('nobody is muted for a certificate of the set before: others may have entered their view by it', () => {
    const world = afterReplacement();
    expect(play(world, 'advance from=r3 with=PC(4,U,decide)/4:0.1.2')).toEqual(['verify PC(4,U,decide)']);
    expect(play(world, 'refused')).toEqual(['verify PC(4,U,decide)']);
    play(world, 'certified');
    expect(play(world, 'advance from=r3 with=PC(6,V)')).toEqual(['verify PC(6,V)']);
  });

  test('but for one that the set before refuses as well', () => {
    const world = afterReplacement();
    play(world, 'advance from=r3 with=PC(4,U,decide)/4:0.1.2\nrefused\nrefused');
    expect(play(world, 'advance from=r3 with=PC(6,V)')).toEqual(['reject advance-view of r3: muted']);
    expect(play(world, 'advance from=r2 with=PC(6,V)')).toEqual(['verify PC(6,V)']);
  });

  test('nor is the set before asked any more when a higher certificate has come', () => {
    const world = afterReplacement();
    play(world, 'proposal from=r4 view=7 block=W on=PC(6,V)\ncertified\nvalid');
    play(world, 'advance from=r3 with=PC(5,V)\nadvance from=r2 with=PC(7,W)');
    expect(play(world, 'refused')).toEqual(['verify PC(5,V)']);
    play(world, 'certified');
    expect(certificatesOf(world, ['V', 'W']).locked).toBe('6 V generic');
    expect(world.core.muted.size).toBe(0);
    expect([...world.core.pending.values()].map(({ type }) => type)).not.toContain('certificates');
  });

  test('and is still asked when a higher one comes, as long as the certificate could teach something', () => {
    const world = afterReplacement();
    play(world, 'advance from=r3 with=PC(5,V)\nadvance from=r2 with=PC(6,V)\nrefused');
    const effects = play(world, 'certified');
    expect(world.status.view).toBe(7);
    expect(effects.filter((effect) => effect.startsWith('cancel') || effect.startsWith('verify'))).toEqual(
      [],
    );
    play(world, 'refused');
    expect(world.core.muted.size).toBe(1);
  });

  test('who waits for a certificate hears everybody anew each view time', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 1);
    play(
      world,
      times(9, () => 'timer view'),
    );
    expect(world.status.view).toBe(10);
    play(world, 'advance from=r3 with=PC(10,B1)\nrefused');
    play(
      world,
      times(4, () => 'advance from=r1 with=genesis'),
    );
    expect(play(world, 'advance from=r3 with=TC(10)')).toEqual(['reject advance-view of r3: muted']);
    expect(play(world, 'advance from=r1 with=TC(10)')).toEqual(['reject advance-view of r1: quota-exceeded']);
    play(world, 'timer view');
    expect(play(world, 'advance from=r3 with=TC(10)')).toEqual(['verify TC(10)']);
    expect(refused(play(world, 'advance from=r1 with=TC(10)'))).toBe(0);
    play(world, 'certified');
    expect(world.status.view).toBe(11);
  });

  test('a slot takes four tries', () => {
    const world = inViewOne('n=4 me=r9 tenure=1');
    const tries = (at: number): string => `proposal from=r1 view=1 block=T${at} on=genesis`;
    expect(play(world, times(4, tries))).toHaveLength(4);
    expect(play(world, tries(9))).toEqual(['reject proposal of r1: duplicate']);
  });

  test('equal questions are asked once', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 1);
    expect(play(world, 'new-view from=r2 view=1 highest=PC(1,B1)')).toEqual(['verify PC(1,B1)']);
    expect(play(world, 'new-view from=r3 view=1 highest=PC(1,B1)')).toEqual([]);
    play(world, 'certified');
    expect(world.status.view).toBe(2);
    expect(world.core.newViews.size).toBe(2);
  });

  test('the same bytes claimed for other signers are another question', () => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    follow(world, 4, 1, 1);
    play(world, 'new-view from=r2 view=1 highest=PC(1,B1)/4:0.1.2');
    expect(play(world, 'new-view from=r3 view=1 highest=PC(1,B1)/4:1.2.3')).toEqual(['verify PC(1,B1)']);
    play(world, 'refused\ncertified');
    expect(world.status.view).toBe(2);
  });

  test('requests for blocks are answered 32 times per peer and view time', () => {
    const world = listener(3);
    const asks = play(
      world,
      times(40, () => 'ask-blocks from=r1 start=0 limit=1'),
    );
    expect(asks.filter((effect) => effect.startsWith('serve'))).toHaveLength(32);
    expect(play(world, 'wait 1000\nask-blocks from=r1 start=0 limit=1')).toHaveLength(1);
  });

  test('whoever comes with ever new keys makes a replica forget strangers, and nobody else', () => {
    const world = listener(3);
    const { core } = world;
    play(world, 'ask-blocks from=r1 start=0 limit=1');
    for (let at = 0; at < 20_000; at++) syncPeer(core, asReplicaId(at.toString(16).padStart(64, '7')));
    expect(core.sync.peers.size).toBe(8_192);
    expect(core.sync.peers.has(idOf('r1'))).toBe(true);
    expect(play(world, 'ask-blocks from=r2 start=0 limit=1')).toEqual([
      expect.stringMatching(/^serve blocks/),
    ]);
    expect(play(world, 'advertise from=r8 height=1')).toEqual(['verify signature']);
  });

  test('advertisements are looked at once per view time and peer', () => {
    const world = listener(3);
    expect(play(world, 'advertise from=r1 height=1\nadvertise from=r1 height=2')).toEqual([
      'verify signature',
      'reject advertise-block of r1: quota-exceeded',
    ]);
    expect(play(world, 'certified\nwait 1000\nadvertise from=r1 height=2')).toEqual(['verify signature']);
  });
});
