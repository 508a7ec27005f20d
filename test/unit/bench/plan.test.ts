import { describe, expect, it } from 'vitest';
import { describeJudgements, isFault, judge } from '../../../bench/budgets/judge.ts';
import { processorsIn } from '../../../bench/cluster/own-core.ts';
import { readOptions } from '../../../bench/options.ts';
import { matching, plan } from '../../../bench/plan.ts';
import { type Result, resultOf } from '../../../bench/result.ts';
import { recommend, type Swept, sizesFor } from '../../../bench/sweep/recommend.ts';
import { createSweep } from '../../../bench/sweep/sweep.ts';
import { reached, TARGETS, targetNames, targetsMarkdown } from '../../../bench/targets.ts';

describe('the plan', () => {
  const entries = plan(createSweep(2));
  const names = entries.map(({ name }) => name);

  it('names every benchmark once', () => {
    expect(new Set(names).size).toBe(names.length);
  });

  it('has the names that people filter by', () => {
    for (const name of [
      'certificate/form/bls12381/n=100',
      'certificate/verify/ed25519/n=4',
      'certificate/verify-again/bls12381/n=100',
      'cluster/n=4/512B/durable/bls12381',
      'sweep/bls12381/n=100/workers=1',
    ]) {
      expect(names).toContain(name);
    }
  });

  it('measures all that the targets need', () => {
    for (const name of targetNames()) expect(names).toContain(name);
  });

  it('is expected to end within ten minutes, and within one when it is quick', () => {
    const seconds = (mode: 'quick' | 'full'): number =>
      entries
        .filter(({ quick }) => quick || mode === 'full')
        .reduce((sum, entry) => sum + entry.seconds(mode), 0);
    expect(seconds('full')).toBeLessThan(600);
    expect(seconds('quick')).toBeLessThan(60);
  });

  it('is narrowed by any of the filters', () => {
    const found = matching(entries, ['sign/', 'hash/block']).map(({ name }) => name);
    expect(found).toEqual([
      'sign/bls12381',
      'sign/ed25519',
      'hash/block/bls12381/n=100',
      'hash/block/ed25519/n=100',
    ]);
    expect(matching(entries, [])).toBe(entries);
    expect(matching(entries, ['no such'])).toEqual([]);
  });
});

describe('arguments', () => {
  it('are a command and its options', () => {
    expect(readOptions(['sweep', '--quick', '--json', 'a'])).toMatchObject({
      command: 'sweep',
      mode: 'quick',
      json: 'a',
      filters: [],
    });
    expect(readOptions(['compare', 'a', 'b'])).toEqual({ command: 'compare', files: ['a', 'b'] });
    expect(readOptions(['--filter', 'a', '--filter', 'b'])).toMatchObject({
      command: 'run',
      filters: ['a', 'b'],
    });
  });

  it('are refused when they mean nothing', () => {
    expect(() => readOptions(['comparre'])).toThrow('there is no "comparre"');
    expect(() => readOptions(['--fast'])).toThrow('--fast');
  });
});

describe('the recommended size of the worker pool', () => {
  const swept = (workers: number, perSecond: number, latencyUs: number, heldMs: number): Swept => ({
    workers,
    perSecond,
    latencyUs,
    heldMs,
  });
  const set = { scheme: 'bls12381', n: 100 } as const;
  const sizeOf = (...all: Swept[]): number => recommend(set, all).workers;

  it('is none where threads bring nothing', () => {
    expect(sizeOf(swept(0, 1_000, 200, 0.3), swept(1, 900, 400, 0.1), swept(2, 1_050, 400, 0.1))).toBe(0);
  });

  it('keeps the calling thread free', () => {
    expect(sizeOf(swept(0, 800, 1_300, 9), swept(1, 750, 1_600, 0.2))).toBe(1);
  });

  it('is more than one where that pays', () => {
    expect(sizeOf(swept(0, 800, 1_300, 9), swept(1, 750, 1_500, 0.2), swept(2, 1_400, 1_600, 0.3))).toBe(2);
  });

  it('is the smallest of those that are about as good', () => {
    expect(
      sizeOf(swept(1, 1_000, 1_500, 0.2), swept(2, 1_050, 1_450, 0.2), swept(4, 1_060, 1_440, 0.2)),
    ).toBe(1);
  });

  it('is found as well when every size holds up the calling thread', () => {
    const { workers, why } = recommend(set, [swept(0, 100, 1_000, 30), swept(1, 200, 1_000, 20)]);
    expect(workers).toBe(1);
    expect(why).toContain('every size holds up');
    expect(() => recommend(set, [])).toThrow(RangeError);
  });

  it('is sought among none, one, and doubles up to all cores but one', () => {
    expect([1, 2, 6, 8].map(sizesFor)).toEqual([
      [0, 1],
      [0, 1],
      [0, 1, 2, 4, 5],
      [0, 1, 2, 4, 7],
    ]);
  });
});

