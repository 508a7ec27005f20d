import type { Witness, World } from '../src/simulator/index.ts';
import {
  createWorld,
  jealousNetwork,
  randomFaults,
  randomStorm,
  SimulationFailure,
} from '../src/simulator/index.ts';
import { keepChanging } from './membership.ts';
import type { Outcome, Violation } from './outcome.ts';
import { planOf } from './plan.ts';
import type { FaultKind, RunOptions } from './run-options.ts';

/** A round of faults lasts so many view times; then the world must be live for some views before the next. */
const ROUND_VIEW_TIMES = { least: 5, most: 30 } as const;
const VIEWS_OF_CALM = { least: 20, most: 100 } as const;
/** After faults, replicas boot within so many view times (see `randomFaults`). */
const BOOT_VIEW_TIMES = 10;
/** How long a world may take to enter views while nothing disturbs it: as `World.run` has it. */
const VIEW_TIMES_PER_VIEW = 3;
const VIEW_TIMES_TO_START = 200;
/** Between two pieces of a run others get a turn: the parent hears of it, signals arrive. */
const PIECES_PER_VIEW_TIME = 4;

/** Plays one seed, in pieces: yields the view that it is in. Returns what became of it; never throws. */
export function* play(
  options: RunOptions,
  seed: number,
  witness: Witness | null,
): Generator<number, Outcome> {
  const { world: worldOptions, byzantine } = planOf(options, seed);
  let world: World | null = null;
  let violation: Violation | null = null;
  try {
    world = createWorld({ ...worldOptions, ...(witness === null ? {} : { witness }) });
    if (options.updates) keepChanging(world, byzantine);
    yield* rounds(world, options);
  } catch (error) {
    violation = violationOf(error, seed, world);
  }
  return {
    seed,
    views: world?.view ?? 0,
    committedBlocks: (world?.height ?? -1) + 1,
    messages: world?.messages ?? 0,
    history: world?.traceHash ?? '',
    violation,
  };
}

function violationOf(error: unknown, seed: number, world: World | null): Violation {
  const where = { seed, view: world?.view ?? 0, atMs: world?.now ?? 0 };
  if (error instanceof SimulationFailure) {
    return { ...where, property: error.checker, what: error.what, lastEvents: error.lines };
  }
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { ...where, property: 'error', what, lastEvents: world?.trace() ?? [] };
}

function* rounds(world: World, { views, faults }: RunOptions): Generator<number, void> {
  const random = world.random.fork('rounds');
  const { viewTimeMs } = world.settings;
  const disturbances = faults.filter((kind) => kind !== 'calm');
  for (let round = 0; world.view < views; round++) {
    if (disturbances.length > 0) {
      const untilMs = world.now + random.between(ROUND_VIEW_TIMES.least, ROUND_VIEW_TIMES.most) * viewTimeMs;
      for (const kind of disturbances) disturb(world, kind, untilMs, round);
      yield* advance(world, views, untilMs + BOOT_VIEW_TIMES * viewTimeMs);
      if (world.view >= views) return;
    }
    const calmViews = random.between(VIEWS_OF_CALM.least, VIEWS_OF_CALM.most);
    const target = disturbances.length === 0 ? views : Math.min(views, world.view + calmViews);
    const viewTimes = (target - world.view) * VIEW_TIMES_PER_VIEW + VIEW_TIMES_TO_START;
    yield* advance(world, target, world.now + viewTimes * viewTimeMs);
    if (world.view < target)
      world.fail('liveness', `view ${target} was not entered within ${viewTimes} view times`);
  }
}

function disturb(world: World, kind: Exclude<FaultKind, 'calm'>, untilMs: number, round: number): void {
  const name = `${kind} ${round}`;
  switch (kind) {
    case 'stormy':
      return randomStorm(world, { untilMs, name });
    case 'crashes':
      return randomFaults(world, { untilMs, name });
    case 'jealous':
      return jealousNetwork(world, { untilMs, name });
  }
}

/** Runs until an honest replica enters `view`, or until a moment. */
function* advance(world: World, view: number, endMs: number): Generator<number, void> {
  const { viewTimeMs } = world.settings;
  while (world.view < view && world.now < endMs) {
    const pieceEnd = Math.min(endMs, world.now + viewTimeMs / PIECES_PER_VIEW_TIME);
    // Something always happens within a view time: checkers look ten times in each.
    world.runUntil(() => world.view >= view || world.now >= pieceEnd, {
      withinMs: pieceEnd - world.now + viewTimeMs,
      what: 'the end of a piece',
    });
    yield world.view;
  }
}
