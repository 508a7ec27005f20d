import * as blocks from './blocks.ts';
import * as leaders from './leaders.ts';
import * as locks from './locks.ts';
import * as pacemaker from './pacemaker.ts';
import type { Scenario } from './scenario.ts';
import * as twoSets from './two-sets.ts';
import * as updates from './updates.ts';

export type { Scenario } from './scenario.ts';

/** Every attack and failure trace, by number. */
export const TRACES: readonly Scenario[] = [
  ...Object.values(locks),
  ...Object.values(pacemaker),
  ...Object.values(blocks),
  ...Object.values(leaders),
  ...Object.values(updates),
  ...Object.values(twoSets),
].toSorted((a, b) => Number(a.name.slice(1).split(':')[0]) - Number(b.name.slice(1).split(':')[0]));
