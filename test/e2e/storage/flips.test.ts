import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { picksFrom } from '../../property/storage/tree-model.ts';
import { startChild } from './child.ts';

const VOTER = new URL('./voter.child.ts', import.meta.url);
const FLIPPER = new URL('./flips.child.ts', import.meta.url);

/** Flips in a run: 400 in CI, HOTSTUFF_BIT_FLIPS for long ones. */
const FLIPS = Number(process.env['HOTSTUFF_BIT_FLIPS'] ?? 400);

/** Positions for one process, which a crash of LMDB ends. */
const FLIPS_PER_CHILD = 50;

/** Votes that make the store: enough that most pages were used before and hold older records still. */
const VOTES = 60;

/** A process that says nothing for so long hangs in LMDB: it does not vote either. */
const SILENCE_MS = 20_000;

/** The fields of LMDB's two headers, of 4,096 bytes each. */
const HEADER_BYTES = 168;

/** HOTSTUFF_SEED chooses other positions. */
const SEED = Number(process.env['HOTSTUFF_SEED'] ?? 1);

/** Half of the positions in the headers, which lead to everything else; the others anywhere. */
function positionsIn(bytes: number): number[] {
  const random = picksFrom(SEED);
  return Array.from({ length: FLIPS }, (_, at) =>
    at % 2 === 0 ? 8 * (4_096 * random(2)) + random(8 * HEADER_BYTES) : random(8 * bytes),
  );
}

/** What became of each position, by position; those that a dying process did not get to are left out. */
async function runChild(
  pristine: string,
  copy: string,
  positions: readonly number[],
): Promise<Map<number, string>> {
  const child = startChild(FLIPPER, [pristine, copy, ...positions.map(String)]);
  const watch = new AbortController();
  void (async () => {
    for (let seen = -1; seen < child.lines.length && !watch.signal.aborted; ) {
      seen = child.lines.length;
      await sleep(SILENCE_MS, undefined, { ref: false, signal: watch.signal }).catch(() => {});
    }
    if (!watch.signal.aborted) child.kill('SIGKILL');
  })();
  const { code, signal } = await child.ended;
  watch.abort();
  const outcomes = new Map<number, string>();
  for (const [at, line] of child.lines.entries()) {
    if (!line.startsWith('start ')) continue;
    const next = child.lines[at + 1] ?? `ended by ${signal ?? `code ${code}: ${child.errors.join(' ')}`}`;
    outcomes.set(Number(line.slice('start '.length)), next);
  }
  return outcomes;
}

it(
  `one flipped bit in the data file, ${FLIPS} times, is found out, harmless, or ends the process; no vote is lost`,
  async () => {
    const base = mkdtempSync(join(tmpdir(), 'hotstuff-flips-'));
    try {
      const pristine = join(base, 'pristine');
      const voter = startChild(VOTER, [pristine, String(VOTES)]);
      expect((await voter.ended).code).toBe(0);
      const left = positionsIn(statSync(join(pristine, 'data.mdb')).size);
      const outcomes = new Map<number, string>();
      while (left.length > 0) {
        const seen = await runChild(pristine, join(base, 'copy'), left.slice(0, FLIPS_PER_CHILD));
        expect(seen.size).toBeGreaterThan(0);
        for (const [position, outcome] of seen) outcomes.set(position, outcome);
        left.splice(0, left.length, ...left.filter((position) => !seen.has(position)));
      }
      const kinds = [...outcomes].map(([position, outcome]) => ({ position, outcome }));
      const allowed = ['detected', `harmless ${VOTES}`];
      const others = kinds.filter(
        ({ outcome }) => !allowed.includes(outcome) && !outcome.startsWith('ended by SIG'),
      );
      expect(others).toEqual([]);
      expect(kinds.filter(({ outcome }) => outcome === 'detected').length).toBeGreaterThan(0);
    } finally {
      rmSync(base, { recursive: true, force: true });
    }
  },
  Math.max(10, FLIPS / 100) * 60_000,
);
