import { describe, expect, test } from 'vitest';
import { follow, inViewOne, play } from './play.ts';

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
