import { test } from 'vitest';
import * as locks from './locks.ts';
import type { Scenario } from './scenario.ts';

const SCENARIOS: readonly Scenario[] = [...Object.values(locks)];

test.each(SCENARIOS)('$name $rules', (scenario) => scenario.run());
