import { asView } from '../../../src/model/ids.ts';
import { ADVERSARIES, calm, constant } from '../../../src/simulator/index.ts';
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

export const t30: Scenario = {
  name: 'T30: three Byzantine replicas hide a chain and lock one honest replica with it',
  rules: ['R27'],
  run(given = {}) {
    const hiddenChain = ADVERSARIES['hidden-chain'];
    const world = traceWorld(given, {
      n: 10,
      network: calm(constant(20)),
      adversaries: { 0: hiddenChain, 1: hiddenChain, 7: hiddenChain },
    });
    reach(world, 10, [2, 3, 4, 5, 6, 8, 9]);
    const [before, from] = [world.height, world.view];
    world.run({ views: 200 });
    const rotations = (world.view - from) / 10;
    must(
      world,
      world.height - before > rotations,
      `${world.height - before} blocks in ${rotations} rotations`,
    );
    must(world, world.replica(2).view >= asView(from + 150), 'replica 2 keeps up');
  },
};
