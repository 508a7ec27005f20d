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
} from '../../../src/simulator/index.ts';
import type { Scenario } from '../scenario.ts';

// Seeded runs under faults: the simulator's checkers watch.

const mustRise = (world: World, before: number, by: number, what: string): void => {
  if (world.height < before + by) world.fail('scenario', `${what}: height ${world.height} after ${before}`);
};

export const calmRuns: readonly Scenario[] = (['ed25519', 'bls12381'] as const).map((scheme) => ({
  name: `calm ${scheme}: nothing goes wrong, every view commits`,
  run() {
    const world = createWorld({ n: 4, seed: 1, scheme, encode: true, listeners: 1 });
    world.run({ views: 60 });
    mustRise(world, 0, 50, 'a calm run');
  },
}));

/** Everything that a seed can vary, at random. */
function stormyWorld(n: number, seed: number): World {
  const random = createRandom(seed).fork('options');
  const f = Math.floor((n - 1) / 3);
  const everyone = Array.from({ length: n }, (_, index) => index);
  const delay = random.pick(delaysWithin(125));
  const world = createWorld({
    n,
    seed,
    scheme: random.pick(['ed25519', 'bls12381']),
    network: random.chance(0.8) ? stormy(random.between(1_000, 20_000), delay, 1_000) : calm(delay),
    latencies: {
      flush: random.pick([uniform(0, 2), uniform(1, 40)]),
      app: uniform(0, 20),
      verify: uniform(0, 5),
    },
    chain: { leaderTenure: random.pick([1, 4]), epochLength: random.pick([2, 5, 10, 40]) },
    load: random.pick(['steady', 'idle']),
    clockDrift: 0.01,
  });
  const downAfter = random.chance(0.5) ? random.shuffled(everyone).slice(0, f) : [];
  randomFaults(world, { untilMs: 30_000, downAfter, everyMs: random.pick([500, 2_000]) });
  return world;
}

export const storms: readonly Scenario[] = Array.from({ length: 12 }, (_, seed) => ({
  name: `storm n=4 seed ${seed}: crashes, restarts, partitions, loss, then peace`,
  run() {
    const world = stormyWorld(4, seed);
    world.run({ ms: 42_000 });
    world.run({ views: 60 });
  },
}));

/** One Byzantine replica of four, wherever the seed puts it. */
function attackedWorld(adversary: AdversaryFactory, seed: number): World {
  const random = createRandom(seed).fork('options');
  return createWorld({
    n: 4,
    seed,
    scheme: random.pick(['ed25519', 'bls12381']),
    network: calm(random.pick(delaysWithin(125))),
    latencies: { flush: uniform(1, 10), app: uniform(0, 10) },
    chain: { leaderTenure: random.pick([1, 4]), epochLength: random.pick([5, 10, 40]) },
    adversaries: { [random.below(4)]: adversary },
  });
}

export const attacks: readonly Scenario[] = Object.entries(ADVERSARIES).map(([name, adversary]) => ({
  name: `attack ${name}: one of four does so for twenty view times`,
  run: () => attackedWorld(adversary, name.length).run({ ms: 20_000 }),
}));

export const mixedAttacks: readonly Scenario[] = [1, 2, 3].map((seed) => ({
  name: `attacks n=4 seed ${seed}: one of four does everything in turn, while the validator set changes`,
  run() {
    const world = createWorld({
      n: 4,
      listeners: 1,
      seed,
      network: calm(uniform(1, 100)),
      chain: { leaderTenure: seed === 1 ? 4 : 1 },
      adversaries: { [seed]: anyAdversary },
    });
    world.after(5_000, () => world.updateValidators({ insert: { 4: 1 } }));
    world.after(20_000, () => world.updateValidators({ insert: { 0: 2, 4: 2 } }));
    world.run({ ms: 40_000 });
  },
}));
