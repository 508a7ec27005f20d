import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { programAt, ROOT } from '../paths.ts';
import { countInstructions, HOW_TO_INSTALL, hasValgrind, processorKind } from './callgrind.ts';
import { type Budgets, type Counts, describeJudgements, isFault, judge } from './judge.ts';

const HELP = `npm run bench -- budgets [options]

Counts what does not depend on how fast or busy a machine is, and holds it against what is recorded in bench/budgets:
instructions of the native operations (under valgrind), and messages, bytes, flushes, checks and allocations of four
replicas, per block that they commit and per command of a state machine. Exit code 1 when a count exceeds its budget.
Part of "npm test".

  --record   writes what is counted now as the new budgets; say why in the commit
  --help     this text`;

const fileOf = (name: string): string => join(ROOT, 'bench', 'budgets', `${name}.json`);

/** Compilers lay out code differently from version to version; a regression is more than that. */
const NATIVE_TOLERANCE = { default: 0.05 };

/** Counts of replicas that run in a process of their own. */
interface ReplicaRun {
  /** Of the program, `name`-run, and of the file with its budgets. */
  readonly name: string;
  readonly title: string;
  readonly of: string;
  readonly tolerance: Budgets['tolerance'];
  readonly flags: readonly string[];
}

const RUNS: readonly ReplicaRun[] = [
  {
    name: 'cluster',
    title: 'counts per committed block',
    of: '4 replicas in one process, ed25519, blocks of 100 x 512 B, in memory; sums over all of them, per block',
    // Counts of events are the same in every run, but for the first and the last block. Buffers come in whole slabs,
    // and how much one write holds depends on what waits when it begins: 1.6 to 2.1 MB were seen of one version.
    // Objects on the heap depend on what the engine optimises when.
    tolerance: {
      default: 0.02,
      'bytes allocated on the heap': 0.1,
      'bytes allocated in buffers': 0.25,
    },
    flags: [],
  },
  {
    name: 'commands',
    title: 'counts per committed command',
    of: '4 replicas of a key-value store in one process, ed25519, blocks of 400 x 512 B, in memory, 500 clients at each; means of all of them, per command or 1,000 commands',
    // Every run takes the same turns, so that all counts but one are the same to the last byte. Objects on the heap
    // differ by a few in a thousand.
    tolerance: { default: 0.02, 'bytes allocated on the heap': 0.05 },
    // Code is optimised at the same calls in every run, not whenever a busy machine gets round to it.
    flags: ['--no-concurrent-recompilation', '--no-concurrent-sparkplug'],
  },
];

/** So large that nothing is collected between two blocks. Megabytes. */
const YOUNG_GENERATION = 128;

/** A run takes 10 to 20 seconds; one that takes so long stands still. */
const RUN_LIMIT_MS = 10 * 60_000;

async function countRun({ name, flags }: ReplicaRun): Promise<Counts> {
  const size = YOUNG_GENERATION;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      '--expose-gc',
      `--min-semi-space-size=${size}`,
      `--max-semi-space-size=${size}`,
      ...flags,
      programAt(`budgets/${name}-run`),
    ],
    { timeout: RUN_LIMIT_MS },
  );
  return JSON.parse(stdout) as Counts;
}

const read = (file: string): Budgets | null =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Budgets) : null;

function record(file: string, budgets: Budgets): void {
  writeFileSync(file, `${JSON.stringify(budgets, null, 2)}\n`);
  console.log(`recorded ${file}`);
}

/** Whether all is well. */
function check(title: string, counts: Counts, budgets: Budgets): boolean {
  const judgements = judge(counts, budgets);
  console.log(describeJudgements(title, judgements).join('\n'));
  return !judgements.some(isFault);
}

async function native(isRecording: boolean): Promise<boolean> {
  if (!(await hasValgrind())) {
    console.log(`native instructions: left out: ${HOW_TO_INSTALL}`);
    return true;
  }
  const of = processorKind();
  const recorded = read(fileOf('native'));
  if (!isRecording && recorded?.of !== of) {
    console.log(
      `native instructions: left out: recorded for ${recorded?.of ?? 'no processor'}, and this one is ${of}`,
    );
    return true;
  }
  let count = 0;
  const counts = await countInstructions((name) => {
    count += 1;
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2Kcounting instructions: ${count} ${name}`);
  });
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K');
  if (!isRecording && recorded !== null) return check('native instructions', counts, recorded);
  record(fileOf('native'), { of, tolerance: NATIVE_TOLERANCE, counts });
  return true;
}

async function replicas(run: ReplicaRun, isRecording: boolean): Promise<boolean> {
  const file = fileOf(run.name);
  const counts = await countRun(run);
  const recorded = read(file);
  if (!isRecording && recorded !== null) return check(run.title, counts, recorded);
  if (!isRecording) throw new Error(`${file} is missing: record it with "npm run bench -- budgets --record"`);
  record(file, { of: run.of, tolerance: run.tolerance, counts });
  return true;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { record: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  let isGood = await native(values.record);
  for (const run of RUNS) isGood = (await replicas(run, values.record)) && isGood;
  return isGood ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`budgets: ${(error as Error).message}`);
  process.exitCode = 1;
}
