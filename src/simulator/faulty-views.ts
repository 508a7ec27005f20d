import type { ReplicaId } from '../model/ids.ts';
import type { Validator, ValidatorSet } from '../model/validator-set.ts';

/** Views in a row whose leaders are live commit a block: a chain of three. */
const CHAIN = 3;

/** Rounds of the same leaders after which one more is like the one before it, whatever came before the first. */
const ROUNDS_TO_REPEAT = 3;

/** Rounds of the rotation in which the same validators lead, one turn each. */
interface Stretch {
  readonly rounds: number;
  readonly leaders: readonly Validator[];
}

/** In round r of the rotation lead those of power r at least (SPECIFICATION.md section 4). */
function stretchesOf({ validators }: ValidatorSet): readonly Stretch[] {
  const powers = [...new Set(validators.map(({ power }) => power))].sort((a, b) => a - b);
  return powers.map((power, at) => ({
    rounds: power - (powers[at - 1] ?? 0),
    leaders: validators.filter((validator) => validator.power >= power),
  }));
}

/** What is counted on the way through the rotation. */
class Count {
  most = 0;
  chains = 0;
  faulty = 0;
  #live = 0;

  /** The views of one leader. */
  turn(isLive: boolean, tenure: number): void {
    for (let view = 0; view < tenure; view++) {
      if (isLive) this.#live++;
      else {
        this.#live = 0;
        this.faulty++;
      }
      if (this.#live < CHAIN) continue;
      this.chains++;
      this.most = Math.max(this.most, this.faulty);
      this.faulty = 0;
    }
  }
}

/** Passes through a stretch in a time that does not grow with its rounds: great powers have millions. */
function pass({ rounds, leaders }: Stretch, count: Count, take: (leader: Validator) => void): void {
  for (let round = 1; round <= rounds; round++) {
    const { chains, faulty } = count;
    for (const leader of leaders) take(leader);
    if (round < ROUNDS_TO_REPEAT) continue;
    // With a chain in each round the rest bring nothing new; without one, the faulty views of each add up.
    if (count.chains === chains) count.faulty += (rounds - round) * (count.faulty - faulty);
    return;
  }
}

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
  const count = new Count();
  const stretches = stretchesOf(set);
  const take = ({ id }: Validator): void => count.turn(isLive(id), tenure);
  // Twice around, since a run of faulty views may begin before the end of the rotation.
  for (let time = 0; time < 2; time++) for (const stretch of stretches) pass(stretch, count, take);
  return count.chains === 0 ? Number.POSITIVE_INFINITY : count.most;
}
