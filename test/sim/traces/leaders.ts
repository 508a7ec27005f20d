import { ADVERSARIES, calm, constant, type World, type WorldOptions } from '../../../src/simulator/index.ts';
import { must, reach, type Scenario, traceWorld } from './scenario.ts';

// Leaders: who leads for how long, and what they must know before they propose.

export const t6: Scenario = {
  name: 'T6: f replicas are down, wherever they stand in the rotation',
  rules: ['R12'],
  run(given = {}) {
    for (const [n, down] of [
      [4, [3]],
      [7, [3, 6]],
      [10, [3, 6, 9]],
      [10, [0, 1, 2]],
    ] as const) {
      for (const leaderTenure of [1, 4]) {
        const world = traceWorld(given, { n, chain: { leaderTenure, epochLength: 10 } });
        for (const index of down) world.crash(index);
        world.run({ views: 2 * n * leaderTenure });
        must(world, world.height >= leaderTenure, `n = ${n}, down ${down}: height ${world.height}`);
      }
    }
  },
};

export const t29: Scenario = {
  name: 'T29: one of three great powers is down',
  rules: ['R26'],
  run(given = {}) {
    for (const power of [1_000, 1_000_000]) {
      const world = traceWorld(given, {
        powers: [power, power, power, 1],
        chain: { leaderTenure: 4, epochLength: 100 },
      });
      world.crash(0);
      reach(world, 4, [1, 2, 3]);
      for (let rotation = 0; rotation < 12; rotation++) {
        const before = world.height;
        // Twelve views are a turn of the three great powers, and four the one of the small one.
        world.run({ views: 16 });
        must(world, world.height > before, `nothing was committed in the sixteen views up to ${world.view}`);
      }
    }
  },
};

const hiddenChain = ADVERSARIES['hidden-chain'];

const hiddenChainWorld = (given: Partial<WorldOptions>): World =>
  traceWorld(given, {
    n: 10,
    network: calm(constant(20)),
    adversaries: { 0: hiddenChain, 1: hiddenChain, 7: hiddenChain },
  });

/** Runs through so many views, and checks how many blocks each rotation of ten leaders commits. */
function mustRiseBy(world: World, views: number, blocksPerRotation: number): void {
  reach(world, 10, [2, 3, 4, 5, 6, 8, 9]);
  const [before, from] = [world.height, world.view];
  world.run({ views });
  const rotations = (world.view - from) / 10;
  const blocks = world.height - before;
  must(world, blocks > blocksPerRotation * rotations, `${blocks} blocks in ${rotations} rotations`);
}

export const t30: Scenario = {
  name: 'T30: three Byzantine replicas hide a chain and lock one honest replica with it',
  rules: ['R27'],
  run(given = {}) {
    // Nobody learns the hidden certificates but by what a leader hears from those who enter its view, and that comes
    // after the leader has entered: each of the seven honest leaders must still propose what can be voted for.
    const unaided = hiddenChainWorld(given);
    unaided.intercept((_from, to, message) => {
      if (message.type === 'new-view') return to === (message.view + 1) % 10 ? { delayMs: 100 } : 'drop';
      const isRelay = message.type === 'advance-view' && message.certificate.type === 'pc';
      return isRelay || message.type === 'advertise-pc' || message.type === 'advertise-block'
        ? 'drop'
        : undefined;
    });
    mustRiseBy(unaided, 30, 7);
    const relayed = hiddenChainWorld(given);
    mustRiseBy(relayed, 100, 1);
    must(relayed, relayed.replica(2).view > 100, 'replica 2 keeps up');
  },
};
