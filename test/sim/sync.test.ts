import { describe, expect, test } from 'vitest';
import { createWorld } from '../../src/simulator/index.ts';

describe.each(['ed25519', 'bls12381'] as const)('%s', (scheme) => {
  test('a replica that slept from genesis catches up by sync, data included', () => {
    const world = createWorld({ n: 4, seed: 21, scheme, encode: true });
    world.crash(3);
    world.run({ views: 300 });
    world.restart(3);
    const target = world.height;
    world.runUntil(() => world.replica(3).height >= target, { withinMs: 20_000, what: 'catching up' });
    for (let height = 0; height <= target; height++) {
      const hash = world.replica(3).committedAt(height)!;
      expect(hash).toBe(world.replica(0).committedAt(height));
      expect(world.replica(3).block(hash)!.data).toEqual(world.replica(0).block(hash)!.data);
    }
  });
});

test('a replica behind a partition catches up when it heals, while the others go on', () => {
  const world = createWorld({ n: 4, seed: 22 });
  world.run({ views: 20 });
  world.partition([[0, 1, 3], [2]]);
  const before = world.replica(2).height;
  world.run({ ms: 120_000 });
  expect(world.replica(2).height).toBe(before);
  expect(world.height).toBeGreaterThan(before + 30);
  const target = world.height;
  world.heal();
  world.runUntil(() => world.replica(2).height >= target, { withinMs: 20_000, what: 'catching up' });
});

test('a partition without a quorum on either side commits nothing and heals', () => {
  const world = createWorld({ n: 4, seed: 23 });
  world.run({ views: 20 });
  world.partition([
    [0, 1],
    [2, 3],
  ]);
  world.run({ ms: 2_000 });
  const before = world.height;
  world.run({ ms: 60_000 });
  expect(world.height).toBe(before);
  world.heal();
  world.run({ views: 60 });
  expect(world.height).toBeGreaterThan(before + 20);
});
