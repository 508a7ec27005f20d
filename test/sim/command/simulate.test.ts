import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { simulate } from '../../../sim/simulate.ts';
import { brokenWorker, type Heard, listen } from './support.ts';

interface Result {
  readonly seeds: number;
  readonly n: number;
  readonly views: number;
  readonly viewsPerSecond: number;
  readonly committedBlocks: number;
  readonly messages: number;
  readonly history: string;
  readonly violations: readonly {
    readonly seed: number;
    readonly property: string;
    readonly what: string;
    readonly view: number;
    readonly atMs: number;
    readonly lastEvents: readonly string[];
    readonly replay: string;
  }[];
}

const words = (line: string): string[] => line.split(' ').filter((word) => word !== '');

async function sim(
  line: string,
  code?: () => Promise<string>,
): Promise<{ readonly exit: number; readonly heard: Heard }> {
  const heard = listen(code);
  return { exit: await simulate(words(line), heard), heard };
}

async function simJson(
  line: string,
  code?: () => Promise<string>,
): Promise<{ exit: number; result: Result }> {
  const { exit, heard } = await sim(`${line} --json`, code);
  expect(heard.out.trimEnd()).not.toContain('\n');
  return { exit, result: JSON.parse(heard.out) as Result };
}

/** What does not depend on the speed of the machine. */
const timeless = ({ viewsPerSecond: _, ...result }: Result): unknown => {
  const { seconds: __, jobs: ___, ...rest } = result as Result & { seconds: number; jobs: number };
  return rest;
};

const EVERYTHING = '--n 4 --views 50 --adversary all --updates --faults stormy,crashes --powers random';

describe('npm run sim', () => {
  test('prints one JSON object, and ends with exit code 0 when nothing is wrong', async () => {
    const { exit, result } = await simJson('--seeds 3 --first-seed 5 --views 30 --n 4 --jobs 2');
    expect(exit).toBe(0);
    expect(result).toMatchObject({ seeds: 3, n: 4, views: 90, violations: [] });
    expect(result.committedBlocks).toBeGreaterThan(30);
    expect(result.viewsPerSecond).toBeGreaterThan(0);
  });

  test('plays the same seeds and options the same, however many processes there are', async () => {
    const [one, two] = [
      await simJson(`--seeds 3 ${EVERYTHING} --jobs 1`),
      await simJson(`--seeds 3 ${EVERYTHING} --jobs 3`),
    ];
    expect(one.exit).toBe(0);
    expect(timeless(two.result)).toEqual(timeless(one.result));
    const others = await simJson(`--seeds 3 --first-seed 1 ${EVERYTHING}`);
    expect(others.result.history).not.toBe(one.result.history);
  });

  test('prints the same trace of a seed twice, byte for byte, and its history is that of the seed', async () => {
    const [first, second] = [
      await sim(`--seed 2 ${EVERYTHING} --trace`),
      await sim(`--seed 2 ${EVERYTHING} --trace`),
    ];
    const traceOf = ({ heard }: typeof first): string =>
      heard.out
        .split('\n')
        .filter((line) => /^ +\d+\.\d (r\d|--)/.test(line))
        .join('\n');
    expect(traceOf(second)).toBe(traceOf(first));
    expect(traceOf(first).split('\n').length).toBeGreaterThan(2_000);
    expect(traceOf(first)).toMatch(/r\d +<- r\d proposal v\d+ #\d+/);
    expect(traceOf(first)).toMatch(/-> {2}?event committed #\d+|event committed #\d+/);
    const { result } = await simJson(`--seed 2 ${EVERYTHING}`);
    expect(first.heard.out).toContain(`history ${result.history}`);
  });

  test('says what it does on the way, and what came of it', async () => {
    const { exit, heard } = await sim('--seeds 2 --views 20 --jobs 1');
    expect(exit).toBe(0);
    expect(heard.out).toMatch(/^2 seeds of 2, --n 4 --views 20\n40 views, \d+ blocks committed/);
    expect(heard.out).toMatch(/\d+ views\/s on 1 process in \d+ s\nno violation\n$/);
  });
});

describe('a core that breaks a rule', () => {
  const broken = brokenWorker('a view is entered without a write');

  test('is a violation: exit code 1, with the seed, the property and the command that replays it', async () => {
    const { exit, result } = await simJson('--seeds 6 --views 40 --jobs 2', broken);
    expect(exit).toBe(1);
    const [violation] = result.violations;
    expect(violation?.what).not.toBe('');
    expect(violation?.lastEvents.length).toBeGreaterThan(20);
    expect(result.seeds).toBeLessThan(6);

    const replayed = await simJson(
      words(violation?.replay ?? '')
        .slice(4)
        .filter((word) => word !== '--trace')
        .join(' '),
      broken,
    );
    expect(violation?.replay).toBe(`npm run sim -- --seed ${violation?.seed} --n 4 --views 40 --trace`);
    expect(replayed.exit).toBe(1);
    expect(replayed.result.violations).toEqual([violation]);
  });

  test('is shown with its last events, which are the end of the replayed trace', async () => {
    const { exit, heard } = await sim('--seed 0 --views 40 --trace', broken);
    expect(exit).toBe(1);
    const [trace, report] = heard.out.split('VIOLATION in seed 0: ') as [string, string];
    const last = report.split('\n').filter((line) => /^ {2} +\d+\.\d r\d/.test(line));
    expect(last.length).toBeGreaterThan(20);
    expect(trace.trimEnd().split('\n').slice(-last.length)).toEqual(last.map((line) => line.slice(2)));
    expect(report).toContain('npm run sim -- --seed 0 --n 4 --views 40 --html seed-0.html');
  });

  test('does not stop the other seeds when it is told to go on', async () => {
    const { exit, result } = await simJson('--seeds 4 --views 40 --keep-going', broken);
    expect(exit).toBe(1);
    expect(result.seeds).toBe(4);
    expect(result.violations.map(({ seed }) => seed)).toEqual([0, 1, 2, 3]);
  });

  test('is drawn, too: the page shows what is wrong', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'hotstuff-page-'));
    try {
      const file = join(directory, 'page.html');
      const { exit, heard } = await sim(`--seed 0 --views 40 --html ${file}`, broken);
      expect(exit).toBe(1);
      expect(heard.out).toContain(`wrote ${file}`);
      const page = await readFile(file, 'utf8');
      expect(page).toMatch(/"failure":"[a-z]+: r\d /);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe('a worker that', () => {
  test('dies is a violation of the seed that it played', async () => {
    const dying = async (): Promise<string> =>
      "process.on('message', () => { console.error('no memory left'); process.exit(7); });";
    const { exit, result } = await simJson('--seeds 5 --jobs 1', dying);
    expect(exit).toBe(1);
    expect(result.violations).toMatchObject([
      { seed: 0, property: 'process', what: 'the process ended with exit code 7\nno memory left' },
    ]);
  });
});
