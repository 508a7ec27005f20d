import { describe, expect, test } from 'vitest';
import {
  calm,
  createRandom,
  createWorld,
  delaysWithin,
  randomFaults,
  stormy,
  uniform,
  type World,
} from '../../src/simulator/index.ts';

/** In those after 23 a replica comes back from a partition in which its requests to servers were lost (R18). */
const SEEDS = [...Array.from({ length: 24 }, (_, seed) => seed), 238, 984, 1666].map((seed) => ({ seed }));

/** Everything that a seed can vary, at random; faults until 30 s, then liveness is due. */
function run(n: number, seed: number): World {
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
    encode: random.chance(0.25),
  });
  const downAfter = random.chance(0.5) ? random.shuffled(everyone).slice(0, f) : [];
  randomFaults(world, { untilMs: 30_000, downAfter, everyMs: random.pick([500, 2_000]) });
  world.run({ ms: 42_000 });
  world.run({ views: 120 });
  return world;
}

describe.each([4, 7])('n = %i under random faults', (n) => {
  test.each(SEEDS)('seed $seed: nothing breaks, and it is live afterwards', ({ seed }) => {
    expect(run(n, seed).height).toBeGreaterThan(20);
  });
});
