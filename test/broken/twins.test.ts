import { expect, test } from 'vitest';
import { MUTANTS } from './mutants/index.ts';
import { tryMutant } from './run.ts';

// The net of Twins scenarios alone, against faults that Byzantine twins can use.

test.each([
  ['no lock clause', /agreement: fork at height 0/],
  ['a third of the power is a quorum', /SimulationFailure/],
  ['the lock moves down', /moved its lockedPc/],
])('enumerated twins catch "%s"', async (name, finding) => {
  const mutant = MUTANTS.find((one) => one.name === name);
  if (mutant === undefined) throw new RangeError(`there is no mutant "${name}"`);
  const verdict = await tryMutant(mutant, ['twins enumerated']);
  expect(verdict.caughtBy).toMatch(/^twins enumerated/);
  expect(verdict.finding).toMatch(finding);
});
