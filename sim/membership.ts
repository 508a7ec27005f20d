import type { Random, World } from '../src/simulator/index.ts';

/** Sets are kept at least this large: below it no fault is tolerated, and runs with faults would say nothing. */
const LEAST_MEMBERS = 4;
const MAX_POWER = 5;
/** Draws of a change before the next chance is waited for. */
const TRIES = 10;
/** Views from one update to the next: mostly some, now and then back to back. */
const VIEWS_BETWEEN = { few: 3, many: 40 } as const;
const BACK_TO_BACK_SHARE = 0.2;

/** The greatest power that may be Byzantine beside `total - power` that is not. */
export const faultyPowerOf = (total: number): number => Math.floor((total - 1) / 3);

type Members = ReadonlyMap<number, number>;

const totalOf = (members: Members, counts: (index: number) => boolean = () => true): number =>
  [...members].reduce((sum, [index, power]) => sum + (counts(index) ? power : 0), 0);

interface Roster {
  /** All replicas, members or not. */
  readonly count: number;
  readonly byzantine: ReadonlySet<number>;
  readonly least: number;
}

/** Replaces some or all members by others. */
function replaced(members: Members, { count }: Roster, random: Random): Members {
  const next = new Map(members);
  const leaving = random.shuffled([...members.keys()]).slice(0, random.between(1, members.size));
  for (const index of leaving) next.delete(index);
  const strangers = Array.from({ length: count }, (_, index) => index).filter((index) => !members.has(index));
  const joining = random.shuffled(strangers).slice(0, random.between(0, strangers.length));
  for (const index of joining) next.set(index, random.between(1, MAX_POWER));
  return next;
}

function changed(members: Members, roster: Roster, random: Random): Members {
  const next = new Map(members);
  const anybody = random.below(roster.count);
  switch (random.pick(['join', 'weigh', 'leave', 'replace'] as const)) {
    case 'join':
    case 'weigh':
      return next.set(anybody, random.between(1, MAX_POWER));
    case 'leave':
      next.delete(anybody);
      return next;
    case 'replace':
      return replaced(members, roster, random);
  }
}

/** Another set that its Byzantine members cannot break; null when none was drawn. */
function nextMembers(members: Members, roster: Roster, random: Random): Members | null {
  for (let tries = 0; tries < TRIES; tries++) {
    const next = changed(members, roster, random);
    const isByzantine = (index: number): boolean => roster.byzantine.has(index);
    if (next.size < roster.least) continue;
    if (totalOf(next, isByzantine) <= faultyPowerOf(totalOf(next))) return next;
  }
  return null;
}

/** Submits changes of the validator set as long as the world runs: members join, leave, and change their powers. */
export function keepChanging(world: World, byzantine: ReadonlySet<number>): void {
  const random = world.random.fork('membership');
  const { genesisSet } = world;
  let members: Members = new Map(genesisSet.validators.map(({ power }, index) => [index, power]));
  const roster: Roster = {
    count: world.replicas.length,
    byzantine,
    least: Math.min(LEAST_MEMBERS, members.size),
  };
  let nextAt = random.between(VIEWS_BETWEEN.few, VIEWS_BETWEEN.many);
  const submit = (): void => {
    const next = nextMembers(members, roster, random);
    if (next === null) return;
    const insert = Object.fromEntries([...next].filter(([index, power]) => members.get(index) !== power));
    const remove = [...members.keys()].filter((index) => !next.has(index));
    members = next;
    if (Object.keys(insert).length > 0 || remove.length > 0) world.updateValidators({ insert, remove });
  };
  world.onEvent((index, event) => {
    if (event.type !== 'view-started' || event.view < nextAt || byzantine.has(index)) return;
    const wait = random.chance(BACK_TO_BACK_SHARE)
      ? 1
      : random.between(VIEWS_BETWEEN.few, VIEWS_BETWEEN.many);
    nextAt = event.view + wait;
    world.after(0, submit);
  });
}
