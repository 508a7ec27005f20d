import { describe, expect, test } from 'vitest';
import { playLong } from '../../../sim/long.ts';
import { mixOf } from '../../../sim/mixes.ts';
import { brokenWorker, listen } from './support.ts';

describe('the mixes of the long test', () => {
  const mixes = Array.from({ length: 600 }, (_, seed) => mixOf(seed));

  test('come round to every size, scheme, fault, mix of adversaries, weights, and changing sets', () => {
    const kinds = new Set(
      mixes.flatMap(({ n, scheme, faults, powers, updates, adversaries }) => [
        `n ${n}`,
        `scheme ${scheme}`,
        `faults ${faults}`,
        `powers ${powers}`,
        `updates ${updates}`,
        adversaries === 'all' ? 'all' : `some ${adversaries.length}`,
      ]),
    );
    for (const kind of ['n 4', 'n 7', 'n 10', 'n 31', 'scheme ed25519', 'scheme bls12381'])
      expect(kinds).toContain(kind);
    for (const kind of ['calm', 'stormy', 'crashes', 'jealous', 'stormy,crashes'])
      expect(kinds).toContain(`faults ${kind}`);
    for (const kind of ['powers random', 'powers null', 'updates true', 'updates false'])
      expect(kinds).toContain(kind);
    for (const kind of ['all', 'some 0', 'some 1', 'some 2', 'some 3']) expect(kinds).toContain(kind);
  });

  test('are the same for the same seed', () => {
    expect(mixes.map((_, seed) => mixOf(seed))).toEqual(mixes);
  });
});

describe('npm run test:long', () => {
  test('plays as many seeds as it is told, and says so by kind', async () => {
    const heard = listen();
    expect(await playLong(words('--seeds 1 --first-seed 144 --json'), heard)).toBe(0);
    const result = JSON.parse(heard.out);
    const mix = mixOf(144);
    expect(result).toMatchObject({ seeds: 1, firstSeed: 144, views: mix.views, violations: [] });
    expect(result.kinds[`n = ${mix.n}`]).toMatchObject({ seeds: 1, violations: 0 });
  });

  test('reports violations with the command that replays them, goes on, and ends with exit code 1', async () => {
    const heard = listen(brokenWorker('a view is entered without a write'));
    expect(await playLong(words('--seeds 2 --first-seed 3'), heard)).toBe(1);
    expect(heard.errors).toContain('VIOLATION in seed 3: ');
    expect(heard.errors).toContain('VIOLATION in seed 4: ');
    expect(heard.out).toMatch(/^2 seeds, /);
    expect(heard.out).toMatch(/2 violations:\n( {2}\w+: npm run sim -- --seed [34] .* --trace\n){2}$/);
  });

  test('ends at an interrupt with a summary', async () => {
    const heard = listen();
    const done = playLong(words('--jobs 1'), heard);
    const interrupting = setInterval(() => heard.interrupt(), 200);
    expect(await done).toBe(0);
    clearInterval(interrupting);
    expect(heard.out).toMatch(/^\d+ seeds?, .*\n {2}kind of run .*\n(.*\n)*no violation\n$/);
  });

  test.each([
    ['--minutes 0', /test:long: option '--minutes <n>' .*from 1/],
    ['--seeds many', /--seeds .*whole number/],
  ])('refuses %s with exit code 2', async (line, complaint) => {
    const heard = listen();
    expect(await playLong(words(line), heard)).toBe(2);
    expect(heard.errors).toMatch(complaint);
  });
});

function words(line: string): string[] {
  return line.split(' ');
}
