import { describe, expect, it } from 'vitest';
import { BUDGETS, measure, runCase } from '../../../bench/measure.ts';
import { formatRatio, formatTime, formatValue } from '../../../bench/report/format.ts';
import { html } from '../../../bench/report/html.ts';
import { formatLeft, secondsLeft } from '../../../bench/report/progress.ts';
import { parseReport, type Report } from '../../../bench/report/report.ts';
import { table } from '../../../bench/report/table.ts';
import { type Result, resultOf } from '../../../bench/result.ts';
import { quantile } from '../../../bench/statistics.ts';

describe('benchmark results', () => {
  it('tell where the samples lie', () => {
    const samples = [1, 2, 3, 4, 5];
    expect(quantile(samples, 0)).toBe(1);
    expect(quantile(samples, 0.5)).toBe(3);
    expect(quantile(samples, 0.95)).toBeCloseTo(4.8);
    expect(quantile([7], 0.95)).toBe(7);
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });

  it('say how many times better than the baseline they are, of times and of rates', () => {
    expect(resultOf({ name: 'a', unit: 'us', samples: [1, 2, 3] })).toEqual({
      name: 'a',
      unit: 'us',
      median: 2,
      p5: 1.1,
      p95: 2.9,
      samples: 3,
    });
    const baseline = { name: 'b', median: 5 };
    expect(resultOf({ name: 'a', unit: 'us', samples: [2], baseline })).toMatchObject({
      ratio: 2.5,
      baseline,
    });
    expect(resultOf({ name: 'a', unit: 'views/s', samples: [2], baseline }).ratio).toBe(0.4);
  });

  it.each([
    [0.0123, '12.3 ns'],
    [5, '5.00 us'],
    [123.4, '123 us'],
    [45_600, '45.6 ms'],
    [2_000_000, '2.00 s'],
  ])('print %d us as %s', (us, text) => {
    expect(formatTime(us)).toBe(text);
  });

  it('print counts and rates as people read them', () => {
    expect(formatValue(43_688, 'bytes')).toBe('43,688 B');
    expect(formatValue(531_000.4, 'commands/s')).toBe('531,000 commands/s');
    expect(formatValue(0.01, 'checks/block')).toBe('0.01 checks/block');
    expect(formatRatio(1_234.5)).toBe('1,235x');
  });

  it('line up in a table', () => {
    const lines = table([
      resultOf({ name: 'a', unit: 'us', samples: [1], baseline: { name: 'other', median: 10 } }),
      resultOf({ name: 'longer/name', unit: 'us', samples: [1_500] }),
    ]).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatch(/^a {10} +1\.00 us +1\.00 us +1\.00 us +1 {2}other +10\.0 us +10\.0x$/);
    expect(lines[3]).toMatch(/^longer\/name +1\.50 ms +1\.50 ms +1\.50 ms +1$/);
  });
});

const machine = { cpu: 'a <cpu>', cores: 2, memoryGiB: 4, os: 'linux', node: 'v20' };
const reportOf = (results: readonly Result[]): Report => ({
  machine,
  date: '2026-01-01T00:00:00.000Z',
  results,
});

