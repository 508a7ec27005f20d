import { expect, test } from 'vitest';
import { SimulationFailure } from '../../../src/simulator/index.ts';
import { enumerateTwins, randomTwins } from './enumerate.ts';
import { describeTwins, runTwins, type TwinsScenario } from './scenario.ts';

// The scenarios of all test files together. Files run side by side, so each has its share.

/** Random scenarios in all: 400, or as many as a long run asks for. */
const RANDOM_SCENARIOS = Number(process.env['TWINS_SCENARIOS'] ?? 400);

/** Test files among which random scenarios are dealt out. */
const RANDOM_SHARDS = 2;

function mustPass(scenario: TwinsScenario): void {
  try {
    runTwins(scenario);
  } catch (error) {
    if (error instanceof SimulationFailure) error.message = `${describeTwins(scenario)}\n${error.message}`;
    throw error;
  }
}

/**
 * Every scenario of four replicas of which `place` runs twice: up to two leaders' turns, each with every cut into two
 * groups, with and without the NewViews.
 */
export function testEnumerated(place: number): void {
  test.each([4])(`replica ${place} twice, turns of %i views: every scenario`, (leaderTenure) => {
    let count = 0;
    for (const scenario of enumerateTwins({ n: 4, places: [place], rounds: 2, maxGroups: 2, leaderTenure })) {
      mustPass(scenario);
      count++;
    }
    // 32 rounds to choose from: 1,023 sequences, and of each pair that differs in the twins' names only one.
    expect(count).toBe(639);
  });
}

/** The seeds that are this shard's. */
export function testRandom(shard: number): void {
  test(`${RANDOM_SCENARIOS} random scenarios, shard ${shard}: no fork, and all go on after the healing`, () => {
    let count = 0;
    for (let seed = shard; seed < RANDOM_SCENARIOS; seed += RANDOM_SHARDS) {
      mustPass(randomTwins(seed));
      count++;
    }
    expect(count).toBeGreaterThanOrEqual(Math.floor(RANDOM_SCENARIOS / RANDOM_SHARDS));
  });
}
