import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Case, type Result, resultOf } from './case.ts';
import { certificateCases } from './cases/certificates.ts';
import { codecCases } from './cases/codec.ts';
import { signatureCases } from './cases/signatures.ts';
import { storageCases } from './cases/storage.ts';
import { CLUSTER_CASES, type ClusterBudget, runCluster } from './cluster/cases.ts';
import { thisMachine } from './machine.ts';
import { type Budget, FULL, measure, QUICK } from './measure.ts';
import { createProgress } from './progress.ts';
import { describeMachine, type Report, table, time } from './report.ts';

const HELP = `npm run bench -- [options]

Measures this library's operations, each beside somebody else's in the same run (a ratio above 1 means that ours is
that many times faster), and clusters of real processes under load, beside what the same messages cost without
consensus: over TCP, hashed, neither signed nor written.

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
  readonly clusters: ClusterBudget;
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
    clusters: values.quick ? { seconds: 4, runs: 1 } : { seconds: 10, runs: 3 },
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

/** A line of the report's list: what gives one or several results. */
interface Entry {
  readonly name: string;
  run(): Promise<readonly Result[]>;
}

async function runAll(entries: readonly Entry[]): Promise<Result[]> {
  const progress = createProgress(process.stderr);
  const results: Result[] = [];
  for (const [index, { name, run }] of entries.entries()) {
    const count = `[${`${index + 1}`.padStart(`${entries.length}`.length)}/${entries.length}]`;
    progress.step(`${count} ${name} ...`);
    const found = await run();
    results.push(...found);
    for (const result of found) progress.done(`${count} ${oneLine(result)}`);
  }
  progress.end();
  return results;
}

function oneLine({ name, unit, median, ratio, baseline }: Result): string {
  const figure = unit === 'us' ? time(median) : `${median.toFixed(1)} ${unit}`;
  return `${name}: ${figure}${ratio === undefined ? '' : `, ${ratio.toFixed(2)}x ${baseline?.name}`}`;
}

function entriesFor({ budget, clusters }: Options): readonly Entry[] {
  const operations = [...signatureCases, ...certificateCases, ...codecCases, ...storageCases()];
  return [
    ...operations.map((one) => ({ name: one.name, run: async () => [await runCase(one, budget)] })),
    ...CLUSTER_CASES.map((one) => ({ name: one.name, run: () => runCluster(one, clusters) })),
  ];
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === null) {
    console.log(HELP);
    return;
  }
  const wanted = ({ name }: Entry): boolean =>
    options.filters.length === 0 || options.filters.some((filter) => name.includes(filter));
  const cases = entriesFor(options).filter(wanted);
  if (cases.length === 0) throw new Error('no benchmark has such a name; --list shows them all');
  if (options.list) {
    for (const { name } of cases) console.log(name);
    return;
  }
  const machine = thisMachine();
  console.error(describeMachine(machine));
  const date = new Date().toISOString();
  const report: Report = { machine, date, results: await runAll(cases) };
  console.log(`\n${table(report.results)}`);
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}
