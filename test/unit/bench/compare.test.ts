import { describe, expect, it } from 'vitest';
import { describeComparison } from '../../../bench/compare/command.ts';
import { compareReports, LEAST_CHANGE, RISK, type Verdict } from '../../../bench/compare/compare.ts';
import type { Report } from '../../../bench/report/report.ts';
import { type Result, resultOf, type Unit } from '../../../bench/result.ts';
import { ascending, chanceOfExceeding, logChoose } from '../../../bench/statistics.ts';
import { createRandom, type Random } from '../../../src/simulator/random.ts';

const machine = { cpu: 'a', cores: 2, memoryGiB: 4, os: 'linux', node: 'v20' };
const reportOf = (results: readonly Result[], cpu = machine.cpu): Report => ({
  machine: { ...machine, cpu },
  date: '2026-01-01T00:00:00.000Z',
  results,
});

/** Shapes that times come in: narrow, with a long tail, with two modes, and with outliers. */
const SHAPES: readonly ((random: Random) => number)[] = [
  (random) => 100 + 4 * (random.float() + random.float() + random.float()),
  (random) => 100 - 30 * Math.log(1 - random.float()),
  (random) => (random.float() < 0.5 ? 100 : 140) + 5 * random.float(),
  (random) => 100 + 2 * random.float() + (random.float() < 0.05 ? 1_000 : 0),
];

const draw = (
  random: Random,
  shape: (random: Random) => number,
  count: number,
  times = 1,
): readonly number[] => ascending(Array.from({ length: count }, () => times * shape(random)));

interface Drawn {
  readonly count: number;
  readonly benchmarks: number;
  /** How many times slower. */
  readonly slower?: number;
  readonly unit?: Unit;
}

/** A report of benchmarks of all shapes in turn. */
function drawReport(random: Random, { count, benchmarks, slower = 1, unit = 'us' }: Drawn): Report {
  const results = Array.from({ length: benchmarks }, (_, at) => {
    const samples = draw(random, SHAPES[at % SHAPES.length]!, count, unit === 'us' ? slower : 1 / slower);
    return resultOf({ name: `benchmark/${at}`, unit, samples });
  });
  return reportOf(results);
}

const verdictsOf = (before: Report, after: Report): readonly Verdict[] =>
  compareReports(before, after).changes.map(({ verdict }) => verdict);

