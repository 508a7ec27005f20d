import { enumerateTwins, randomTwins } from '../../sim/twins/enumerate.ts';
import { type Round, runTwins, type TwinsScenario } from '../../sim/twins/scenario.ts';
import type { Scenario } from '../scenario.ts';

// Keys that run twice, while the network is cut this way and that.

const isCut = ({ partition }: Round): boolean => partition.some((group) => group > 0);

/** Cut in halves, then in other halves with leaders that hear of nothing: what a fork is made of. */
const isPromising = ({ rounds: [first, second] }: TwinsScenario): boolean =>
  first !== undefined &&
  second !== undefined &&
  isCut(first) &&
  !first.deafLeaders &&
  isCut(second) &&
  second.deafLeaders;

export const twinsEnumerated: Scenario = {
  name: 'twins enumerated: one leader in one half, the next in another half that hears nothing of the first',
  run() {
    const bounds = { n: 4, places: [3], rounds: 2, maxGroups: 2, leaderTenure: 4 };
    for (const scenario of enumerateTwins(bounds)) if (isPromising(scenario)) runTwins(scenario);
  },
};

export const twinsAtRandom: Scenario = {
  name: 'twins at random: seeds 0 to 39, partitions that change with the leader',
  run() {
    for (let seed = 0; seed < 40; seed++) runTwins(randomTwins(seed));
  },
};
