import { describe, expect, test } from 'vitest';
import { MUTANTS } from './mutants/index.ts';
import { checkUnchanged, tryMutant } from './run.ts';

test('with the library as it is, every scenario passes', async () => {
  expect(await checkUnchanged(() => {})).toEqual([]);
});

describe('with one rule broken, some scenario fails', () => {
  test.each(MUTANTS)('$rule: $name', async (mutant) => {
    expect((await tryMutant(mutant)).caughtBy).not.toBeNull();
  });
});
