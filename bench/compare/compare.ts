import type { Report } from '../report/report.ts';
import { isCount, isRate, type Result, timesBetter } from '../result.ts';
import { chanceOfExceeding } from '../statistics.ts';

export type Verdict = 'worse' | 'better' | 'same' | 'few-samples' | 'other-machine';

/** What became of one benchmark from one report to the next. */
export interface Change {
  readonly name: string;
  readonly before: Result;
  readonly after: Result;
  /** How many times better: below 1 is worse. */
  readonly times: number;
  /** The same relative to what happened to the baseline; null without one that both have. */
  readonly timesByBaseline: number | null;
  readonly verdict: Verdict;
}

export interface Comparison {
  readonly changes: readonly Change[];
  /** Names that only one of the reports has. */
  readonly gone: readonly string[];
  readonly added: readonly string[];
  readonly isSameMachine: boolean;
}

/** The risk of calling anything of a whole report worse or better that has not changed. */
export const RISK = 0.01;

/** Changes below this share are not told: code that is laid out anew in memory makes as much. */
export const LEAST_CHANGE = 0.05;

/**
 * Tells what changed from what merely varies, from the figures of a report alone and without any assumption about how
 * they are distributed. A benchmark is worse when all of this holds (and better when all of it does the other way):
 *
 * | condition | against |
 * |---|---|
 * | the new median lies beyond the old 5th or 95th percentile, and the old median beyond the new one | what varies within a run |
 * | so many samples fall so by chance, were both runs of one distribution, in less than 1 % of all reports | few samples |
 * | the medians differ by 5 % or more | what does not matter |
 * | so does the ratio to the baseline, when both reports have the same | a machine that was slower meanwhile |
 *
 * Chance is that of the precedence test, exact for any distribution; its 1 % is divided by the number of benchmarks,
 * half of it for each direction. Counts, such as bytes, do not vary: any difference counts. Reports of different
 * machines are compared by the ratios to their baselines alone, which stand in for the medians; without a baseline
 * nothing is said.
 */
export function compareReports(before: Report, after: Report): Comparison {
  const isSameMachine = JSON.stringify(before.machine) === JSON.stringify(after.machine);
  const old = new Map(before.results.map((result) => [result.name, result]));
  const names = new Set(after.results.map(({ name }) => name));
  const pairs = after.results.flatMap((result) => {
    const other = old.get(result.name);
    return other === undefined || other.unit !== result.unit ? [] : [{ before: other, after: result }];
  });
  const risk = RISK / Math.max(1, pairs.length) / 2;
  const compared = new Set(pairs.map((pair) => pair.after.name));
  return {
    changes: pairs.map((pair) => changeOf(pair, { risk, isSameMachine })),
    gone: before.results.map(({ name }) => name).filter((name) => !names.has(name)),
    added: after.results.map(({ name }) => name).filter((name) => !compared.has(name)),
    isSameMachine,
  };
}

interface Pair {
  readonly before: Result;
  readonly after: Result;
}

function changeOf(
  { before, after }: Pair,
  settings: { readonly risk: number; readonly isSameMachine: boolean },
): Change {
  const { name, unit } = after;
  const times = timesBetter(unit, after.median, before.median);
  const timesByBaseline = byBaseline({ before, after });
  const verdict = verdictOn({ before, after }, { times, timesByBaseline, ...settings });
  return { name, before, after, times, timesByBaseline, verdict };
}

function byBaseline({ before, after }: Pair): number | null {
  if (before.ratio === undefined || after.ratio === undefined) return null;
  return before.baseline?.name === after.baseline?.name ? after.ratio / before.ratio : null;
}

interface Judged {
  readonly times: number;
  readonly timesByBaseline: number | null;
  readonly risk: number;
  readonly isSameMachine: boolean;
}

function verdictOn(pair: Pair, { times, timesByBaseline, risk, isSameMachine }: Judged): Verdict {
  if (isCount(pair.after.unit)) return times === 1 ? 'same' : times < 1 ? 'worse' : 'better';
  if (!isSameMachine && timesByBaseline === null) return 'other-machine';
  const machine = isSameMachine || timesByBaseline === null ? 1 : times / timesByBaseline;
  const seen = isSameMachine ? [times, timesByBaseline ?? times] : [timesByBaseline ?? times];
  const direction = directionOf(seen);
  if (direction === 'same') return 'same';
  const better = oriented(pair, machine, direction);
  if (!isApart(better)) return 'same';
  return chance(better) <= risk ? direction : 'few-samples';
}

/** Where all of `times` go, by as much as matters. */
function directionOf(times: readonly number[]): 'worse' | 'better' | 'same' {
  if (times.every((each) => each <= 1 / (1 + LEAST_CHANGE))) return 'worse';
  return times.every((each) => each >= 1 + LEAST_CHANGE) ? 'better' : 'same';
}

/** Two runs as values of which the second ones are claimed to be the higher. */
interface Claim {
  readonly low: Pick<Result, 'median' | 'p5' | 'p95' | 'samples'>;
  readonly high: Pick<Result, 'median' | 'p5' | 'p95' | 'samples'>;
}

/** `machine` is how many times better the later machine is: what the earlier run would have measured on it. */
function oriented({ before, after }: Pair, machine: number, direction: 'worse' | 'better'): Claim {
  const factor = isRate(after.unit) ? machine : 1 / machine;
  const scaled = {
    median: before.median * factor,
    p5: before.p5 * factor,
    p95: before.p95 * factor,
    samples: before.samples,
  };
  const isHigher = isRate(after.unit) === (direction === 'better');
  return isHigher ? { low: scaled, high: after } : { low: after, high: scaled };
}

const isApart = ({ low, high }: Claim): boolean => high.median > low.p95 && low.median < high.p5;

/** Both statements below are tried. */
const STATEMENTS = 2;

/**
 * How probable what is seen is when nothing has changed: that half of the one run lies above all but 5 % of the other;
 * or, where the runs are that far apart, that all but 5 % of it do.
 */
function chance({ low, high }: Claim): number {
  const { samples: n } = low;
  const { samples: m } = high;
  // A percentile lies between two samples: what is above it is surely above the lower one, and has the upper one in it.
  const rank = Math.floor(0.95 * (n - 1)) + 1;
  const half = chanceOfExceeding({ n, rank, m, exceeding: Math.ceil(m / 2) });
  if (high.p5 <= low.p95) return STATEMENTS * half;
  const nearlyAll = chanceOfExceeding({ n, rank, m, exceeding: m - Math.ceil(0.05 * (m - 1)) });
  return STATEMENTS * Math.min(half, nearlyAll);
}
