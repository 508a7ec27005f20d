import { anyAdversary, createWorld, stormy, uniform } from '../../src/simulator/index.ts';
import type { Entry, Mode } from '../case.ts';
import { resultOf } from '../result.ts';
import { ascending, type Samples } from '../statistics.ts';

/** Of one world: enough to reach its steady pace, few enough that a sample takes a second or so. */
const VIEWS_PER_WORLD = 500;
/**
 * Before the first sample the compiler has seen all of it, and what counts is the pace of a long run. Worlds of four are
 * measured most: theirs is the pace that has a target.
 */
const worldsOf = (n: number, mode: Mode): { readonly warmUp: number; readonly samples: number } => {
  if (mode === 'quick') return { warmUp: 6, samples: 5 };
  return n === 4 ? { warmUp: 16, samples: 15 } : { warmUp: 4, samples: 5 };
};
/** For the estimate of the time that is left: a world of four takes about so long. */
const SECONDS_PER_WORLD_OF_FOUR = 0.35;

interface Worlds {
  readonly name: string;
  readonly n: number;
  /** Whether floor((n - 1) / 3) replicas are adversaries that see the world's state, of kinds that the seed draws. */
  readonly isByzantine: boolean;
  /** Whether disks hold records of the real storage; otherwise objects, as in most simulated tests. */
  readonly records: boolean;
}

/** Stand-in signatures and all checkers, as in every simulated test. */
const WORLDS: readonly Worlds[] = [
  ...[4, 7, 10].flatMap((n) => [
    { name: `simulator/n=${n}`, n, isByzantine: false, records: false },
    { name: `simulator/n=${n}/adversaries`, n, isByzantine: true, records: false },
  ]),
  { name: 'simulator/n=4/records', n: 4, isByzantine: false, records: true },
];

/** Runs one world; returns how many views its honest replicas passed. */
function runWorld({ n, isByzantine, records }: Worlds, seed: number): number {
  const faulty = isByzantine ? Math.floor((n - 1) / 3) : 0;
  const adversaries = Object.fromEntries(
    Array.from({ length: faulty }, (_, index) => [(seed + 2 * index) % n, anyAdversary]),
  );
  const network = isByzantine ? { network: stormy(5_000, uniform(1, 50), 1_000) } : {};
  const world = createWorld({ n, seed, records, adversaries, ...network });
  world.run({ views: VIEWS_PER_WORLD });
  return world.view;
}

/** Views per second of the CPU time of all threads, collector and compiler included: one sample for each world. */
function measureViews(worlds: Worlds, mode: Mode): Samples {
  const { warmUp, samples } = worldsOf(worlds.n, mode);
  let seed = 1;
  while (seed <= warmUp) runWorld(worlds, seed++);
  const rates = Array.from({ length: samples }, () => {
    const before = process.cpuUsage();
    const views = runWorld(worlds, seed++);
    const { user, system } = process.cpuUsage(before);
    return views / ((user + system) / 1e6);
  });
  return ascending(rates);
}

/** The pace of simulated worlds on one core, calm and with as many adversaries as they bear. */
export const simulatorEntries: readonly Entry[] = WORLDS.map((worlds) => ({
  name: worlds.name,
  // One of the two is enough for a rough picture: each warms up for seconds.
  quick: worlds.name === 'simulator/n=4',
  seconds: (mode) => {
    const { warmUp, samples } = worldsOf(worlds.n, mode);
    return (warmUp + samples) * SECONDS_PER_WORLD_OF_FOUR * (worlds.n / 4) ** 2;
  },
  run: (mode) =>
    Promise.resolve([resultOf({ name: worlds.name, unit: 'views/s', samples: measureViews(worlds, mode) })]),
}));
