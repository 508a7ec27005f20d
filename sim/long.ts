import { Command, Option } from 'commander';
import { jobsOption, parseWith, wholeOption } from './arguments.ts';
import { count, emptyTally, runCampaign, type Tally } from './campaign.ts';
import { counted, createDisplay, duration, whole } from './display.ts';
import type { Job } from './messages.ts';
import { mixOf } from './mixes.ts';
import type { Violation } from './outcome.ts';
import { describeViolation, violationAsJson } from './report.ts';
import { hasAdversaries, MAX_SEED, type RunOptions, replayCommand } from './run-options.ts';
import { EXIT, type Surroundings } from './surroundings.ts';
import { createWorkers, type Workers } from './workers.ts';

interface LongFlags {
  readonly minutes?: number;
  readonly seeds?: number;
  readonly firstSeed?: number;
  readonly jobs: number;
  readonly stopOnFailure?: boolean;
  readonly json?: boolean;
}

const MAX_MINUTES = 1_000_000;

function longCommand(): Command {
  return new Command('npm run test:long --')
    .usage('[options]')
    .description(
      'Plays simulated clusters of every kind with ever new seeds until it is told to stop: 4, 7, 10 and 31 validators,\nboth schemes, faults, adversaries, weights, and validator sets that change. Ends at Ctrl-C with a summary.',
    )
    .addOption(wholeOption('--minutes <n>', 'stop after so long', 1, MAX_MINUTES))
    .addOption(wholeOption('--seeds <n>', 'stop after so many seeds', 1, MAX_SEED + 1))
    .addOption(
      wholeOption('--first-seed <n>', 'the first of them (default: another one at every start)', 0, MAX_SEED),
    )
    .addOption(jobsOption())
    .addOption(new Option('--stop-on-failure', 'stop at the first violation'))
    .addOption(
      new Option('--keep-going', 'report violations and go on (the default)').conflicts('stopOnFailure'),
    )
    .option('--json', 'print one JSON object at the end, and nothing else')
    .addHelpText(
      'after',
      `
Exit code 1 when there was a violation; each is printed with the command that plays it again.

Examples:
  npm run test:long                                   until Ctrl-C
  npm run test:long -- --minutes 60
  npm run test:long -- --seeds 500 --first-seed 1000 --stop-on-failure`,
    );
}

/** Another at every start, and never the same again for decades. */
const freshSeed = (): number => Math.floor(Date.now() / 1_000) % (MAX_SEED + 1);

function* jobsFrom(firstSeed: number, seeds: number): Generator<Job> {
  for (let at = 0; at < seeds; at++) {
    const seed = (firstSeed + at) % (MAX_SEED + 1);
    yield { seed, options: mixOf(seed), trace: false, html: false };
  }
}

/** What was played, in all and by kind of run. */
class Ledger {
  readonly total: Tally = emptyTally();
  readonly kinds = new Map<string, Tally & { violations: number }>();
  readonly underWay = new Map<number, number>();
  readonly violations: { readonly violation: Violation; readonly options: RunOptions }[] = [];
  readonly #started = performance.now();

