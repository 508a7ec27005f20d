import { describe, expect, test } from 'vitest';
import { createWorld } from '../../../src/simulator/index.ts';
import { enumerateTwins, isCanonical, normalized, partitions, randomTwins } from './enumerate.ts';
import { describeTwins } from './scenario.ts';

describe('partitions', () => {
  test('are all of them, each once, the whole first', () => {
    // Bell numbers, and Stirling numbers of the second kind summed up to two groups.
    expect([1, 2, 3, 4, 5].map((count) => partitions(count, count).length)).toEqual([1, 2, 5, 15, 52]);
    expect(partitions(5, 2)).toHaveLength(16);
    expect(new Set(partitions(5, 5).map(String)).size).toBe(52);
    expect(partitions(5, 2)[0]).toEqual([0, 0, 0, 0, 0]);
    for (const partition of partitions(5, 3)) expect(normalized(partition)).toEqual(partition);
  });
});

describe('enumerated scenarios', () => {
  const bounds = { n: 4, places: [1], rounds: 2, maxGroups: 2, leaderTenure: 1 };

  test('come in the same order every time, and none twice', () => {
    const lines = [...enumerateTwins(bounds)].map(describeTwins);
    expect([...enumerateTwins(bounds)].map(describeTwins)).toEqual(lines);
    expect(new Set(lines).size).toBe(lines.length);
  });

  test('leave out exactly one of two that differ in which instance is which', () => {
    const choices = partitions(5, 2);
    const swap = (partition: readonly number[]): readonly number[] =>
      normalized([0, 4, 2, 3, 1].map((index) => partition[index] ?? 0));
    for (const first of choices) {
      for (const second of choices) {
        const mirrored = [swap(first), swap(second)];
        const isItsOwn = String(mirrored) === String([first, second]);
        const kept = [[first, second], mirrored].filter((cuts) => isCanonical(cuts, 4, [1]));
        expect(kept).toHaveLength(isItsOwn ? 2 : 1);
      }
    }
  });
});

test('random scenarios are of their seed alone, and never have more twins than may be faulty', () => {
  for (let seed = 0; seed < 200; seed++) {
    const scenario = randomTwins(seed);
    expect(randomTwins(seed)).toEqual(scenario);
    expect(scenario.twins.length).toBeLessThanOrEqual(Math.floor((scenario.n - 1) / 3));
    for (const { partition } of scenario.rounds)
      expect(partition).toHaveLength(scenario.n + (scenario.update ? 1 : 0) + scenario.twins.length);
  }
});

describe('a world with twins', () => {
  test('runs one key twice, each with a disk of its own, and both say different things in one view', () => {
    const world = createWorld({ n: 4, seed: 1, twins: [1], chain: { leaderTenure: 1 } });
    const proposed = new Map<number, Set<string>>();
    world.intercept((from, _to, message) => {
      if (message.type === 'proposal' && (from === 1 || from === 4)) {
        const blocks = proposed.get(message.view) ?? new Set();
        proposed.set(message.view, blocks.add(message.block.hash));
      }
      return undefined;
    });
    world.run({ views: 60 });
    expect(world.replicas.map(({ isHonest }) => isHonest)).toEqual([true, false, true, true, false]);
    expect(world.replica(4).id).toBe(world.replica(1).id);
    expect([...proposed.values()].some((blocks) => blocks.size === 2)).toBe(true);
    world.crash(4);
    expect(world.replica(1).isUp).toBe(true);
    expect(world.height).toBeGreaterThan(30);
  });

  test('refuses a twin of nobody, and triplets', () => {
    expect(() => createWorld({ n: 4, seed: 1, twins: [4] })).toThrow('there is no replica 4');
    expect(() => createWorld({ n: 4, seed: 1, twins: [1, 1] })).toThrow('twice at most');
  });
});
