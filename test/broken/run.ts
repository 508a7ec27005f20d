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
  /** Ids of traces that should have failed and did not. */
  readonly missedBy: readonly string[];
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

/**
 * Runs every scenario with the library as it is, in `jobs` processes; returns those that fail, which would catch nothing
 * but themselves.
 */
export async function checkUnchanged(
  jobs: number,
  onReport: (report: Report) => void,
): Promise<readonly Report[]> {
  const code = await bundle(UNCHANGED);
  const goOn = (report: Report): boolean => {
    onReport(report);
    return false;
  };
  // Dealt out one by one, since those of one kind take about the same time and stand together.
  const shares = Array.from({ length: jobs }, (_, job) =>
    SCENARIOS.map(idOf).filter((_id, at) => at % jobs === job),
  ).filter((ids) => ids.length > 0);
  const runs = shares.map((ids) => runScenarios(code, ids, goOn, ids.length * LIMIT_MS));
  const reports = (await Promise.all(runs)).flat();
  if (reports.length < SCENARIOS.length) throw new Error(`only ${reports.length} scenarios came to an end`);
  return reports.filter(({ failure }) => failure !== null);
}

/** Which scenarios to try on a mutant, in order. */
function orderFor({ name, traces = [], expected }: Mutant): readonly string[] {
  const all = SCENARIOS.map(idOf);
  const first = [...traces, ...expected];
  const stranger = first.find((id) => !all.includes(id));
  if (stranger !== undefined)
    throw new RangeError(`"${name}" expects the scenario ${stranger}, which is not there`);
  return [...first, ...all.filter((id) => !first.includes(id))];
}

/** Tries scenarios on a mutant, by default all, until one fails; its traces are tried in any case. */
export async function tryMutant(mutant: Mutant, ids?: readonly string[]): Promise<Verdict> {
  const start = performance.now();
  const { name, rule } = mutant;
  const traces = ids === undefined ? (mutant.traces ?? []) : [];
  let isCaught = false;
  let tried = 0;
  const reports = await runScenarios(
    await bundle(mutant),
    ids ?? orderFor(mutant),
    ({ failure }) => {
      tried++;
      isCaught ||= failure !== null;
      return isCaught && tried >= traces.length;
    },
    LIMIT_MS,
  );
  const failures = reports.filter(({ failure }) => failure !== null);
  const failed = new Set(failures.map(idOf));
  return {
    name,
    rule,
    caughtBy: failures[0]?.name ?? null,
    missedBy: traces.filter((id) => !failed.has(id)),
    seconds: (performance.now() - start) / 1_000,
    finding: failures[0]?.failure ?? null,
  };
}
