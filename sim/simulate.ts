import { writeFile } from 'node:fs/promises';
import { parseSimArguments, type SimArguments } from './arguments.ts';
import { count, emptyTally, runCampaign, type Tally } from './campaign.ts';
import { counted, createDisplay, duration, whole } from './display.ts';
import type { Job } from './messages.ts';
import type { Violation } from './outcome.ts';
import { describeViolation, violationAsJson } from './report.ts';
import { toArguments } from './run-options.ts';
import { EXIT, type Surroundings } from './surroundings.ts';
import { createWorkers, type Workers } from './workers.ts';

/** `npm run sim`: resolves with the exit code. */
export async function simulate(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const parsed = parseSimArguments(args, surroundings);
  if ('exitCode' in parsed) return EXIT[parsed.exitCode];
  const workers = await createWorkers(await surroundings.workerCode());
  try {
    return await playAll(parsed.arguments, surroundings, workers);
  } finally {
    await workers.close();
  }
}

function* jobsOf({ options, firstSeed, seeds, trace, html }: SimArguments): Generator<Job> {
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    yield { seed, options, trace, html: html !== null };
  }
}

/** How far a campaign is, by views: the last seeds of a few long ones should not look like the end. */
class Pace {
  readonly tally: Tally = emptyTally();
  readonly underWay = new Map<number, number>();
  readonly #started = performance.now();
  readonly #expectedViews: number;

  constructor({ seeds, options }: SimArguments) {
    this.#expectedViews = seeds * options.views;
  }

  get views(): number {
    return [...this.underWay.values()].reduce((sum, views) => sum + views, this.tally.views);
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1_000;
  }

  get viewsPerSecond(): number {
    return this.views / this.seconds;
  }

  get secondsLeft(): number {
    return Math.max(0, this.#expectedViews - this.views) / this.viewsPerSecond;
  }
}

async function playAll(asked: SimArguments, surroundings: Surroundings, workers: Workers): Promise<number> {
  const { options, seeds, keepGoing, json, trace } = asked;
  const { stdout, stderr } = surroundings;
  const pace = new Pace(asked);
  const violations: Violation[] = [];
  const histories = new Map<number, string>();
  let page: string | null = null;
  const display = trace ? null : createDisplay(stderr, () => progressLine(pace, seeds, violations.length));
  const tell = (text: string): void => {
    if (json) return;
    if (display === null) stdout.write(`${text}\n`);
    else if (stdout.isTTY) display.say(text);
    else stdout.write(`${text}\n`);
  };
  const campaign = runCampaign(workers, jobsOf(asked), Math.min(asked.jobs, seeds), {
    onProgress: ({ seed }, views) => void pace.underWay.set(seed, views),
    onLines: (lines) => stdout.write(`${lines.join('\n')}\n`),
    onPlayed({ seed }, { outcome, html }) {
      pace.underWay.delete(seed);
      count(pace.tally, outcome);
      histories.set(seed, outcome.history);
      page = html;
      if (outcome.violation === null) return;
      violations.push(outcome.violation);
      tell(`${describeViolation(outcome.violation, options)}\n`);
      if (!keepGoing) campaign.stop();
    },
  });
  let isInterrupted = false;
  surroundings.onInterrupt(() => {
    isInterrupted = true;
    campaign.stop();
  });
  await campaign.done;
  display?.end();
  violations.sort((a, b) => a.seed - b.seed);
  if (asked.html !== null && page !== null) await writeFile(asked.html, page);
  if (json) stdout.write(`${JSON.stringify(asJson(asked, pace, violations, histories))}\n`);
  else stdout.write(summary(asked, pace, violations, histories, isInterrupted));
  if (violations.length > 0) return EXIT.violation;
  return isInterrupted ? EXIT.interrupted : EXIT.fine;
}

function progressLine(pace: Pace, seeds: number, violations: number): string {
  const { tally, views, viewsPerSecond, seconds, secondsLeft } = pace;
  const left = views === 0 ? '' : `  ${duration(secondsLeft)} left`;
  return `[${tally.seeds}/${seeds}] ${counted(views, 'view')}  ${whole(viewsPerSecond)} views/s  ${counted(violations, 'violation')}  ${duration(seconds)}${left}`;
}

/** One word for the histories of all seeds, whatever the order in which they were played. */
function historyOf(histories: ReadonlyMap<number, string>): string {
  const ordered = [...histories].sort(([a], [b]) => a - b).map(([, history]) => history);
  if (ordered.length === 1) return ordered[0] as string;
  return ordered
    .reduce((sum, history) => {
      const mixed = BigInt.asUintN(64, (sum * 31n) ^ BigInt(`0x${history === '' ? '0' : history}`));
      return mixed;
    }, 7n)
    .toString(16)
    .padStart(16, '0');
}

function asJson(
  { options, seeds, firstSeed, jobs }: SimArguments,
  pace: Pace,
  violations: readonly Violation[],
  histories: ReadonlyMap<number, string>,
): unknown {
  const { tally, seconds, viewsPerSecond } = pace;
  return {
    seeds: tally.seeds,
    n: options.n,
    viewsPerSecond: Math.round(viewsPerSecond * 10) / 10,
    committedBlocks: tally.committedBlocks,
    violations: violations.map((violation) => violationAsJson(violation, options)),
    asked: { seeds, firstSeed, arguments: toArguments(options) },
    views: tally.views,
    messages: tally.messages,
    history: historyOf(histories),
    seconds: Math.round(seconds * 1_000) / 1_000,
    jobs,
  };
}

function summary(
  asked: SimArguments,
  pace: Pace,
  violations: readonly Violation[],
  histories: ReadonlyMap<number, string>,
  isInterrupted: boolean,
): string {
  const { tally, seconds, viewsPerSecond } = pace;
  const { seeds, options, html } = asked;
  const how = isInterrupted
    ? ' (interrupted)'
    : tally.seeds < seeds
      ? ' (stopped at the first violation)'
      : '';
  const failed = violations.map(({ seed, property }) => `  seed ${seed}: ${property}\n`).join('');
  const wrote = html === null || isInterrupted ? '' : `wrote ${html}: open it in a browser\n`;
  return `${counted(tally.seeds, 'seed')} of ${seeds}${how}, ${toArguments(options).join(' ')}
${counted(tally.views, 'view')}, ${counted(tally.committedBlocks, 'block')} committed, ${counted(tally.messages, 'message')}; history ${historyOf(histories)}
${whole(viewsPerSecond)} views/s on ${counted(Math.min(asked.jobs, seeds), 'process', 'processes')} in ${duration(seconds)}
${violations.length === 0 ? 'no violation' : `${counted(violations.length, 'violation')}:`}
${failed}${wrote}`;
}
