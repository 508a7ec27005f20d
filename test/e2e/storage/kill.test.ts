import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLmdbStore } from '../../../src/adapters/lmdb/index.ts';
import { startChild } from './child.ts';
import { faultsAfter, lastVoteOf } from './votes.ts';

const VOTER = new URL('./voter.child.ts', import.meta.url);

/** Kills in a run: 40 in CI, HOTSTUFF_KILL_CYCLES for long ones. */
const CYCLES = Number(process.env['HOTSTUFF_KILL_CYCLES'] ?? 40);

/** Then a new store: the chain is computed anew by every process, from its beginning. */
const CYCLES_PER_STORE = 50;

/** From the first vote to the kill, at most; some 2 ms a vote here. */
const LONGEST_LIFE_MS = 120;

const MINUTE_MS = 60_000;

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'hotstuff-kill-'));
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

const votesIn = (lines: readonly string[]): number[] =>
  lines.filter((line) => /^\d+$/.test(line)).map(Number);

/** Opens what a dead process left; returns the last vote in it and what is wrong. */
async function inspect(path: string): Promise<{ readonly last: number; readonly faults: readonly string[] }> {
  const store = await openLmdbStore({ path });
  try {
    const last = lastVoteOf(store);
    return { last, faults: faultsAfter(store, last) };
  } finally {
    await store.close();
  }
}

describe('a process killed with -9 while it votes', () => {
  it(
    `loses no vote that it reported, tears nothing and locks nobody out, ${CYCLES} times`,
    async () => {
      let before = 0;
      for (let cycle = 0; cycle < CYCLES; cycle++) {
        const path = join(base, `data ${Math.floor(cycle / CYCLES_PER_STORE)}`);
        if (cycle % CYCLES_PER_STORE === 0) before = 0;
        const child = startChild(VOTER, [path]);
        await child.line(/^\d+$/);
        await sleep(Math.random() * LONGEST_LIFE_MS);
        child.kill('SIGKILL');
        expect((await child.ended).signal).toBe('SIGKILL');

        const reported = votesIn(child.lines);
        expect(child.lines[0]).toBe(`ready ${before}`);
        expect(reported).toEqual(Array.from(reported, (_, at) => before + 1 + at));
        const { last, faults } = await inspect(path);
        expect(last).toBeGreaterThanOrEqual(reported.at(-1) as number);
        // One may have become durable without being reported.
        expect(last).toBeLessThanOrEqual((reported.at(-1) as number) + 1);
        expect(faults).toEqual([]);
        expect(readdirSync(path).filter((name) => name.endsWith('.sock'))).toEqual([]);
        before = last;
      }
    },
    Math.max(10, CYCLES / 10) * MINUTE_MS,
  );
});

describe('the owner of a store, as other processes see it', () => {
  it('keeps them out while it lives, also while it is stopped, and no longer', async () => {
    const path = join(base, 'data');
    const owner = startChild(VOTER, [path, '3', 'hold']);
    await owner.line(/^3$/);
    const second = startChild(VOTER, [path, '1']);
    expect((await second.ended).code).toBe(1);
    expect(second.lines).toEqual([]);
    expect(second.errors).toEqual([
      `StorageError: ${path} is in use by process ${owner.pid}: a store has one owner at a time`,
    ]);

    owner.kill('SIGSTOP');
    await expect(openLmdbStore({ path })).rejects.toThrow(`in use by process ${owner.pid}`);
    owner.kill('SIGCONT');
    await expect(openLmdbStore({ path })).rejects.toThrow(`in use by process ${owner.pid}`);

    owner.kill('SIGKILL');
    await owner.ended;
    expect(await inspect(path)).toEqual({ last: 3, faults: [] });
  });

  it('is one of those that start at once, or none', async () => {
    const path = join(base, 'data');
    const children = Array.from({ length: 4 }, () => startChild(VOTER, [path, '20']));
    const endings = await Promise.all(children.map(({ ended }) => ended));
    const winners = endings.filter(({ code }) => code === 0).length;
    const voted = children.flatMap(({ lines }) => votesIn(lines));
    // Several may have had their turn one after another, never two the same vote.
    expect(new Set(voted).size).toBe(voted.length);
    expect(voted.length).toBe(20 * winners);
    for (const { lines, errors } of children) {
      if (lines.length === 0) expect(errors.join('\n')).toMatch(/^StorageError: .* is in use by process \d+/);
    }
    expect(await inspect(path)).toEqual({ last: voted.length, faults: [] });
  });
});

describe('a disk that takes no more', () => {
  it('rejects the write and every later one; what was reported is there afterwards', async () => {
    const path = join(base, 'data');
    // A file of at most 600 KiB stands for a full disk.
    const child = startChild(VOTER, [path], '-f 600');
    expect((await child.ended).code).toBe(0);
    const rejections = child.lines.filter((line) => line.startsWith('rejected'));
    expect(rejections.length).toBe(2);
    expect(rejections[0]).toMatch(/^rejected: StorageError: a write failed, nothing is written any more: /);
    expect(rejections[1]).toBe(rejections[0]);
    const reported = votesIn(child.lines);
    expect(reported.length).toBeGreaterThan(5);
    const { last, faults } = await inspect(path);
    expect(last).toBe(reported.length);
    expect(faults).toEqual([]);

    const next = startChild(VOTER, [path, '5']);
    expect((await next.ended).code).toBe(0);
    expect(await inspect(path)).toEqual({ last: last + 5, faults: [] });
  });
});
