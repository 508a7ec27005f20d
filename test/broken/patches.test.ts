import { readFileSync } from 'node:fs';
import { transform } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { TRACES } from '../sim/traces/index.ts';
import { patchedSources } from './mutant.ts';
import { MUTANTS } from './mutants/index.ts';
import { idOf } from './scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';

const read = (file: string): string => readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');

describe('every mutant', () => {
  test.each(MUTANTS)(
    '$rule $name: its patches fit exactly once, and what they make can be parsed',
    async (mutant) => {
      for (const [file, source] of patchedSources(mutant, read)) {
        expect(source).not.toBe(read(file));
        await transform(source, { loader: 'ts' });
      }
    },
  );

  test('has a name of its own and names scenarios that are there', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    const ids = new Set(SCENARIOS.map(idOf));
    expect(ids.size).toBe(SCENARIOS.length);
    for (const { name, traces = [], expected } of MUTANTS) {
      expect(traces.length + expected.length, name).toBeGreaterThan(0);
      for (const id of [...traces, ...expected]) expect(ids, name).toContain(id);
    }
  });
});

test('a patch that fits nowhere, or twice, or changes nothing, is an error', () => {
  const make = (find: string, replace: string) => () =>
    patchedSources({ patches: [{ file: 'a.ts', find, replace }] }, () => 'one two two');
  expect(make('three', '')).toThrow(/does not contain/);
  expect(make('two', '')).toThrow(/contains more than once/);
  expect(make('one', 'one')).toThrow(/is not changed/);
  expect(make('one', '1')().get('a.ts')).toBe('1 two two');
});

test('there is a mutant of every rule that the library keeps in TypeScript', () => {
  const rules = new Set(MUTANTS.map(({ rule }) => rule));
  for (let number = 1; number <= 30; number++) expect(rules).toContain(`R${number}`);
});

test('every trace has a mutant that it must notice, and that breaks a rule which the trace is about', () => {
  for (const trace of TRACES) {
    const mutants = MUTANTS.filter(({ traces }) => traces?.includes(idOf(trace)));
    expect(mutants.length, trace.name).toBeGreaterThan(0);
    for (const { rule } of mutants) {
      const isAboutIt = rule.split(' and ').some((part) => trace.rules.includes(part));
      expect(isAboutIt, `${trace.name}: ${rule}`).toBe(true);
    }
  }
});
