import type { TreeDelta } from '../../core/block-tree/delta.ts';
import type { CoreStatus } from '../../core/state.ts';
import type { ReplicaId } from '../../model/ids.ts';
import { powerOf, type ValidatorSet } from '../../model/validator-set.ts';
import { mostFaultyViews } from '../faulty-views.ts';
import type { CheckerFactory, ObservedReplica, ObservedWorld } from '../observer.ts';

/**
 * After a disturbance replicas may be in different epochs, which they leave within two (reliability: restart of any
 * subset at any view offset), and some must first fetch what they missed.
 */
const EPOCHS_TO_SETTLE = 2;

/** View times on top of a turn of faulty leaders: a 3-chain of live ones, and the view in which it was noticed. */
const VIEWS_TO_COMMIT = 6;

/** A replica that is up but behind the others syncs within so many commit bounds. */
const BOUNDS_TO_CATCH_UP = 6;

/**
 * How many views in a row can pass without three live leaders following each other, for the validators that are up.
 * Remembered for the set and the replicas of the last time, which mostly are those of this one.
 */
function createFaultyViews({
  honest,
  chain: { leaderTenure },
}: ObservedWorld): (set: ValidatorSet) => number {
  let knownSet: ValidatorSet | null = null;
  let knownLive: readonly ReplicaId[] = [];
  let views = 0;
  return (set) => {
    const live = honest.filter(({ isUp }) => isUp).map(({ id }) => id);
    const isKnown = live.length === knownLive.length && live.every((id, at) => id === knownLive[at]);
    if (set === knownSet && isKnown) return views;
    const isLive = new Set(live);
    const faulty = set.validators.filter(({ id }) => !isLive.has(id)).length;
    // Finite, since a quorum is live: for each turn of a faulty one there are more than two of live ones.
    const ofRotation = mostFaultyViews(set, (id) => isLive.has(id), leaderTenure);
    views = Math.max(faulty * leaderTenure, ofRotation);
    [knownSet, knownLive] = [set, live];
    return views;
  };
}

/**
 * Bounded liveness: while a quorum of honest validators is up and nothing disturbs the world, something new is
 * committed within (f * leaderTenure + 6) view times, f being the validators that are down or Byzantine, and every
 * replica that is up follows. Of unequal validators a faulty one may lead more than one turn before three live ones
 * follow each other: then as many views count as the rotation gives it.
 */
export const liveness: CheckerFactory = (world, fail) => {
  const { viewTimeMs } = world.settings;
  const { epochLength } = world.chain;
  let best = -1;
  let bestSince = 0;
  const heights = new Map<number, number>();
  /** When a replica was last level with the best, or made progress. */
  const movedAt = new Map<number, number>();
  let longestMs = 0;

  const heightOf = ({ index }: ObservedReplica): number => heights.get(index) ?? -1;
  const livePower = (set: ValidatorSet): number =>
    world.honest.reduce((sum, { id, isUp }) => sum + (isUp ? powerOf(set, id) : 0), 0);
  const latestSets = (): CoreStatus['validatorSets'] | null => {
    let ahead: ObservedReplica | null = null;
    for (const one of world.honest) {
      if (one.isUp && (ahead === null || heightOf(one) > heightOf(ahead))) ahead = one;
    }
    return ahead?.status?.validatorSets ?? null;
  };
  const faultyViews = createFaultyViews(world);
  const boundMs = (): number | null => {
    const sets = latestSets();
    if (sets === null) return null;
    const active = sets.decided ? [sets.committed] : [sets.committed, sets.previous];
    if (active.some((set) => livePower(set) < set.quorum)) return null;
    return (faultyViews(sets.committed) + VIEWS_TO_COMMIT) * viewTimeMs;
  };

  const checkReplica = (replica: ObservedReplica, boundedMs: number): void => {
    const { index, isUp } = replica;
    const height = heightOf(replica);
    if (!isUp || height >= best) {
      movedAt.set(index, world.now);
      return;
    }
    const since = Math.max(movedAt.get(index) ?? 0, world.calmSince);
    if (world.now - since > boundedMs) {
      fail(`r${index} stays at height ${height} for ${world.now - since} ms while others are at ${best}`);
    }
  };

  return {
    name: 'liveness',
    onBoot(replica, { highestCommitted }) {
      heights.set(replica.index, highestCommitted?.header.height ?? -1);
      movedAt.set(replica.index, world.now);
    },
    onWritten(replica: ObservedReplica, { commits }: TreeDelta) {
      const last = commits.at(-1);
      if (last === undefined) return;
      heights.set(replica.index, last.height);
      movedAt.set(replica.index, world.now);
      if (last.height <= best) return;
      if (bestSince > world.calmSince) longestMs = Math.max(longestMs, world.now - bestSince);
      best = last.height;
      bestSince = world.now;
    },
    onTick() {
      const bound = boundMs();
      if (bound === null || world.calmSince > world.now) {
        bestSince = Math.max(bestSince, world.now);
        return;
      }
      const settling = EPOCHS_TO_SETTLE * epochLength * viewTimeMs;
      const isSettled = bestSince > world.calmSince;
      const allowed = isSettled ? bound : bound + settling;
      const since = Math.max(bestSince, world.calmSince);
      if (world.now - since > allowed) {
        fail(`nothing new was committed for ${world.now - since} ms, allowed are ${allowed}; height ${best}`);
      }
      for (const replica of world.honest) checkReplica(replica, settling + BOUNDS_TO_CATCH_UP * bound);
    },
    report: () => `height ${best}, longest gap ${(longestMs / viewTimeMs).toFixed(2)} view times`,
  };
};
