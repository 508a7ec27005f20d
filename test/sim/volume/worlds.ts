import {
  anyAdversary,
  calm,
  createRandom,
  createWorld,
  delaysWithin,
  jealousNetwork,
  type Random,
  randomFaults,
  stormy,
  uniform,
  type World,
  type WorldOptions,
} from '../../../src/simulator/index.ts';
import { faultyPower, keepChanging } from './set-changes.ts';

// Worlds in which everything that a seed can vary is varied.

const MAX_POWER = 5;
const LISTENERS = 2;

const everyone = (n: number): readonly number[] => Array.from({ length: n }, (_, index) => index);

/** Equal in half of the worlds. */
const randomPowers = (random: Random, n: number): readonly number[] =>
  random.chance(0.5) ? everyone(n).map(() => 1) : everyone(n).map(() => random.between(1, MAX_POWER));

/** Some of `n`, at random, as many as have at most the power that may be faulty. */
function faultyOf(random: Random, powers: readonly number[]): readonly number[] {
  let left = faultyPower(powers.reduce((sum, power) => sum + power, 0));
  return random.shuffled([...powers.keys()]).filter((index) => {
    const power = powers[index] ?? 0;
    if (power > left) return false;
    left -= power;
    return true;
  });
}

function commonOptions(random: Random, n: number): Omit<WorldOptions, 'n' | 'seed'> {
  const delay = random.pick(delaysWithin(125));
  return {
    powers: randomPowers(random, n),
    listeners: LISTENERS,
    scheme: random.pick(['ed25519', 'bls12381']),
    network: random.chance(0.6) ? stormy(random.between(1_000, 15_000), delay, 1_000) : calm(delay),
    latencies: {
      flush: random.pick([uniform(0, 2), uniform(1, 40)]),
      app: uniform(0, 20),
      verify: uniform(0, 5),
    },
    chain: { leaderTenure: random.pick([1, 4]), epochLength: random.pick([2, 5, 10, 40]) },
    load: random.pick(['steady', 'idle']),
    clockDrift: 0.01,
    encode: random.chance(0.1),
    records: random.fork('records').chance(0.2),
  };
}

const FAULTS_UNTIL_MS = 20_000;

/** Crashes, restarts, partitions, loss and duplicates for a while; after it some stay down, as many as may. */
export function faultyWorld(n: number, seed: number): World {
  const random = createRandom(seed).fork('volume');
  const options = commonOptions(random, n);
  const world = createWorld({ ...options, n, seed });
  const downAfter = random.chance(0.5) ? faultyOf(random, options.powers ?? []) : [];
  randomFaults(world, { untilMs: FAULTS_UNTIL_MS, downAfter, everyMs: random.pick([500, 2_000]) });
  keepChanging(world, { faulty: downAfter, untilMs: FAULTS_UNTIL_MS });
  return world;
}

/** As much power as may be Byzantine is, each in turn in every way; in some worlds others crash, too, for a while. */
export function attackedWorld(n: number, seed: number): World {
  const random = createRandom(seed).fork('volume');
  const options = commonOptions(random, n);
  const byzantine = faultyOf(random, options.powers ?? []);
  const world = createWorld({
    ...options,
    n,
    seed,
    adversaries: Object.fromEntries(byzantine.map((index) => [index, anyAdversary])),
  });
  const trouble = random.pick(['crashes', 'jealousy', 'none']);
  if (trouble === 'crashes') randomFaults(world, { untilMs: FAULTS_UNTIL_MS, everyMs: 2_000 });
  if (trouble === 'jealousy') jealousNetwork(world, { untilMs: FAULTS_UNTIL_MS });
  keepChanging(world, { faulty: byzantine, untilMs: Number.POSITIVE_INFINITY });
  return world;
}
