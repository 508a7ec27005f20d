import { describe, expect, test } from 'vitest';
import type {
  ProduceBlockRequest,
  ProduceBlockResult,
  ValidateBlockRequest,
  ValidateBlockResult,
} from '../../src/ports/app.ts';
import { createWorld, type SimulatedApp, SimulationFailure, uniform } from '../../src/simulator/index.ts';

// What a user does with the simulator: an app of one's own under faults.

const KEY = new TextEncoder().encode('count');
const OTHER_KEY = new TextEncoder().encode('other');
const asBytes = (value: number): Uint8Array => Uint8Array.of(value & 0xff, (value >> 8) & 0xff);
const asNumber = (value: Uint8Array | null): number =>
  value === null ? 0 : (value[0] ?? 0) + 256 * (value[1] ?? 0);

/** Each block holds the next number, by the count that the blocks before it left. */
const counter = {
  produceBlock({ state }: ProduceBlockRequest): ProduceBlockResult {
    const next = asBytes(asNumber(state.get(KEY)) + 1);
    return { data: [next], hasCommands: true, appStateUpdates: { sets: [[KEY, next]], deletes: [] } };
  },
  validateBlock({ block, state }: ValidateBlockRequest): ValidateBlockResult {
    const [datum] = block.data;
    if (datum === undefined || asNumber(datum) !== asNumber(state.get(KEY)) + 1) return { valid: false };
    return { valid: true, hasCommands: true, appStateUpdates: { sets: [[KEY, datum]], deletes: [] } };
  },
};

const asynchronous: SimulatedApp = {
  produceBlock: async (request) => counter.produceBlock(request),
  validateBlock: async (request) => counter.validateBlock(request),
};

describe("a user's app", () => {
  test('counts the same on every replica, through crashes', () => {
    const world = createWorld({ n: 4, seed: 5, app: () => counter, latencies: { app: uniform(0, 5) } });
    world.run({ views: 40 });
    world.crash(2);
    world.run({ views: 40 });
    world.restart(2);
    const target = world.height;
    world.runUntil(() => world.replica(2).height >= target, { withinMs: 20_000 });
    expect(target).toBeGreaterThan(50);
  });

  test('may answer with promises', async () => {
    const world = createWorld({ n: 4, seed: 5, app: () => asynchronous });
    await world.runUntilAsync(() => world.height >= 20, { withinMs: 20_000, what: 'height 20' });
    const synchronous = createWorld({ n: 4, seed: 5, app: () => counter });
    synchronous.runUntil(() => synchronous.height >= 20, { withinMs: 20_000 });
    expect(world.traceHash).toBe(synchronous.traceHash);
  });

  test('with promises needs a world that waits for them', () => {
    const world = createWorld({ n: 4, seed: 5, app: () => asynchronous });
    expect(() => world.run({ views: 5 })).toThrow('runUntilAsync');
  });

  test('that does not do the same everywhere is found out', () => {
    const odd = (index: number): SimulatedApp => ({
      ...counter,
      validateBlock(request) {
        const result = counter.validateBlock(request);
        if (index !== 3 || request.block.height !== 20) return result;
        return result.valid === true
          ? {
              ...result,
              appStateUpdates: {
                sets: [...(result.appStateUpdates?.sets ?? []), [OTHER_KEY, KEY]],
                deletes: [],
              },
            }
          : result;
      },
    });
    const world = createWorld({ n: 4, seed: 5, app: odd });
    expect(() => world.run({ ms: 60_000 })).toThrow(SimulationFailure);
    // A world that failed does not go on.
    expect(() => world.run({ ms: 1 })).toThrow(/^agreement: r\d has app state \w+ at height 20, others/);
  });

  test('that throws on one replica stops nobody', () => {
    const moody = (index: number): SimulatedApp =>
      index !== 1
        ? counter
        : {
            produceBlock: () => {
              throw new Error('not today');
            },
            validateBlock: () => {
              throw new Error('nor tomorrow');
            },
          };
    const failures: string[] = [];
    const world = createWorld({ n: 4, seed: 5, app: moody, checkers: [] });
    world.onEvent((index, event) => {
      if (event.type === 'app-failed') failures.push(`r${index} ${event.call}`);
    });
    world.run({ ms: 30_000 });
    expect(world.height).toBeGreaterThan(20);
    expect(new Set(failures)).toEqual(new Set(['r1 produceBlock', 'r1 validateBlock']));
  });
});
