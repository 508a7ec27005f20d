import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { GoldenWorld } from '../../support/golden-world.ts';

/** Rewrites the expectations: `HOTSTUFF_REWRITE_GOLDEN=1 npx vitest run --project unit golden`. */
const REWRITE = process.env['HOTSTUFF_REWRITE_GOLDEN'] === '1';
const folder = new URL('../../golden/', import.meta.url);

/** Comments and blank lines stay; `> command` lines are run; indented lines are the effects expected of them. */
function replay(text: string): string {
  const world = new GoldenWorld();
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('    ')) continue;
    lines.push(line);
    if (line.startsWith('> ')) lines.push(...world.run(line.slice(2)).map((effect) => `    ${effect}`));
  }
  return lines.join('\n');
}

describe('golden traces', () => {
  const names = readdirSync(folder).filter((name) => name.endsWith('.txt'));

  test('there are some', () => {
    expect(names.length).toBeGreaterThan(0);
  });

  test.each(names)('%s', (name) => {
    const file = new URL(name, folder);
    const text = readFileSync(file, 'utf8');
    const replayed = replay(text);
    if (REWRITE) writeFileSync(file, replayed);
    else expect(replayed).toBe(text);
  });
});
