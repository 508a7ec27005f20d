import { test } from 'vitest';
import * as blocks from './blocks.ts';
import * as locks from './locks.ts';
import * as pacemaker from './pacemaker.ts';
import type { Scenario } from './scenario.ts';

const SCENARIOS: readonly Scenario[] = [
  ...Object.values(locks),
  ...Object.values(pacemaker),
  ...Object.values(blocks),
];

test.each(SCENARIOS)('$name', (scenario) => scenario.run());