describe('comparing two reports', () => {
  it.each([10, 20, 100])('finds nothing in pure noise: %d samples of each benchmark', (count) => {
    const random = createRandom(count);
    const pairs = 60;
    let alarms = 0;
    for (let pair = 0; pair < pairs; pair++) {
      const [before, after] = [0, 1].map(() => drawReport(random, { count, benchmarks: 120 })) as [
        Report,
        Report,
      ];
      if (verdictsOf(before, after).some((verdict) => verdict === 'worse' || verdict === 'better'))
        alarms += 1;
    }
    expect(alarms).toBeLessThanOrEqual(Math.ceil(2 * RISK * pairs));
  });

  it.each([
    ['us', 'worse', 1.4],
    ['us', 'better', 1 / 1.4],
    ['commands/s', 'worse', 1.4],
    ['commands/s', 'better', 1 / 1.4],
  ] as const)('finds a change of 40 %% beyond the noise: %s, %s', (unit, expected, slower) => {
    const random = createRandom(7);
    const narrow = { count: 40, benchmarks: 1, unit };
    const before = drawReport(random, narrow);
    const after = drawReport(random, { ...narrow, slower });
    expect(verdictsOf(before, after)).toEqual([expected]);
  });

  it('finds a change in every shape of noise when it is large enough', () => {
    const random = createRandom(8);
    const before = drawReport(random, { count: 40, benchmarks: 100 });
    const after = drawReport(random, { count: 40, benchmarks: 100, slower: 4 });
    const verdicts = verdictsOf(before, after);
    // The shape with outliers spreads over ten times its median, which swallows such a change now and then.
    expect(verdicts.filter((_, at) => at % SHAPES.length !== 3).every((verdict) => verdict === 'worse')).toBe(
      true,
    );
    expect(verdicts.every((verdict) => verdict !== 'better')).toBe(true);
  });

  const result = (values: Partial<Result>): Result => ({
    name: 'a',
    unit: 'us',
    median: 100,
    p5: 99,
    p95: 101,
    samples: 50,
    ...values,
  });

  it('says of few samples that they are too few', () => {
    const before = reportOf([result({ samples: 3 })]);
    const after = reportOf([result({ median: 200, p5: 199, p95: 201, samples: 3 })]);
    expect(verdictsOf(before, after)).toEqual(['few-samples']);
  });

  it('does not tell what is too small to matter, however sure it is', () => {
    const small = 100 * (1 + LEAST_CHANGE / 2);
    const after = reportOf([result({ median: small, p5: small - 0.1, p95: small + 0.1, samples: 1_000 })]);
    expect(verdictsOf(reportOf([result({ p5: 99.9, p95: 100.1 })]), after)).toEqual(['same']);
  });

  const withBaseline = (median: number, baseline: number): Result =>
    result({
      median,
      p5: median - 1,
      p95: median + 1,
      baseline: { name: 'b', median: baseline },
      ratio: baseline / median,
    });

  it('does not blame the code for a machine that was slower meanwhile', () => {
    expect(verdictsOf(reportOf([withBaseline(100, 300)]), reportOf([withBaseline(150, 450)]))).toEqual([
      'same',
    ]);
    expect(verdictsOf(reportOf([withBaseline(100, 300)]), reportOf([withBaseline(150, 300)]))).toEqual([
      'worse',
    ]);
  });

  it('holds different machines against each other by their baselines alone', () => {
    const before = reportOf([withBaseline(100, 300), result({ name: 'without' })]);
    const faster = [withBaseline(50, 150), result({ name: 'without', median: 50, p5: 49, p95: 51 })];
    expect(verdictsOf(before, reportOf(faster, 'b'))).toEqual(['same', 'other-machine']);
    expect(verdictsOf(before, reportOf([withBaseline(100, 150)], 'b'))).toEqual(['worse']);
  });

  it('tells every change of a count', () => {
    const bytes = (median: number): Report =>
      reportOf([result({ unit: 'bytes', median, p5: median, p95: median, samples: 1 })]);
    expect(verdictsOf(bytes(100), bytes(101))).toEqual(['worse']);
    expect(verdictsOf(bytes(100), bytes(99))).toEqual(['better']);
    expect(verdictsOf(bytes(100), bytes(100))).toEqual(['same']);
  });

  it('names what only one of the reports has, a benchmark with another unit included', () => {
    const before = reportOf([result({ name: 'old' }), result({ name: 'unit' })]);
    const after = reportOf([result({ name: 'new' }), result({ name: 'unit', unit: 'ms' })]);
    expect(compareReports(before, after)).toMatchObject({
      changes: [],
      gone: ['old'],
      added: ['new', 'unit'],
    });
  });

  it('explains its rule and puts what is worse first', () => {
    const before = reportOf([result({ name: 'steady' }), result({ name: 'slow' })]);
    const after = reportOf([
      result({ name: 'steady' }),
      result({ name: 'slow', median: 200, p5: 199, p95: 201 }),
    ]);
    const text = describeComparison(compareReports(before, after), before, after);
    expect(text.indexOf('slow')).toBeLessThan(text.indexOf('steady'));
    expect(text).toContain('WORSE');
    expect(text).toContain('1 worse, 0 better');
    expect(text).toContain('precedence test');
  });
});

describe('the precedence test', () => {
  it('knows the binomial coefficients', () => {
    expect(Math.exp(logChoose(10, 3))).toBeCloseTo(120);
    expect(logChoose(5, 0)).toBe(0);
    expect(logChoose(5, 5)).toBe(0);
  });

  it('agrees with counting all orders of two small samples', () => {
    const [n, m] = [4, 3];
    for (let rank = 1; rank <= n; rank++) {
      for (let exceeding = 0; exceeding <= m; exceeding++) {
        const counted = countOrders(n, m, rank, exceeding);
        expect(chanceOfExceeding({ n, rank, m, exceeding })).toBeCloseTo(counted);
      }
    }
  });
});

/** The share of the orders of n + m values in which at least `exceeding` of the m lie above the `rank`-th of the n. */
function countOrders(n: number, m: number, rank: number, exceeding: number): number {
  let orders = 0;
  let hits = 0;
  for (let order = 0; order < 2 ** (n + m); order++) {
    const isOther = Array.from({ length: n + m }, (_, at) => ((order >> at) & 1) === 1);
    if (isOther.filter(Boolean).length !== m) continue;
    orders += 1;
    let seen = 0;
    const at = isOther.findIndex((other) => {
      seen += other ? 0 : 1;
      return seen === rank;
    });
    if (isOther.slice(at).filter(Boolean).length >= exceeding) hits += 1;
  }
  return hits / orders;
}
