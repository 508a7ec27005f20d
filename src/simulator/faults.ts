import { type Delay, draw } from './delays.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

export interface FaultOptions {
  /** Faults stop then: partitions heal, and all but `downAfter` are up. */
  readonly untilMs: number;
  /** Replicas that may be down at once; all of them by default. */
  readonly maxDown?: number;
  /** Mean time between two faults; two view times by default. */
  readonly everyMs?: number;
  /** Replicas that stay down when the faults stop; none by default. */
  readonly downAfter?: readonly number[];
  /** Faults of another name draw otherwise, so that a world can be disturbed more than once. */
  readonly name?: string;
}

/** Boots after the faults are spread over so many view times, as operators would do it. */
const BOOTS_WITHIN_VIEW_TIMES = 10;

/** Crashes, restarts, partitions and heals at random, by the world's seed, until a moment. */
export function randomFaults(world: World, options: FaultOptions): void {
  const random = world.random.fork(options.name ?? 'faults');
  const everyMs = options.everyMs ?? 2 * world.settings.viewTimeMs;
  const again = (): void => {
    const waitMs = -Math.log(1 - random.float()) * everyMs;
    if (world.now + waitMs >= options.untilMs) {
      world.after(Math.max(0, options.untilMs - world.now), () => recover(world, options, random));
      return;
    }
    world.after(waitMs, () => {
      disturb(world, options, random);
      again();
    });
  };
  again();
}

/** What a storm does to messages; as `stormy` networks before GST. */
const STORM_LOSS = 0.2;

/** Loses and delays messages at random, by the world's seed, until a moment. */
export function randomStorm(world: World, options: Pick<FaultOptions, 'untilMs' | 'name'>): void {
  const random = world.random.fork(options.name ?? 'storm');
  const { viewTimeMs } = world.settings;
  const weather: Delay = { shape: 'exponential', meanMs: viewTimeMs / 3, maxMs: 4 * viewTimeMs };
  const calmDown = world.intercept(() =>
    random.chance(STORM_LOSS) ? 'drop' : { delayMs: draw(weather, random) },
  );
  world.after(Math.max(0, options.untilMs - world.now), calmDown);
}

/** How often the jealous network looks, per view time: more often than replicas learn things. */
const LOOKS_PER_VIEW_TIME = 100;

/**
 * The worst network for agreement: whenever one honest replica alone has committed most it is
 * cut off, so that the others go on without what it knows; until a moment. Some of the times, by the world's seed.
 */
export function jealousNetwork(
  world: World,
  { untilMs, name = 'jealous network' }: Pick<FaultOptions, 'untilMs' | 'name'>,
): void {
  const random = world.random.fork(name);
  const { viewTimeMs } = world.settings;
  let healAt = 0;
  let patience = 0;
  const look = (): void => {
    if (world.now >= untilMs) return world.heal();
    world.after(viewTimeMs / LOOKS_PER_VIEW_TIME, look);
    if (world.now < healAt) return;
    if (healAt > 0) world.heal();
    healAt = 0;
    const alone = aheadAlone(world);
    if (alone === null || world.now < patience) return;
    patience = world.now + random.float() * 2 * viewTimeMs;
    if (random.chance(0.3)) return;
    const others = world.replicas.map(({ index }) => index).filter((index) => index !== alone);
    world.partition([others, [alone]]);
    healAt = world.now + random.between(2, 12) * viewTimeMs;
  };
  look();
}

/** The one honest replica that has committed more than all others; null when there is none. */
function aheadAlone(world: World): number | null {
  const honest = world.replicas.filter(({ isHonest, isUp }) => isHonest && isUp);
  const best = Math.max(...honest.map(({ height }) => height));
  const ahead = honest.filter(({ height }) => height === best);
  return ahead.length === 1 && honest.length > 1 ? (ahead[0]?.index ?? null) : null;
}

function disturb(world: World, { maxDown }: FaultOptions, random: Random): void {
  const down = world.replicas.filter(({ isUp }) => !isUp);
  const up = world.replicas.filter(({ isUp }) => isUp);
  const die = random.float();
  if (die < 0.35 && up.length > 0 && down.length < (maxDown ?? world.replicas.length)) {
    world.crash(random.pick(up).index);
  } else if (die < 0.7 && down.length > 0) world.restart(random.pick(down).index);
  else if (die < 0.85) world.partition(randomGroups(world, random));
  else world.heal();
}

/** Two or three groups of random sizes. */
function randomGroups(world: World, random: Random): number[][] {
  const groups: number[][] = Array.from({ length: random.between(2, 3) }, () => []);
  for (const { index } of world.replicas) random.pick(groups).push(index);
  return groups;
}

function recover(world: World, { downAfter = [] }: FaultOptions, random: Random): void {
  world.heal();
  for (const index of downAfter) world.crash(index);
  const bootWithinMs = BOOTS_WITHIN_VIEW_TIMES * world.settings.viewTimeMs;
  for (const { index, isUp } of world.replicas) {
    if (isUp || downAfter.includes(index)) continue;
    world.after(random.float() * bootWithinMs, () => world.restart(index));
  }
}
