import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle, UNCHANGED } from './bundle.ts';
import type { Report } from './child.ts';
import type { Mutant } from './mutant.ts';
import { idOf } from './scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';

/** A mutant that nothing has caught by then counts as not caught; a scenario that hangs catches nothing. */
const LIMIT_MS = 60_000;

/** What became of one mutant. */
export interface Verdict {
  readonly name: string;
  readonly rule: string;
  /** The scenario that caught it; null when none did. */
  readonly caughtBy: string | null;
  readonly seconds: number;
  /** What the scenario found. */
  readonly finding: string | null;
}

/** Runs scenarios of a bundle in a process of its own until `isEnough`; resolves with what was reported by then. */
async function runScenarios(
  code: string,
  ids: readonly string[],
  isEnough: (report: Report) => boolean,
  limitMs: number,
): Promise<readonly Report[]> {
  const directory = await mkdtemp(join(tmpdir(), 'hotstuff-mutant-'));
  const file = join(directory, 'scenarios.mjs');
  try {
    await writeFile(file, code);
    return await reportsOf(file, ids, isEnough, limitMs);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function reportsOf(
  file: string,
  ids: readonly string[],
  isEnough: (report: Report) => boolean,
  limitMs: number,
): Promise<readonly Report[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file, ...ids], { stdio: ['ignore', 'pipe', 'pipe'] });
    const reports: Report[] = [];
    let rest = '';
    let errors = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() as string;
      for (const line of lines) {
        const report = JSON.parse(line) as Report;
        reports.push(report);
        if (isEnough(report)) child.kill('SIGKILL');
      }
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      if (code === null || code === 0) resolve(reports);
      else reject(new Error(`the scenarios could not be run: ${errors}`));
    });
  });
}

/** Runs every scenario with the library as it is; returns those that fail, which would catch nothing but themselves. */
export async function checkUnchanged(onReport: (report: Report) => void): Promise<readonly Report[]> {
  const reports = await runScenarios(
    await bundle(UNCHANGED),
    [],
    (report) => {
      onReport(report);
      return false;
    },
    SCENARIOS.length * LIMIT_MS,
  );
  if (reports.length < SCENARIOS.length) throw new Error(`only ${reports.length} scenarios came to an end`);
  return reports.filter(({ failure }) => failure !== null);
}

/** Which scenarios to try on a mutant, in order. */
function orderFor({ name, expected }: Mutant): readonly string[] {
  const all = SCENARIOS.map(idOf);
  const stranger = expected.find((id) => !all.includes(id));
  if (stranger !== undefined)
    throw new RangeError(`"${name}" expects the scenario ${stranger}, which is not there`);
  return [...expected, ...all.filter((id) => !expected.includes(id))];
}

/** Tries scenarios on a mutant until one fails. */
export async function tryMutant(mutant: Mutant): Promise<Verdict> {
  const start = performance.now();
  const { name, rule } = mutant;
  const reports = await runScenarios(
    await bundle(mutant),
    orderFor(mutant),
    ({ failure }) => failure !== null,
    LIMIT_MS,
  );
  const found = reports.find(({ failure }) => failure !== null);
  const seconds = (performance.now() - start) / 1_000;
  return { name, rule, caughtBy: found?.name ?? null, seconds, finding: found?.failure ?? null };
}