describe('reports', () => {
  const report = reportOf([
    ...[4, 100].map((n) =>
      resultOf({
        name: `certificate/form/bls12381/n=${n}`,
        unit: 'us',
        samples: [n, 2 * n],
        baseline: { name: 'blst', median: 10 * n },
      }),
    ),
    resultOf({
      name: 'cluster/n=4/512B/durable/ed25519',
      unit: 'commands/s',
      samples: [1, 2],
      baseline: { name: 'tcp+sha256', median: 4 },
    }),
    resultOf({ name: 'sweep/ed25519/n=4/workers=0', unit: 'certificates/s', samples: [1] }),
    resultOf({ name: 'sweep/ed25519/n=4/workers=1', unit: 'certificates/s', samples: [2] }),
  ]);

  it('are read back as they were written', () => {
    expect(parseReport(JSON.stringify(report))).toEqual(report);
  });

  it.each([
    ['{', /no JSON/],
    ['[]', /needs machine, date and results/],
    [JSON.stringify({ ...report, results: [{ unit: 'us' }] }), /results\[0\] has no name/],
    [
      JSON.stringify({ ...report, results: [{ name: 'a', unit: 'us', median: 1 }] }),
      /\(a\) has no number "p5"/,
    ],
  ])('are refused with the reason when they are none: %s', (text, reason) => {
    expect(() => parseReport(text)).toThrow(reason);
  });

  it('become a page that needs nothing else, in which every figure stands', () => {
    const page = html(report, ['workers: 1 for <all>']);
    expect(page).not.toMatch(/(src|href)=|@import|url\(|<script/);
    expect(page).toContain('a &lt;cpu&gt;');
    expect(page).toContain('workers: 1 for &lt;all&gt;');
    for (const { name } of report.results) expect(page).toContain(`<td>${name}</td>`);
    for (const title of ['Certificates', 'Against others', 'Clusters', 'Worker pool']) {
      expect(page).toContain(`<h2>${title}</h2>`);
    }
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('become a page without charts of what was not measured', () => {
    const page = html(reportOf([resultOf({ name: 'sign/ed25519', unit: 'us', samples: [1] })]), []);
    expect(page).not.toContain('<h2>Clusters</h2>');
    expect(page).toContain('<td>sign/ed25519</td>');
  });
});

describe('the time that is left', () => {
  it('is what was expected, until enough is known', () => {
    expect(secondsLeft({ doneSeconds: 1, leftSeconds: 100 }, 9_000, 0)).toBe(100);
  });

  it('is corrected by how long everything took so far, and runs down within a step', () => {
    expect(secondsLeft({ doneSeconds: 10, leftSeconds: 100 }, 20_000, 0)).toBe(200);
    expect(secondsLeft({ doneSeconds: 10, leftSeconds: 100 }, 20_000, 50_000)).toBe(150);
    expect(secondsLeft({ doneSeconds: 10, leftSeconds: 1 }, 20_000, 50_000)).toBe(0);
  });

  it('is told in seconds, then in minutes', () => {
    expect([formatLeft(0.2), formatLeft(59), formatLeft(61.5)]).toEqual(['1 s', '59 s', '1:02 min']);
  });
});

describe('measuring', () => {
  it('calls the operation and gives ascending times', async () => {
    let calls = 0;
    const samples = await measure({ sync: () => ++calls }, BUDGETS.quick);
    expect(calls).toBeGreaterThan(samples.length);
    expect(samples.length).toBeGreaterThanOrEqual(BUDGETS.quick.minSamples);
    expect(samples).toEqual([...samples].sort((a, b) => a - b));
    expect(samples[0]).toBeGreaterThan(0);
  });

  it('waits for operations that take their time', async () => {
    const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
    const samples = await measure({ async: wait }, BUDGETS.quick);
    expect(samples[0]).toBeGreaterThan(3_000);
  });

  it('fails when the operation fails', async () => {
    const sync = (): never => {
      throw new Error('broken');
    };
    await expect(measure({ sync }, BUDGETS.quick)).rejects.toThrow('broken');
    const async = (): Promise<never> => Promise.reject(new Error('broken'));
    await expect(measure({ async }, BUDGETS.quick)).rejects.toThrow('broken');
  });

  it('lets an operation and its rivals take turns, and gives a result for each rival', async () => {
    const turns: string[] = [];
    const taken = (name: string, us: number) => ({
      taken: async () => {
        turns.push(name);
        return [us];
      },
    });
    let isClosed = false;
    const results = await runCase(
      {
        name: 'a',
        prepare: () => ({
          run: taken('ours', 2),
          rivals: [
            { name: 'first', run: taken('first', 4) },
            { name: 'second', run: taken('second', 1) },
          ],
          close: () => {
            isClosed = true;
          },
        }),
      },
      { seconds: 1, minSamples: 1, turns: 2 },
    );
    expect(turns).toEqual(['ours', 'first', 'second', 'ours', 'first', 'second']);
    expect(results.map(({ name, ratio, samples }) => ({ name, ratio, samples }))).toEqual([
      { name: 'a', ratio: 2, samples: 2 },
      { name: 'a/vs=second', ratio: 0.5, samples: 2 },
    ]);
    expect(isClosed).toBe(true);
  });
});
