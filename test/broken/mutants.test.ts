import { describe, expect, test } from 'vitest';
import { MUTANTS } from './mutants/index.ts';
import { checkUnchanged, tryMutant } from './run.ts';
import { idOf } from './scenario.ts';

test('with the library as it is, every scenario passes', async () => {
  expect(await checkUnchanged(() => {})).toEqual([]);
});

describe('with a rule broken, the scenario that is expected to notice does', () => {
  test.each(MUTANTS)('$rule: $name', async (mutant) => {
    const { caughtBy } = await tryMutant(mutant);
    expect(caughtBy === null ? null : idOf({ name: caughtBy })).toBe(mutant.expected[0]);
  });
});
