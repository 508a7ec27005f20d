import type { ReplicaId, View } from '../../model/ids.ts';
import type { Validator, ValidatorSet } from '../../model/validator-set.ts';

/**
 * Interleaved weighted round robin (SPECIFICATION.md section 4) by cumulated slots: between two neighbouring distinct
 * powers the same validators are visited at every threshold, so a rotation is one segment per distinct power.
 */
interface Segment {
  /** Validators with at least this power are visited. */
  readonly power: number;
  /** Index of the first visit of this segment. */
  readonly start: number;
  /** Visits per threshold. */
  readonly width: number;
}

interface Rotation {
  readonly segments: readonly Segment[];
  /** The visited validators of the segment that was used last: consecutive look-ups mostly hit the same one. */
  memo: { readonly power: number; readonly visited: readonly ReplicaId[] } | null;
}

const rotations = new WeakMap<ValidatorSet, Rotation>();

function rotationOf(set: ValidatorSet): Rotation {
  const known = rotations.get(set);
  if (known !== undefined) return known;
  const powers = set.validators.map(({ power }) => power as number).sort((a, b) => a - b);
  const segments: Segment[] = [];
  let start = 0;
  let below = 0;
  for (const [index, power] of powers.entries()) {
    if (power === below) continue;
    const width = powers.length - index;
    segments.push({ power, start, width });
    start += (power - below) * width;
    below = power;
  }
  const rotation: Rotation = { segments, memo: null };
  rotations.set(set, rotation);
  return rotation;
}

/** Which turn `view` belongs to: `tenure` views in a row have the same leader (R26). */
export const turnOf = (view: View, tenure: number): number => Math.floor(view / tenure);

/**
 * The leader of `view` in `set`. Consecutive runs of `tenure` views have the same leader (R26). Costs O(log n), and
 * O(n) when the segment changes; never more with larger powers (R21).
 */
export function leaderOf(set: ValidatorSet, view: View, tenure: number): ReplicaId {
  const index = turnOf(view, tenure) % set.totalPower;
  const rotation = rotationOf(set);
  let low = 0;
  let high = rotation.segments.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((rotation.segments[middle] as Segment).start <= index) low = middle;
    else high = middle - 1;
  }
  const segment = rotation.segments[low] as Segment;
  if (rotation.memo?.power !== segment.power) {
    const visited = set.validators.filter((validator: Validator) => validator.power >= segment.power);
    rotation.memo = { power: segment.power, visited: visited.map(({ id }) => id) };
  }
  return rotation.memo?.visited[(index - segment.start) % segment.width] as ReplicaId;
}
