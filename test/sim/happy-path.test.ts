import { describe, expect, test } from 'vitest';
import { createWorld } from '../../src/simulator/index.ts';

describe.each([
  ['ed25519', 4],
  ['ed25519', 7],
  ['bls12381', 4],
  ['bls12381', 7],
] as const)('%s, n = %i, nothing goes wrong', (scheme, n) => {
  test('every view commits a block, through the real codec', () => {
    const world = createWorld({ n, seed: 1, scheme, encode: true });
    world.run({ views: 300 });
    expect(world.height).toBeGreaterThan(290);
    for (const { height } of world.replicas) expect(height).toBeGreaterThan(290);
  });

  test('messages per view are linear in n', () => {
    const world = createWorld({ n, seed: 1, scheme });
    world.run({ views: 100 });
    const before = world.messages;
    world.run({ views: 400 });
    // Proposal to all, a vote of each to one or two leaders, NewViews to the next: 3n when busy, and advertisements.
    expect((world.messages - before) / 400).toBeLessThan(5 * n);
  });
});

test('submitted commands take effect on every replica, once', () => {
  const world = createWorld({ n: 4, seed: 5, load: 'idle' });
  world.run({ ms: 3_000 });
  world.submit({ set: { fruit: 'apple', tree: 'oak' } });
  world.run({ ms: 1_000 });
  world.submit({ set: { fruit: 'pear' }, delete: ['tree'] });
  world.run({ ms: 2_000 });
  for (const replica of world.replicas) {
    expect(replica.get('fruit')).toBe('pear');
    expect(replica.get('tree')).toBeNull();
  }
});

test('a command that arrives while a leader waits is proposed at once', () => {
  const world = createWorld({ n: 4, seed: 5, load: 'idle' });
  world.run({ ms: 5_000 });
  world.submit({ set: { fruit: 'apple' } });
  // Three views of some 24 ms each, not one of them waiting out its 100 ms.
  world.runUntil(() => world.replicas.every((replica) => replica.get('fruit') === 'apple'), {
    withinMs: 200,
  });
});

test('replicas of unequal power commit', () => {
  const world = createWorld({ n: 4, seed: 9, powers: [5, 1, 3, 2] });
  world.run({ views: 200 });
  expect(world.height).toBeGreaterThan(190);
});

test('a listener follows the chain', () => {
  const world = createWorld({ n: 4, listeners: 1, seed: 2 });
  world.run({ views: 200 });
  expect(world.replica(4).height).toBeGreaterThan(150);
});