describe('targets', () => {
  const form = TARGETS[0]!;
  const at = (value: number) => reached(form, { value, detail: '' });

  it('are missed, met or gone beyond', () => {
    expect([at(5.9), at(6), at(8)]).toEqual(['missed', 'met', 'beyond']);
    const delay = TARGETS.find(({ metric }) => metric.startsWith('delay'))!;
    expect(reached(delay, { value: 11, detail: '' })).toBe('missed');
    expect(reached(delay, { value: 4, detail: '' })).toBe('beyond');
  });

  it('become the table of what was measured, and no more', () => {
    const results: Result[] = [
      resultOf({
        name: 'certificate/form/bls12381/n=100',
        unit: 'us',
        samples: [1_000],
        baseline: { name: 'blst', median: 7_000 },
      }),
    ];
    const lines = targetsMarkdown(results).split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[2]).toContain('**7.00x** met | 1.00 ms; 7.00 ms | `certificate/form/bls12381/n=100` |');
  });

  it('all become a line when everything was measured', () => {
    const names = new Set(TARGETS.flatMap(({ needs }) => needs));
    for (const more of ['/vs=not-flushed', '/event-loop-p99', '/own-core/event-loop-p99'])
      names.add(`cluster/n=4/512B/durable/ed25519${more}`);
    names.add('block-sync/bls12381/n=100/checks');
    const results = [...names].map((name) =>
      resultOf({ name, unit: 'us', samples: [1], baseline: { name: 'b', median: 2 } }),
    );
    expect(targetsMarkdown(results).split('\n')).toHaveLength(TARGETS.length + 2);
  });
});

describe('budgets', () => {
  const budgets = { of: 'x', tolerance: { default: 0.02, loose: 0.5 }, counts: { exact: 100, loose: 100 } };
  const verdicts = (counts: Record<string, number>) =>
    Object.fromEntries(judge(counts, budgets).map(({ name, verdict }) => [name, verdict]));

  it('hold within their tolerance', () => {
    expect(verdicts({ exact: 102, loose: 150 })).toEqual({ exact: 'within', loose: 'within' });
    expect(verdicts({ exact: 103, loose: 151 })).toEqual({ exact: 'over', loose: 'over' });
    expect(verdicts({ exact: 97, loose: 60 })).toEqual({ exact: 'far-below', loose: 'within' });
  });

  it('are wanted for every count, and a count for every budget', () => {
    const judgements = judge({ exact: 100, fresh: 1 }, budgets);
    expect(judgements.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['exact', 'within'],
      ['loose', 'missing'],
      ['fresh', 'unknown'],
    ]);
    expect(judgements.filter(isFault)).toHaveLength(2);
  });

  it('name the count, the budget and how to record it anew', () => {
    const text = describeJudgements('counts', judge({ exact: 110, loose: 100 }, budgets)).join('\n');
    expect(text).toContain('counts: 1 of 2 within their budgets');
    expect(text).toContain('OVER: exact: 110, budget 100 (+10.0 %)');
    expect(text).toContain('npm run bench -- budgets --record');
  });
});

describe('the processors that a system allows', () => {
  it.each([
    ['0-1', [0, 1]],
    ['0', [0]],
    ['0,2-4,9', [0, 2, 3, 4, 9]],
    ['', []],
  ])('are read of %j', (list, processors) => {
    expect(processorsIn(list)).toEqual(processors);
  });
});
