import type { Random, World } from '../../../src/simulator/index.ts';

/** Powers by index, of those who are in the set. */
type Powers = ReadonlyMap<number, number>;

interface Change {
  readonly insert?: Readonly<Record<number, number>>;
  readonly remove?: readonly number[];
}

const MIN_VALIDATORS = 4;
const MAX_NEW_POWER = 5;

/** Most power that may be faulty. */
export const faultyPower = (total: number): number => Math.ceil(total / 3) - 1;

const totalOf = (powers: Powers): number => [...powers.values()].reduce((sum, power) => sum + power, 0);

function applied(powers: Powers, { insert = {}, remove = [] }: Change): Powers {
  const after = new Map(powers);
  for (const [index, power] of Object.entries(insert)) after.set(Number(index), power);
  for (const index of remove) after.delete(index);
  return after;
}

/** Somebody joins, leaves or weighs more or less. */
function randomChange(random: Random, powers: Powers, count: number): Change {
  const index = random.below(count);
  if (powers.has(index) && powers.size > MIN_VALIDATORS && random.chance(0.4)) return { remove: [index] };
  return { insert: { [index]: random.between(1, MAX_NEW_POWER) } };
}

/** Nobody who is faulty gains power, and they stay below a third of every set. */
function isBearable(powers: Powers, change: Change, faulty: readonly number[]): boolean {
  const after = applied(powers, change);
  const gains = faulty.some((index) => (after.get(index) ?? 0) > (powers.get(index) ?? 0));
  const faultyNow = faulty.reduce((sum, index) => sum + (after.get(index) ?? 0), 0);
  return !gains && faultyNow <= faultyPower(totalOf(after));
}

/** The set that the replica furthest ahead has committed; null while an update is under way. */
function settledPowers(world: World): Powers | null {
  const ahead = world.replicas
    .filter(({ isHonest, isUp }) => isHonest && isUp)
    .toSorted((a, b) => b.height - a.height)[0];
  const sets = ahead?.status?.validatorSets;
  if (sets === undefined || !sets.decided) return null;
  const indexOf = new Map(world.replicas.map(({ id, index }) => [id, index]));
  return new Map(sets.committed.validators.map(({ id, power }) => [indexOf.get(id) ?? -1, power]));
}

/**
 * Changes the validator set again and again, each time that the change before is through, so that the faulty stay as few
 * as the protocol bears in every set.
 */
export function keepChanging(
  world: World,
  { faulty, untilMs }: { readonly faulty: readonly number[]; readonly untilMs: number },
): void {
  const random = world.random.fork('set changes');
  const { viewTimeMs } = world.settings;
  let expected: Powers | null = null;
  const again = (): void => {
    if (world.now >= untilMs) return;
    world.after(random.between(2, 8) * viewTimeMs, again);
    const powers = settledPowers(world);
    // A change that was asked for and has not been committed yet could still come.
    if (powers === null || (expected !== null && !isSame(powers, expected))) return;
    const change = randomChange(random, powers, world.replicas.length);
    if (!isBearable(powers, change, faulty)) return;
    expected = applied(powers, change);
    world.updateValidators(change);
  };
  world.after(random.between(1, 8) * viewTimeMs, again);
}

const isSame = (a: Powers, b: Powers): boolean =>
  a.size === b.size && [...a].every(([index, power]) => b.get(index) === power);
