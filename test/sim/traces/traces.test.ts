import { test } from 'vitest';
import { TRACES } from './index.ts';

test.each(TRACES)('$name', (scenario) => scenario.run());
