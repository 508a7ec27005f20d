import { describe, expect, it, vi } from 'vitest';
import { createDisplay, type Snapshot } from '../../../src/cli/cluster/display.ts';
import { createHistogram } from '../../../src/cli/histogram.ts';
import { type LoadOutcome, startLoad } from '../../../src/cli/load.ts';
import { createLog } from '../../../src/cli/log.ts';
import { formatTable } from '../../../src/cli/table.ts';

describe('a histogram', () => {
  it('tells percentiles to 2 %', () => {
    const histogram = createHistogram();
    for (let ms = 1_000; ms >= 1; ms--) histogram.record(ms);
    for (const [fraction, exact] of [
      [0.01, 10],
      [0.5, 500],
      [0.99, 990],
      [1, 1_000],
    ] as const) {
      const told = histogram.percentile(fraction);
      expect(told).toBeGreaterThanOrEqual(exact * 0.99);
      expect(told).toBeLessThanOrEqual(exact * 1.03);
    }
  });

  it('adds up what others counted', () => {
    const [one, other] = [createHistogram(), createHistogram()];
    one.record(5);
    other.record(5_000);
    other.record(6_000);
    one.add(JSON.parse(JSON.stringify(other.counts())) as number[]);
    expect(one.total).toBe(3);
    expect(one.percentile(0.5)).toBeGreaterThan(4_900);
  });

  it('knows nothing, nothing shorter than its shortest and nothing longer than its longest', () => {
    const histogram = createHistogram();
    expect(histogram.percentile(0.5)).toBe(0);
    expect(histogram.counts()).toEqual([]);
    histogram.record(0);
    expect(histogram.percentile(0.5)).toBe(0.01);
    histogram.record(1e12);
    expect(histogram.percentile(1)).toBeGreaterThan(1e6);
  });
});

describe('a load', () => {
  it('has each client wait for its commit, counts outcomes and ends with what is under way', async () => {
    const waiting: ((outcome: LoadOutcome) => void)[] = [];
    const keys: string[] = [];
    const load = startLoad({
      clients: 2,
      valueBytes: 8,
      prefix: 'p',
      write: (_client, key) => {
        keys.push(key);
        return new Promise((resolve) => waiting.push(resolve));
      },
    });
    expect(keys).toEqual(['p-0-0', 'p-1-0']);
    waiting[0]?.('committed');
    await vi.waitFor(() => expect(keys).toEqual(['p-0-0', 'p-1-0', 'p-0-1']));
    const stopped = load.stop();
    waiting[1]?.('failed');
    waiting[2]?.('committed');
    await stopped;
    expect(keys).toHaveLength(3);
    expect([load.committed, load.failed, load.latency.total]).toEqual([2, 1, 2]);
  });
});

describe('what people see', () => {
  const snapshot: Snapshot = {
    seconds: 12.4,
    height: 1_234,
    viewsPerSecond: 56.78,
    commandsPerSecond: 9_012.3,
    p50Ms: 3.21,
    p99Ms: 45.6,
    nodes: [1_234, null],
  };

  it('is one plain line where there is no terminal', () => {
    const write = vi.fn();
    const display = createDisplay({ isTTY: false, write });
    display.say('hello');
    display.show(snapshot);
    display.end();
    expect(write.mock.calls.flat()).toEqual([
      'hello\n',
      't=12s height=1234 views/s=56.8 commands/s=9012 p50=3.2ms p99=45.6ms down=1\n',
    ]);
  });

  it('is a block of lines drawn in its own place on a terminal', () => {
    const write = vi.fn();
    const display = createDisplay({ isTTY: true, write });
    display.show(snapshot);
    display.show(snapshot);
    const [first, second] = write.mock.calls.flat() as [string, string];
    const lines = first.split('\n').length - 1;
    expect(first).toContain('commands/s  9,012');
    expect(first).toContain('1: down');
    expect(second).toContain(`\x1b[${lines}A`);
    display.end();
    display.say('that was it');
    expect(write.mock.lastCall?.[0]).not.toContain('commands/s');
  });

  it('is a table with columns as wide as they need to be', () => {
    expect(formatTable(['a', 'b'], [['long cell', '1'], ['x']])).toBe('a          b\nlong cell  1\nx\n');
  });

  it('is a log line for people, or JSON', () => {
    const lines: string[] = [];
    createLog((line) => lines.push(line), { json: false }).warn('careful', { height: 3 });
    createLog((line) => lines.push(line), { json: true, fixed: { node: 1 } }).error('broken');
    expect(lines[0]).toMatch(/^\d{4}-\S+Z warn careful height=3\n$/);
    expect(JSON.parse(lines[1] as string)).toMatchObject({ level: 'error', text: 'broken', node: 1 });
  });
});
