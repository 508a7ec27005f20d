import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Case, type Result, resultOf } from './case.ts';
import { certificateCases } from './cases/certificates.ts';
import { codecCases } from './cases/codec.ts';
import { signatureCases } from './cases/signatures.ts';
import { storageCases } from './cases/storage.ts';
import { thisMachine } from './machine.ts';
import { type Budget, FULL, measure, QUICK } from './measure.ts';
import { createProgress } from './progress.ts';
import { describeMachine, type Report, table, time } from './report.ts';

const HELP = `npm run bench -- [options]

Measures this library's operations, each beside somebody else's in the same run. A ratio above 1 means that ours is
that many times faster.

  --filter TEXT   only benchmarks whose name contains TEXT; may be given several times
  --quick         fewer samples: rough numbers within a minute
  --list          print the names and measure nothing
  --json FILE     write {machine, date, results} to FILE as well
  --help          this text

Examples
  npm run bench -- --quick
  npm run bench -- --filter certificate/form --filter certificate/verify --json now.json`;

interface Options {
  readonly filters: readonly string[];
  readonly budget: Budget;
  readonly list: boolean;
  readonly json: string | null;
}

function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      filter: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  return {
    filters: values.filter,
    budget: values.quick ? QUICK : FULL,
    list: values.list,
    json: values.json ?? null,
  };
}

async function runCase({ name, prepare }: Case, budget: Budget): Promise<Result> {
  const { run, baseline, close } = await prepare();
  try {
    const samples = await measure(run, budget);
    if (baseline === undefined) return resultOf(name, samples, null);
    return resultOf(name, samples, { name: baseline.name, samples: await measure(baseline.run, budget) });
  } finally {
    await close?.();
  }
}

async function runAll(cases: readonly Case[], budget: Budget): Promise<Result[]> {
  const progress = createProgress(process.stderr);
  const results: Result[] = [];
  for (const [index, one] of cases.entries()) {
    const count = `[${`${index + 1}`.padStart(`${cases.length}`.length)}/${cases.length}]`;
    progress.step(`${count} ${one.name} ...`);
    const result = await runCase(one, budget);
    results.push(result);
    const ratio = result.ratio === undefined ? '' : `, ${result.ratio.toFixed(2)}x ${result.baseline?.name}`;
    progress.done(`${count} ${one.name}: ${time(result.median)}${ratio}`);
  }
  progress.end();
  return results;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === null) {
    console.log(HELP);
    return;
  }
  const all = [...signatureCases, ...certificateCases, ...codecCases, ...storageCases()];
  const wanted = ({ name }: Case): boolean =>
    options.filters.length === 0 || options.filters.some((filter) => name.includes(filter));
  const cases = all.filter(wanted);
  if (cases.length === 0) throw new Error('no benchmark has such a name; --list shows them all');
  if (options.list) {
    for (const { name } of cases) console.log(name);
    return;
  }
  const machine = thisMachine();
  console.error(describeMachine(machine));
  const date = new Date().toISOString();
  const report: Report = { machine, date, results: await runAll(cases, options.budget) };
  console.log(`\n${table(report.results)}`);
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}
