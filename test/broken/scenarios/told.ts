import assert from 'node:assert/strict';
import { GoldenWorld } from '../../support/golden-world.ts';

/** One core that is told what happens in the language of the golden traces, and whose verifier finds all genuine. */
export type Told =
  /** Tells one line; returns what the core does, the answers to its questions about certificates included. */
  (line: string) => readonly string[];

const FORGED = ' forged';

/** A core after `script`, one command per line; certificates that it asks about are genuine, if a line does not end in `forged`. */
export function told(script: string, world = new GoldenWorld()): Told {
  const tell = (line: string): readonly string[] => {
    const isForged = line.endsWith(FORGED);
    const effects = [...world.run(isForged ? line.slice(0, -FORGED.length) : line)];
    if (effects.some((effect) => effect.startsWith('verify ')))
      effects.push(...(isForged ? world.run('refused') : tell('certified')));
    return effects;
  };
  for (const line of script.split('\n')) if (line.trim() !== '') tell(line);
  return tell;
}

const shown = (effects: readonly string[]): string => effects.map((effect) => `\n  ${effect}`).join('');

/** One of `effects` must begin with `what`. */
export function mustDo(effects: readonly string[], what: string): void {
  assert.ok(
    effects.some((effect) => effect.startsWith(what)),
    `expected "${what}" of${shown(effects)}`,
  );
}

/** None of `effects` may contain `what`; and nothing may halt. */
export function mustNot(effects: readonly string[], ...what: readonly string[]): void {
  for (const text of ['HALT', ...what]) {
    assert.ok(!effects.some((effect) => effect.includes(text)), `"${text}" is in${shown(effects)}`);
  }
}

/** One of `effects` must contain `what`. */
export function mustHave(effects: readonly string[], what: string): void {
  assert.ok(
    effects.some((effect) => effect.includes(what)),
    `nothing contains "${what}" in${shown(effects)}`,
  );
}
