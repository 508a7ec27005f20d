import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const textOf = (folder: string): string =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|rs)$/.test(name))
    .map((name) => readFileSync(join(ROOT, folder, name), 'utf8'))
    .join('\n');

/** Rules that are kept outside of the core, and where: what is signed, and the keys and signatures of BLS. */
const ELSEWHERE: Readonly<Record<string, string>> = { R9: 'src/codec', R22: 'native/core/src' };

const cites = (text: string, rule: string): boolean => new RegExp(`\\b${rule}\\b`).test(text);

test('every rule of the specification is cited by its number where it is kept, and no other is', () => {
  const specification = readFileSync(join(ROOT, 'docs/SPECIFICATION.md'), 'utf8');
  const rules = [...new Set(specification.match(/\bR\d+\b/g))];
  expect(rules.toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)))).toEqual(
    Array.from({ length: 30 }, (_, at) => `R${at + 1}`),
  );
  const core = textOf('src/core');
  for (const rule of rules) {
    const folder = ELSEWHERE[rule];
    expect(cites(folder === undefined ? core : textOf(folder), rule), rule).toBe(true);
  }
  for (const cited of core.match(/\bR\d+\b/g) ?? []) expect(rules).toContain(cited);
});
