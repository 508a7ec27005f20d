import { describe, expect, test } from 'vitest';
import { GoldenWorld } from '../../../support/golden-world.ts';
import { play } from './play.ts';

describe('R18: the client', () => {
  test('does not blame a server for a certificate that it has kept itself', () => {
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
    expect(world.core.sync.peers.get(world.idOf('r1'))?.blacklistedUntil ?? -1).toBeLessThan(0);
  });
});
