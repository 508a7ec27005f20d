import type { Scenario } from '../scenario.ts';
import * as runs from './runs.ts';

/** All that catches mutants, the cheapest first. */
export const SCENARIOS: readonly Scenario[] = [...Object.values(runs)].flat();
