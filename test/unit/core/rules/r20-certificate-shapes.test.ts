import { describe, expect, test } from 'vitest';
import type { GoldenWorld } from '../../../support/golden-world.ts';
import { follow, inViewOne, play } from './play.ts';

const followed = (options = 'n=4 me=r0 tenure=1'): GoldenWorld => {
  const world = inViewOne(options);
  follow(world, 4, 1, 1);
  return world;
};

describe('R20: a certificate has exactly n slots and a quorum of power', () => {
  test.each([
    ['two of four', '4:0.1'],
    ['nobody', '4:'],
    ['three slots', '3:0.1.2'],
    ['five slots', '5:0.1.2'],
    ['a bit beyond the slots', '4:0.1.2.5'],
    ['a bitmap of another length', '12:0.1.2'],
  ])('refused without verification: %s', (_, shape) => {
    const world = followed();
    expect(play(world, `advance from=r2 with=PC(1,B1)/${shape}`)).toEqual([]);
    expect(world.status.view).toBe(1);
  });

  test('power counts, not heads', () => {
    const world = followed('n=4 me=r0 tenure=1 powers=1,1,1,4');
    expect(play(world, 'advance from=r2 with=PC(1,B1)/4:0.1.2')).toEqual([]);
    expect(play(world, 'advance from=r1 with=PC(1,B1)/4:0.3')).toEqual(['verify PC(1,B1)']);
  });
});

describe('R20: one bad vote voids itself alone', () => {
  /** r2 leads view 2 and collects votes for B1. */
  const collecting = (): GoldenWorld => followed('n=4 me=r2 tenure=1');

  test('the rest makes the certificate when it is a quorum', () => {
    const world = collecting();
    play(world, 'vote from=r0 view=1 block=B1\nvote from=r1 view=1 block=B1\nvote from=r2 view=1 block=B1');
    expect(play(world, 'formed bad=r1')).toEqual(['reject phase-vote of r1: bad-signature']);
    expect(play(world, 'vote from=r3 view=1 block=B1')).toEqual(['form PC(1,B1) of r0,r2,r3']);
    expect(play(world, 'formed')).toContain('enter view 2 by certificate');
  });

  test('a vote that comes while a certificate is formed is part of the next try', () => {
    const world = collecting();
    play(world, 'vote from=r0 view=1 block=B1\nvote from=r1 view=1 block=B1\nvote from=r2 view=1 block=B1');
    expect(play(world, 'vote from=r3 view=1 block=B1')).toEqual([]);
    expect(play(world, 'formed bad=r1')).toContain('form PC(1,B1) of r0,r2,r3');
  });

  test('its signer is not heard again in the view', () => {
    const world = collecting();
    play(world, 'vote from=r0 view=1 block=B1\nvote from=r1 view=1 block=B1\nvote from=r2 view=1 block=B1');
    play(world, 'formed bad=r1');
    expect(play(world, 'vote from=r1 view=1 block=B1')).toEqual(['reject phase-vote of r1: muted']);
  });

  test('the same for timeout votes, whose signer may try again', () => {
    const world = collecting();
    play(world, 'advance from=r1 with=PC(9,B1)\ncertified');
    play(world, 'timeout-vote from=r0 view=10\ntimeout-vote from=r1 view=10\ntimeout-vote from=r2 view=10');
    play(world, 'formed bad=r1');
    expect(play(world, 'timeout-vote from=r1 view=10')).toEqual(['form TC(10) of r0,r2,r1']);
    expect(play(world, 'formed')).toContain('enter view 11 by certificate');
  });

  test('votes count by power, of the members of the set alone', () => {
    const world = followed('n=4 me=r2 tenure=1 powers=1,1,1,4');
    play(world, 'vote from=r0 view=1 block=B1\nvote from=r1 view=1 block=B1\nvote from=r2 view=1 block=B1');
    expect(play(world, 'vote from=r3 view=1 block=B1')).toEqual(['form PC(1,B1) of r0,r1,r2,r3']);
  });
});

describe('R21: updates of the validator set', () => {
  test.each([
    ['that leave nobody', '-r0,-r1,-r2,-r3'],
    ['with no power', '+r4:0'],
    ['with negative power', '+r4:-1'],
    ['whose total is too large', '+r4:9007199254740991'],
    ['that name a replica twice', '+r4,+r4'],
    ['that add and remove one', '+r0,-r0'],
  ])('%s make their block invalid', (_, update) => {
    const world = inViewOne('n=4 me=r0 tenure=1');
    play(world, 'proposal from=r1 view=1 block=U on=genesis');
    expect(play(world, `valid update=${update}`)).toEqual(['reject proposal of r1: bad-validator-update']);
    expect(world.status.uncommittedBlocks).toBe(0);
  });
});
