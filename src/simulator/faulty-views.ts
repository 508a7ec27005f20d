import { leaderOf } from '../core/pacemaker/leader.ts';
import { asView, type ReplicaId } from '../model/ids.ts';
import type { ValidatorSet } from '../model/validator-set.ts';

/** Views in a row whose leaders are live commit a block: a chain of three. */
const CHAIN = 3;

/**
 * The most views that leaders who are not live have between two chains of live ones, over the whole rotation of `set`.
 * Of validators of equal power that is at most each one's tenure. One of great power has more turns than one between
 * those of others, and may break several chains. Infinity when no chain ever comes about.
 */
export function mostFaultyViews(
  set: ValidatorSet,
  isLive: (id: ReplicaId) => boolean,
  tenure: number,
): number {
  const period = set.totalPower * tenure;
  let [most, faulty, live] = [0, 0, 0];
  let chains = 0;
  // Twice around, since a stretch may begin before the end of the rotation.
  for (let view = 1; view <= 2 * period; view++) {
    if (isLive(leaderOf(set, asView(view), tenure))) live++;
    else {
      live = 0;
      faulty++;
    }
    if (live < CHAIN) continue;
    chains++;
    most = Math.max(most, faulty);
    faulty = 0;
  }
  return chains === 0 ? Number.POSITIVE_INFINITY : most;
}