  get seconds(): number {
    return (performance.now() - this.#started) / 1_000;
  }

  get views(): number {
    return [...this.underWay.values()].reduce((sum, views) => sum + views, this.total.views);
  }

  add(options: RunOptions, outcome: Parameters<typeof count>[1]): void {
    count(this.total, outcome);
    for (const kind of kindsOf(options)) {
      const tally = this.kinds.get(kind) ?? { ...emptyTally(), violations: 0 };
      this.kinds.set(kind, tally);
      count(tally, outcome);
      if (outcome.violation !== null) tally.violations += 1;
    }
    if (outcome.violation !== null) this.violations.push({ violation: outcome.violation, options });
  }
}

/** Under what a run is counted in the summary. */
const kindsOf = (options: RunOptions): readonly string[] => [
  `n = ${options.n}`,
  options.scheme,
  hasAdversaries(options) ? 'adversaries' : 'no adversaries',
  ...options.faults,
  options.powers === null ? 'equal powers' : 'weighted',
  options.updates ? 'set changes' : 'one set',
];

/** `npm run test:long`: resolves with the exit code. */
export async function playLong(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const parsed = parseWith<LongFlags>('test:long', longCommand(), args, surroundings, () => null);
  if ('exitCode' in parsed) return EXIT[parsed.exitCode];
  const workers = await createWorkers(await surroundings.workerCode());
  try {
    return await playUntilTold(parsed.flags, surroundings, workers);
  } finally {
    await workers.close();
  }
}

async function playUntilTold(
  flags: LongFlags,
  surroundings: Surroundings,
  workers: Workers,
): Promise<number> {
  const { minutes, seeds = Number.POSITIVE_INFINITY, jobs, stopOnFailure = false, json = false } = flags;
  const { stdout, stderr } = surroundings;
  const firstSeed = flags.firstSeed ?? freshSeed();
  const ledger = new Ledger();
  const display = createDisplay(stderr, () => progressLine(ledger, minutes));
  display.say(
    `seeds from ${firstSeed} on, ${counted(jobs, 'process', 'processes')}; Ctrl-C ends with a summary`,
  );
  const campaign = runCampaign(workers, jobsFrom(firstSeed, seeds), Math.min(jobs, seeds), {
    onProgress: ({ seed }, views) => void ledger.underWay.set(seed, views),
    onPlayed({ seed, options }, { outcome }) {
      ledger.underWay.delete(seed);
      ledger.add(options, outcome);
      if (outcome.violation === null) return;
      display.say(`${describeViolation(outcome.violation, options)}\n`);
      if (stopOnFailure) campaign.stop();
    },
  });
  const timer = minutes === undefined ? undefined : setTimeout(() => campaign.stop(), minutes * 60_000);
  surroundings.onInterrupt(() => campaign.stop());
  await campaign.done;
  clearTimeout(timer);
  display.end();
  stdout.write(json ? `${JSON.stringify(asJson(ledger, firstSeed))}\n` : summary(ledger));
  return ledger.violations.length > 0 ? EXIT.violation : EXIT.fine;
}

function progressLine(ledger: Ledger, minutes: number | undefined): string {
  const { total, views, seconds, violations } = ledger;
  const left = minutes === undefined ? '' : `  ${duration(Math.max(0, minutes * 60 - seconds))} left`;
  return `[${whole(total.seeds)}] ${counted(views, 'view')}  ${whole(views / seconds)} views/s  ${counted(violations.length, 'violation')}  ${duration(seconds)}${left}`;
}

function asJson(ledger: Ledger, firstSeed: number): unknown {
  const { total, seconds, violations, kinds } = ledger;
  return {
    seeds: total.seeds,
    firstSeed,
    views: total.views,
    viewsPerSecond: Math.round((total.views / seconds) * 10) / 10,
    committedBlocks: total.committedBlocks,
    messages: total.messages,
    seconds: Math.round(seconds),
    kinds: Object.fromEntries([...kinds].sort(([a], [b]) => (a < b ? -1 : 1))),
    violations: violations.map(({ violation, options }) => violationAsJson(violation, options)),
  };
}

function summary({ total, seconds, violations, kinds }: Ledger): string {
  const rows = [...kinds]
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(
      ([kind, tally]) =>
        `  ${kind.padEnd(16)} ${whole(tally.seeds).padStart(8)} ${whole(tally.views).padStart(12)} ${whole(tally.committedBlocks).padStart(12)} ${whole(tally.violations).padStart(11)}\n`,
    );
  const failed = violations.map(
    ({ violation, options }) =>
      `  ${violation.property}: ${replayCommand(violation.seed, options, '--trace')}\n`,
  );
  return `${counted(total.seeds, 'seed')}, ${counted(total.views, 'view')}, ${counted(total.committedBlocks, 'block')} committed in ${duration(seconds)}
  ${'kind of run'.padEnd(16)} ${'seeds'.padStart(8)} ${'views'.padStart(12)} ${'blocks'.padStart(12)} ${'violations'.padStart(11)}
${rows.join('')}${violations.length === 0 ? 'no violation' : `${counted(violations.length, 'violation')}:`}
${failed.join('')}`;
}
