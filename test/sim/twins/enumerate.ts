import { constant, createRandom, type Random, uniform } from '../../../src/simulator/index.ts';
import type { Partition, Round, TwinsScenario } from './scenario.ts';

/** All partitions of `count` instances into at most `maxGroups` groups, in lexical order; the whole comes first. */
export function partitions(count: number, maxGroups: number): readonly Partition[] {
  const grow = (partial: readonly number[], groups: number): readonly Partition[] => {
    if (partial.length === count) return [partial];
    const choices = Math.min(groups + 1, maxGroups);
    return Array.from({ length: choices }, (_, group) =>
      grow([...partial, group], Math.max(groups, group + 1)),
    ).flat();
  };
  return grow([], 0);
}

/** Numbers the groups in the order in which they first occur. */
export function normalized(partition: Partition): Partition {
  const numbers = new Map<number, number>();
  return partition.map((group) => {
    const number = numbers.get(group) ?? numbers.size;
    numbers.set(group, number);
    return number;
  });
}

const swapped = (partition: Partition, a: number, b: number): Partition =>
  normalized(partition.map((group, index) => partition[index === a ? b : index === b ? a : index] ?? group));

/** Below 0 when `a` comes before `b` in lexical order; they are equally long. */
function comparePartitions(a: readonly Partition[], b: readonly Partition[]): number {
  for (const [round, partition] of a.entries()) {
    for (const [index, group] of partition.entries()) {
      const difference = group - (b[round]?.[index] ?? 0);
      if (difference !== 0) return difference;
    }
  }
  return 0;
}

/**
 * The two instances of a key begin alike, and nothing tells them apart but who reaches them: a scenario in which they
 * are swapped from beginning to end is the same scenario. Of each such pair the first in lexical order stands for both.
 * Other replicas are not alike: each has its own place in the rotation of leaders.
 */
export function isCanonical(sequence: readonly Partition[], n: number, twins: readonly number[]): boolean {
  return twins.every((twin, at) => {
    const mirrored = sequence.map((partition) => swapped(partition, twin, n + at));
    return comparePartitions(sequence, mirrored) <= 0;
  });
}

const isQuiet = ({ partition, deafLeaders }: Round): boolean =>
  !deafLeaders && partition.every((group) => group === 0);

/**
 * All sequences of one to `length` rounds, the shortest first, without the symmetric ones. A scenario whose last round
 * is as after the healing heals a round earlier, and is left to that one.
 */
function* sequences(
  choices: readonly Round[],
  length: number,
  n: number,
  twins: readonly number[],
): Generator<readonly Round[]> {
  const extend = function* (begun: readonly Round[], left: number): Generator<readonly Round[]> {
    if (left > 0) for (const round of choices) yield* extend([...begun, round], left - 1);
    else if (!begun.slice(-1).some(isQuiet)) yield begun;
  };
  for (let rounds = 1; rounds <= length; rounds++) {
    for (const sequence of extend([], rounds)) {
      const cuts = sequence.map(({ partition }) => partition);
      if (isCanonical(cuts, n, twins)) yield sequence;
    }
  }
}

/** What an enumeration covers. */
export interface Bounds {
  readonly n: number;
  /** Whose key runs twice, one at a time: with all of them, every place in the rotation of leaders. */
  readonly places: readonly number[];
  readonly rounds: number;
  readonly maxGroups: number;
  readonly leaderTenure: number;
}

/** Every scenario within `bounds`, in a fixed order: each sequence of rounds for each place of the twin. */
export function* enumerateTwins(bounds: Bounds): Generator<TwinsScenario> {
  const { n, places, rounds, maxGroups, leaderTenure } = bounds;
  const choices = partitions(n + 1, maxGroups).flatMap((partition): Round[] => [
    { partition, deafLeaders: false },
    { partition, deafLeaders: true },
  ]);
  for (const twin of places) {
    for (const sequence of sequences(choices, rounds, n, [twin])) {
      yield {
        n,
        twins: [twin],
        rounds: sequence,
        leaderTenure,
        epochLength: 1,
        inStep: true,
        update: false,
        seed: twin,
        delay: constant(10),
      };
    }
  }
}

/** Into a few groups only: alone, nobody forms a quorum. */
function randomPartition(random: Random, count: number): Partition {
  const groups = random.between(1, 3);
  return normalized(Array.from({ length: count }, () => random.below(groups)));
}

const randomRound = (random: Random, count: number): Round => ({
  partition: randomPartition(random, count),
  deafLeaders: random.chance(0.5),
});

/** Cuts that last: a fork takes several leaders on either side. */
const CHANCE_TO_STAY = 0.5;

/** Views that the rounds of a random scenario last, at least; one turn more at most. */
const MIN_VIEWS = 3;
const MAX_VIEWS = 14;

function randomRounds(random: Random, count: number, leaderTenure: number): readonly Round[] {
  const rounds: Round[] = [];
  let round = randomRound(random, count);
  for (let views = random.between(MIN_VIEWS, MAX_VIEWS); views > 0; views -= leaderTenure) {
    if (!random.chance(CHANCE_TO_STAY)) round = randomRound(random, count);
    rounds.push(round);
  }
  return rounds;
}

/** Scenario number `seed` of an endless list: as many twins as may be faulty, longer and wilder than the enumerated. */
export function randomTwins(seed: number): TwinsScenario {
  const random = createRandom(seed).fork('twins');
  const n = random.pick([4, 4, 7]);
  const update = random.chance(0.25);
  const leaderTenure = random.pick([1, 2, 4, 4]);
  const everyone = Array.from({ length: n }, (_, index) => index);
  const twins = random.shuffled(everyone).slice(0, random.between(1, Math.floor((n - 1) / 3)));
  // The second instances stand behind the listener that the update adds.
  const count = n + (update ? 1 : 0) + twins.length;
  return {
    n,
    twins,
    rounds: randomRounds(random, count, leaderTenure),
    leaderTenure,
    epochLength: random.pick([1, 1, 2, 10]),
    inStep: random.chance(0.7),
    update,
    seed,
    delay: random.pick([constant(10), uniform(1, 60)]),
  };
}
