import type { AdversaryFactory, Random, WorldOptions } from '../src/simulator/index.ts';
import {
  ADVERSARIES,
  calm,
  chameleon,
  createRandom,
  delaysWithin,
  stormy,
  uniform,
} from '../src/simulator/index.ts';
import { faultyPowerOf } from './membership.ts';
import type { RunOptions } from './run-options.ts';

/** Bound of delays after GST, in milliseconds, with views of a second. */
const DELAY_BOUND_MS = 125;
const VIEW_TIME_MS = 1_000;
/** Random powers: mostly light, some that outweigh others together. */
const POWERS = [1, 1, 1, 2, 3, 5, 8];
/** Replicas that are no validators at first, where the set changes. */
const LISTENERS = 3;
/** Frames of the real codec are slow: some seeds suffice. */
const ENCODED_SHARE = 0.1;
/** Runs whose disks hold the records of the real storage; in the others it is not what could be wrong. */
const RECORDS_SHARE = 0.2;

/** What a seed makes of the options. */
export interface Plan {
  readonly world: WorldOptions;
  readonly byzantine: ReadonlySet<number>;
}

/** As many replicas as may be Byzantine by power, and no more than `most`, wherever the seed puts them. */
function drawByzantine(powers: readonly number[], most: number | null, random: Random): number[] {
  let left = faultyPowerOf(powers.reduce((sum, power) => sum + power, 0));
  const chosen: number[] = [];
  for (const index of random.shuffled([...powers.keys()])) {
    const power = powers[index] as number;
    if (power > left || chosen.length === most) continue;
    chosen.push(index);
    left -= power;
  }
  return chosen;
}

/** How many validators can be Byzantine at once. */
export function mostByzantine(powers: readonly number[]): number {
  let left = faultyPowerOf(powers.reduce((sum, power) => sum + power, 0));
  let count = 0;
  for (const power of [...powers].sort((a, b) => a - b)) {
    if (power > left) break;
    left -= power;
    count++;
  }
  return count;
}

/** One behaviour for the whole run, or all of them in turn: some attacks need a patient attacker, some a fickle one. */
function behaviourOf({ adversaries }: RunOptions, random: Random): AdversaryFactory {
  const behaviours =
    adversaries === 'all' ? Object.values(ADVERSARIES) : adversaries.map((name) => ADVERSARIES[name]);
  const alone = random.pick(behaviours);
  return behaviours.length === 1 || random.chance(0.5) ? alone : chameleon(behaviours);
}

export function planOf(options: RunOptions, seed: number): Plan {
  const random = createRandom(seed).fork('plan');
  const { n, faults, updates } = options;
  const powers =
    options.powers === 'random'
      ? Array.from({ length: n }, () => random.pick(POWERS))
      : (options.powers ?? new Array<number>(n).fill(1));
  const hasAdversaries = options.adversaries === 'all' || options.adversaries.length > 0;
  const byzantine = hasAdversaries ? drawByzantine(powers, options.byzantine, random.fork('who')) : [];
  const delay = random.pick(delaysWithin(DELAY_BOUND_MS));
  const gstMs = random.between(1, 20) * VIEW_TIME_MS;
  const scheme = random.pick(['ed25519', 'bls12381'] as const);
  const world: WorldOptions = {
    n,
    seed,
    listeners: updates ? LISTENERS : 0,
    scheme: options.scheme === 'any' ? scheme : options.scheme,
    powers,
    settings: { viewTimeMs: VIEW_TIME_MS },
    network: faults.includes('stormy') ? stormy(gstMs, delay, VIEW_TIME_MS) : calm(delay),
    latencies: {
      flush: random.pick([uniform(0, 2), uniform(1, 40)]),
      app: uniform(0, 20),
      verify: uniform(0, 5),
    },
    chain: { leaderTenure: random.pick([1, 4]), epochLength: random.pick([2, 5, 10, 40]) },
    load: random.pick(['steady', 'idle']),
    clockDrift: 0.01,
    encode: random.chance(ENCODED_SHARE),
    records: random.fork('records').chance(RECORDS_SHARE),
    adversaries: Object.fromEntries(
      byzantine.map((index) => [index, behaviourOf(options, random.fork(`behaviour ${index}`))]),
    ),
  };
  return { world, byzantine: new Set(byzantine) };
}
