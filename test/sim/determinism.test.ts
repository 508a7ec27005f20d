import { describe, expect, test } from 'vitest';
import { createWorld, randomFaults, stormy, uniform, type World } from '../../src/simulator/index.ts';

/** A world in which everything that draws from the seed is at work. */
function busyWorld(seed: number): World {
  const world = createWorld({
    n: 4,
    seed,
    network: stormy(5_000, uniform(1, 100), 1_000),
    latencies: { flush: uniform(1, 20), app: uniform(0, 10), verify: uniform(0, 2) },
    clockDrift: 0.01,
    encode: true,
  });
  randomFaults(world, { untilMs: 15_000, everyMs: 700 });
  world.run({ ms: 40_000 });
  return world;
}

describe('a world', () => {
  test('has the same history for the same seed', () => {
    const [first, second] = [busyWorld(7), busyWorld(7)];
    expect(first.height).toBeGreaterThan(10);
    expect(second.traceHash).toBe(first.traceHash);
    expect(second.trace(1_000)).toEqual(first.trace(1_000));
  });

  test('has another history for another seed', () => {
    expect(busyWorld(8).traceHash).not.toBe(busyWorld(7).traceHash);
  });

  test('has the same history however its run is cut into pieces', () => {
    const inPieces = createWorld({ n: 4, seed: 3, network: stormy(2_000, uniform(1, 100), 1_000) });
    for (let piece = 0; piece < 40; piece++) inPieces.run({ ms: 250 });
    const atOnce = createWorld({ n: 4, seed: 3, network: stormy(2_000, uniform(1, 100), 1_000) });
    atOnce.run({ ms: 10_000 });
    expect(inPieces.traceHash).toBe(atOnce.traceHash);
    expect(inPieces.now).toBe(atOnce.now);
  });
});
