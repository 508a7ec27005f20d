import { describe, expect, it } from 'vitest';
import { quantile, resultOf } from '../../../bench/case.ts';
import { measure, QUICK } from '../../../bench/measure.ts';
import { table, time } from '../../../bench/report.ts';

describe('benchmark results', () => {
  it('tell where the samples lie', () => {
    const samples = [1, 2, 3, 4, 5];
    expect(quantile(samples, 0)).toBe(1);
    expect(quantile(samples, 0.5)).toBe(3);
    expect(quantile(samples, 0.95)).toBeCloseTo(4.8);
    expect(quantile([7], 0.95)).toBe(7);
  });

  it('say how many times better than the baseline they are', () => {
    expect(resultOf('a', [1, 2, 3], null)).toEqual({
      name: 'a',
      unit: 'us',
      median: 2,
      p5: 1.1,
      p95: 2.9,
      samples: 3,
    });
    expect(resultOf('a', [2], { name: 'b', samples: [5] })).toMatchObject({
      ratio: 2.5,
      baseline: { name: 'b', median: 5 },
    });
  });

  it.each([
    [0.0123, '12.3 ns'],
    [5, '5.00 us'],
    [123.4, '123 us'],
    [45_600, '45.6 ms'],
    [2_000_000, '2.00 s'],
  ])('print %d us as %s', (us, text) => {
    expect(time(us)).toBe(text);
  });

  it('line up in a table', () => {
    const lines = table([
      resultOf('a', [1], { name: 'other', samples: [10] }),
      resultOf('longer/name', [1_500], null),
    ]).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatch(/^a {10} +1\.00 us +1\.00 us +1\.00 us +1 {2}other +10\.0 us +10\.0x$/);
    expect(lines[3]).toMatch(/^longer\/name +1\.50 ms +1\.50 ms +1\.50 ms +1$/);
  });
});

describe('measuring', () => {
  it('calls the operation and gives ascending times', async () => {
    let calls = 0;
    const samples = await measure({ sync: () => ++calls }, QUICK);
    expect(calls).toBeGreaterThan(samples.length);
    expect(samples.length).toBeGreaterThanOrEqual(QUICK.minSamples);
    expect(samples).toEqual([...samples].sort((a, b) => a - b));
    expect(samples[0]).toBeGreaterThan(0);
  });

  it('waits for operations that take their time', async () => {
    const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
    const samples = await measure({ async: wait }, QUICK);
    expect(samples[0]).toBeGreaterThan(3_000);
  });

  it('fails when the operation fails', async () => {
    const sync = (): never => {
      throw new Error('broken');
    };
    await expect(measure({ sync }, QUICK)).rejects.toThrow('broken');
    await expect(measure({ async: () => Promise.reject(new Error('broken')) }, QUICK)).rejects.toThrow(
      'broken',
    );
  });
});
