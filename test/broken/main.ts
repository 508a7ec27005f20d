import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Mutant } from './mutant.ts';
import { MUTANTS } from './mutants/index.ts';
import { checkUnchanged, tryMutant, type Verdict } from './run.ts';
import { SCENARIOS } from './scenarios/index.ts';

// `npm run test:mutants`: breaks the rules one by one and shows what notices. Exits with 1 when nothing does.

const HELP = `Usage: npm run test:mutants -- [options]

  --only NAME   only the mutants whose name or rule contains NAME; may be given more than once
  --jobs N      mutants at a time; 2 by default, or 1 on a single core
  --json        prints {"mutants": [{"name", "rule", "caughtBy", "seconds"}]} and nothing else on the standard output
  --list        names the mutants and runs nothing
  --help`;

/** More would only make each slower where the tests of the whole project run. */
const MAX_JOBS = 2;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    jobs: { type: 'string', default: String(Math.min(MAX_JOBS, availableParallelism())) },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function chosenMutants(): readonly Mutant[] {
  const { only } = values;
  if (only === undefined) return MUTANTS;
  const isWanted = ({ name, rule }: Mutant): boolean =>
    only.some((text) => name.includes(text) || rule === text);
  return MUTANTS.filter(isWanted);
}

const inSeconds = (seconds: number): string => `${seconds.toFixed(1)} s`;

const columns = ({ name, rule, caughtBy, seconds }: Verdict): string =>
  `${rule.padEnd(RULE_WIDTH)}  ${name.padEnd(NAME_WIDTH)}  ${inSeconds(seconds).padStart(7)}  ${caughtBy ?? 'NOT CAUGHT'}`;

/** Scenarios of the unchanged library after which a line says how far it is. */
const REPORTED_EVERY = 25;

/** Of a finding, this much fits into a line. */
const MAX_FINDING = 120;

const RULE_WIDTH = Math.max(...MUTANTS.map(({ rule }) => rule.length));
const NAME_WIDTH = Math.max(...MUTANTS.map(({ name }) => name.length));

/** Tries `mutants`, `jobs` at a time, and reports each when it is done. In the order of the list. */
async function tryAll(mutants: readonly Mutant[], jobs: number): Promise<readonly Verdict[]> {
  const verdicts = new Map<Mutant, Verdict>();
  const waiting = mutants.values();
  const work = async (): Promise<void> => {
    for (const mutant of waiting) {
      const verdict = await tryMutant(mutant);
      verdicts.set(mutant, verdict);
      say(`[${verdicts.size}/${mutants.length}] ${columns(verdict)}`);
      if (verdict.finding !== null)
        say(`        ${verdict.finding.split('\n', 1)[0]?.slice(0, MAX_FINDING)}`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return mutants.flatMap((mutant) => verdicts.get(mutant) ?? []);
}

async function main(): Promise<number> {
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const mutants = chosenMutants();
  const jobs = Number(values.jobs);
  if (mutants.length === 0 || !Number.isInteger(jobs) || jobs < 1) {
    say(
      mutants.length === 0
        ? `no mutant is called so; see --list`
        : `--jobs ${values.jobs}: expected a number above 0`,
    );
    return 2;
  }
  if (values.list) {
    for (const { name, rule } of mutants) console.log(`${rule.padEnd(RULE_WIDTH)}  ${name}`);
    return 0;
  }
  const start = performance.now();
  say('the scenarios with the library as it is:');
  let done = 0;
  const broken = await checkUnchanged(jobs, () => {
    done += 1;
    if (done % REPORTED_EVERY === 0) say(`  ${done} of ${SCENARIOS.length}`);
  });
  for (const { name, failure } of broken) say(`FAILED without any change: ${name}\n${failure}`);
  if (broken.length > 0) return 1;
  say(
    `all pass (${inSeconds((performance.now() - start) / 1_000)}); now ${mutants.length} mutants, ${jobs} at a time:`,
  );
  const verdicts = await tryAll(mutants, jobs);
  report(verdicts, (performance.now() - start) / 1_000);
  return verdicts.every(({ caughtBy, missedBy }) => caughtBy !== null && missedBy.length === 0) ? 0 : 1;
}

function report(verdicts: readonly Verdict[], seconds: number): void {
  const missed = verdicts.filter(({ caughtBy }) => caughtBy === null);
  if (values.json) {
    const mutants = verdicts.map(({ name, rule, caughtBy, seconds: took }) => ({
      name,
      rule,
      caughtBy,
      seconds: took,
    }));
    console.log(JSON.stringify({ mutants }));
  } else {
    for (const verdict of verdicts) console.log(columns(verdict));
  }
  say(`${verdicts.length - missed.length} of ${verdicts.length} mutants caught in ${inSeconds(seconds)}`);
  for (const { name, rule } of missed) say(`NOT CAUGHT: ${name} (${rule})`);
  for (const { name, missedBy } of verdicts)
    for (const id of missedBy) say(`NOT NOTICED BY ${id}, which is about it: ${name}`);
}

process.exitCode = await main();
