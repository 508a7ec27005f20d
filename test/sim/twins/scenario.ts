import type { Message } from '../../../src/model/messages.ts';
import { createWorld, type Delay, type World, type WorldOptions } from '../../../src/simulator/index.ts';

/**
 * Who reaches whom in a round: a group for each instance, by index. Groups are numbered in the order in which they
 * first occur, so that equal partitions are equal arrays.
 */
export type Partition = readonly number[];

/** What the network does during the turn of one leader. */
export interface Round {
  readonly partition: Partition;
  /** Whether all NewViews are lost as well: leaders then propose on what they have themselves. */
  readonly deafLeaders: boolean;
}

/**
 * A Twins scenario (Bano et al., "Twins: BFT Systems Made Robust"): the keys in `twins` run twice, and in each of the
 * first rounds the network is cut as that round says. Then it heals.
 *
 * The rotation of leaders is fixed, so a scenario chooses who leads by choosing who has a twin, what each leader's turn
 * is like, and how long a turn lasts: a round in which nobody is reached passes a leader over.
 */
export interface TwinsScenario {
  readonly n: number;
  /** Replicas whose key runs twice; the second instances follow the last replica, in this order. */
  readonly twins: readonly number[];
  /** One for each leader's turn, from view 1 on. */
  readonly rounds: readonly Round[];
  /** Views of a turn. */
  readonly leaderTenure: number;
  readonly epochLength: number;
  /**
   * Whether timeout votes and certificates cross the cuts, so that all are in the same round. With epochs of one view
   * nobody then leaves a view without the others; otherwise those who make progress are far ahead of the rest.
   */
  readonly inStep: boolean;
  /** Whether replica n, a listener, becomes a validator meanwhile. */
  readonly update: boolean;
  readonly seed: number;
  readonly delay: Delay;
}

/** Views take at most a view time each, and then some: those who wait in an epoch-change view wait for the healing. */
const SPARE_VIEW_TIMES = 2;

/** Blocks that every honest replica must commit after the healing. */
const BLOCKS_AFTER_HEALING = 2;

/** As bounded liveness has it: two epochs until all are in one again, and a turn of the faulty with a 3-chain. */
const settlingViewTimes = ({ twins, leaderTenure, epochLength }: TwinsScenario): number =>
  2 * epochLength + twins.length * leaderTenure + 6;

/** Turns are counted from the one that view 1 belongs to; view 0, which all must leave together, is never cut. */
const roundOf = (view: number, leaderTenure: number): number =>
  view === 0 ? -1 : Math.floor(view / leaderTenure) - Math.floor(1 / leaderTenure);

const isOfTimeouts = (message: Message): boolean =>
  message.type === 'timeout-vote' || (message.type === 'advance-view' && message.certificate.type === 'tc');

/** Messages of a replica in view v are subject to the round of view v; those of one that is past all rounds arrive. */
function cutByRound(world: World, { rounds, leaderTenure, inStep }: TwinsScenario): () => void {
  return world.intercept((from, to, message) => {
    const round = rounds[roundOf(world.replica(from).view, leaderTenure)];
    if (round === undefined || (inStep && isOfTimeouts(message))) return undefined;
    const isCut = round.partition[from] !== round.partition[to];
    return isCut || (round.deafLeaders && message.type === 'new-view') ? 'drop' : undefined;
  });
}

/** Runs the scenario: the simulator's checkers watch for forks, and progress must come after the healing. */
export function runTwins(scenario: TwinsScenario, given: Partial<WorldOptions> = {}): World {
  const { n, twins, rounds, leaderTenure, epochLength, update, seed, delay } = scenario;
  const links = { delay, loss: 0, duplicates: 0, reorder: true };
  const world = createWorld({
    n,
    seed,
    twins,
    listeners: update ? 1 : 0,
    network: { before: links, after: links, gstMs: 0 },
    chain: { leaderTenure, epochLength },
    ...given,
  });
  const heal = cutByRound(world, scenario);
  if (update) world.updateValidators({ insert: { [n]: 1 } });
  const honest = world.replicas.filter(({ isHonest }) => isHonest);
  const isOver = (): boolean => honest.every(({ view }) => roundOf(view, leaderTenure) >= rounds.length);
  const end = (rounds.length * leaderTenure + SPARE_VIEW_TIMES) * world.settings.viewTimeMs;
  while (world.now < end && !isOver()) world.run({ ms: world.settings.viewTimeMs / 20 });
  heal();
  const target = world.height + BLOCKS_AFTER_HEALING;
  world.runUntil(() => honest.every(({ height }) => height >= target), {
    withinMs: settlingViewTimes(scenario) * world.settings.viewTimeMs,
    what: `height ${target} everywhere after the healing of ${describeTwins(scenario)}`,
  });
  return world;
}

/** One line, such as `n=4 twins of 3, tenure 4: 0,1,3|2,4 1,2,4|0,3 deaf`. Instances of one group stand together. */
export function describeTwins(scenario: TwinsScenario): string {
  const { n, twins, rounds, leaderTenure, epochLength, inStep, update } = scenario;
  const describeRound = ({ partition, deafLeaders }: Round): string => {
    const groups = Array.from({ length: Math.max(...partition) + 1 }, (_, group) =>
      partition.flatMap((of, index) => (of === group ? [index] : [])).join(','),
    );
    return `${groups.join('|')}${deafLeaders ? ' deaf' : ''}`;
  };
  const extras = `${inStep ? ', in step' : ''}${update ? ', an update' : ''}`;
  return `n=${n} twins of ${twins.join()}, tenure ${leaderTenure}, epoch ${epochLength}${extras}: ${rounds.map(describeRound).join(' ')}`;
}
