import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Entry } from './case.ts';
import { compareCommand } from './compare/command.ts';
import { HELP, type RunOptions, readOptions } from './options.ts';
import { matching, plan } from './plan.ts';
import { formatRatio, formatValue } from './report/format.ts';
import { html } from './report/html.ts';
import { thisMachine } from './report/machine.ts';
import { createProgress, formatLeft } from './report/progress.ts';
import type { Report } from './report/report.ts';
import { describeMachine, table } from './report/table.ts';
import type { Result } from './result.ts';
import { describeRecommendation } from './sweep/recommend.ts';
import { createSweep } from './sweep/sweep.ts';
import { targetNames, targetsMarkdown } from './targets.ts';

async function runAll(entries: readonly Entry[], { mode }: RunOptions): Promise<Result[]> {
  const progress = createProgress(process.stderr);
  const total = entries.reduce((sum, entry) => sum + entry.seconds(mode), 0);
  const results: Result[] = [];
  let doneSeconds = 0;
  try {
    for (const [index, entry] of entries.entries()) {
      const count = `[${`${index + 1}`.padStart(`${entries.length}`.length)}/${entries.length}]`;
      progress.step(`${count} ${entry.name}`, { doneSeconds, leftSeconds: total - doneSeconds });
      const found = await entry.run(mode);
      results.push(...found);
      for (const result of found) progress.done(`${count} ${oneLine(result)}`);
      doneSeconds += entry.seconds(mode);
    }
  } finally {
    progress.end();
  }
  return results;
}

function oneLine({ name, unit, median, ratio, baseline }: Result): string {
  const times = ratio === undefined ? '' : `, ${formatRatio(ratio)} ${baseline?.name}`;
  return `${name}: ${formatValue(median, unit)}${times}`;
}

function entriesFor({ command, filters, mode }: RunOptions, all: readonly Entry[]): readonly Entry[] {
  const wanted = targetNames();
  const ofCommand = {
    run: () => (mode === 'quick' && filters.length === 0 ? all.filter(({ quick }) => quick) : all),
    targets: () => all.filter(({ name }) => wanted.has(name)),
    sweep: () => all.filter(({ name }) => name.startsWith('sweep/')),
  }[command]();
  const entries = matching(ofCommand, filters);
  if (entries.length === 0) {
    throw new Error(`no benchmark has ${filters.join(' or ')} in its name; --list shows them all`);
  }
  return entries;
}

async function measure(options: RunOptions): Promise<void> {
  const sweep = createSweep();
  const entries = entriesFor(options, plan(sweep));
  if (options.list) {
    for (const { name } of entries) console.log(name);
    return;
  }
  const machine = thisMachine();
  const expected = entries.reduce((sum, entry) => sum + entry.seconds(options.mode), 0);
  console.error(`${describeMachine(machine)}\n${entries.length} benchmarks, about ${formatLeft(expected)}\n`);
  const date = new Date().toISOString();
  const report: Report = { machine, date, results: await runAll(entries, options) };
  const recommendations = sweep.recommendations().map(describeRecommendation);
  console.log(options.command === 'targets' ? targetsMarkdown(report.results) : table(report.results));
  if (recommendations.length > 0)
    console.log(`\nOn this machine, for one replica:\n  ${recommendations.join('\n  ')}`);
  if (options.json !== null) write(options.json, `${JSON.stringify(report, null, 2)}\n`);
  write(options.html, html(report, recommendations));
  console.error(`\nreport: ${options.html}`);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  switch (options.command) {
    case 'help':
      console.log(HELP);
      return 0;
    case 'compare': {
      const { text, exitCode } = compareCommand(options.files);
      console.log(text);
      return exitCode;
    }
    default:
      await measure(options);
      return 0;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}
