import { describe, expect, test } from 'vitest';
import {
  ADVERSARIES,
  type AdversaryFactory,
  anyAdversary,
  calm,
  createRandom,
  createWorld,
  delaysWithin,
  randomFaults,
  stormy,
  uniform,
  type World,
} from '../../src/simulator/index.ts';

const faultsOf = (n: number): number => Math.floor((n - 1) / 3);
const everyone = (n: number): number[] => Array.from({ length: n }, (_, index) => index);

/** As many Byzantine replicas as there may be, wherever the seed puts them. */
function worldWith(adversary: AdversaryFactory, n: number, seed: number): World {
  const random = createRandom(seed).fork('options');
  const byzantine = random.shuffled(everyone(n)).slice(0, faultsOf(n));
  return createWorld({
    n,
    seed,
    scheme: random.pick(['ed25519', 'bls12381']),
    network: calm(random.pick(delaysWithin(125))),
    latencies: { flush: uniform(1, 10), app: uniform(0, 10) },
    chain: { leaderTenure: random.pick([1, 4]), epochLength: random.pick([5, 10, 40]) },
    load: random.pick(['steady', 'idle']),
    encode: random.chance(0.2),
    adversaries: Object.fromEntries(byzantine.map((index) => [index, adversary])),
  });
}

describe('nothing breaks, and the others go on', () => {
  // Half of them alone among four, half in pairs among seven; the seeds below mix them all.
  test.each(Object.entries(ADVERSARIES))('%s', (name, adversary) => {
    const n = name.length % 2 === 0 ? 4 : 7;
    const world = worldWith(adversary, n, name.length * 101);
    world.run({ ms: 20_000 });
    // One turn of faulty leaders after the other: a block at least every f * leaderTenure + 6 view times.
    expect(world.height).toBeGreaterThan(0);
    for (const { isHonest, height } of world.replicas) {
      if (isHonest) expect(height).toBeGreaterThan(world.height - 40);
    }
  });
});

describe('all behaviours in turn', () => {
  test.each([0, 1].map((seed) => ({ seed })))('seed $seed, among crashes and partitions', ({ seed }) => {
    const n = seed % 2 === 0 ? 4 : 7;
    const random = createRandom(seed).fork('options');
    const byzantine = random.shuffled(everyone(n)).slice(0, faultsOf(n));
    const world = createWorld({
      n,
      seed,
      network: stormy(8_000, random.pick(delaysWithin(125)), 1_000),
      latencies: { flush: uniform(1, 20), app: uniform(0, 10) },
      clockDrift: 0.01,
      adversaries: Object.fromEntries(byzantine.map((index) => [index, anyAdversary])),
    });
    randomFaults(world, { untilMs: 20_000 });
    world.run({ ms: 32_000 });
    const before = world.height;
    world.run({ ms: 40_000 });
    expect(world.height).toBeGreaterThan(before + 3);
  });

  test.each([4, 5, 6].map((seed) => ({ seed })))(
    'seed $seed, while the validator set changes',
    ({ seed }) => {
      const n = seed % 2 === 0 ? 4 : 7;
      const world = createWorld({
        n,
        listeners: 2,
        seed,
        scheme: seed < 6 ? 'ed25519' : 'bls12381',
        network: calm(uniform(1, 100)),
        chain: { leaderTenure: seed < 6 ? 1 : 4 },
        adversaries: Object.fromEntries(everyone(faultsOf(n)).map((index) => [index, anyAdversary])),
      });
      // Honest replicas join, change powers and leave; the adversaries stay below a third throughout.
      world.after(5_000, () => world.updateValidators({ insert: { [n]: 1 } }));
      world.after(10_000, () => world.updateValidators({ insert: { [n + 1]: 2, [n]: 2 } }));
      world.after(20_000, () => world.updateValidators({ remove: [n - 1] }));
      world.run({ ms: 45_000 });
      const sets = world.replica(n).status?.validatorSets;
      expect(sets?.decided).toBe(true);
      expect(sets?.committed.validators).toHaveLength(n + 1);
    },
  );
});
