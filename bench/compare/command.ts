import { readFileSync } from 'node:fs';
import { formatRatio, formatValue } from '../report/format.ts';
import { parseReport, type Report } from '../report/report.ts';
import { aligned, describeMachine } from '../report/table.ts';
import { type Change, type Comparison, compareReports, LEAST_CHANGE, RISK, type Verdict } from './compare.ts';

const WORDS: { readonly [Name in Verdict]: string } = {
  worse: 'WORSE',
  better: 'better',
  same: 'same',
  'few-samples': 'too few samples to tell',
  'other-machine': 'other machine, no baseline',
};

/** In the order in which they are told. */
const ORDER: readonly Verdict[] = ['worse', 'better', 'few-samples', 'other-machine', 'same'];

const RULE = `"worse" and "better" are told when the median lies outside of the other run's 5th to 95th percentile, both ways;
when so many samples fall so by chance in less than ${100 * RISK} % of all comparisons like this one (precedence test,
exact for any distribution, over all benchmarks together); when the medians are ${100 * LEAST_CHANGE} % or more apart; and when the
ratio to the baseline of the same run changed as much. Counts, such as bytes, do not vary: every difference is told.`;

/** `compare A.json B.json`: 1 when anything is worse in B than in A. */
export function compareCommand(files: readonly string[]): {
  readonly text: string;
  readonly exitCode: number;
} {
  const [first, second] = files;
  if (first === undefined || second === undefined || files.length > 2) {
    throw new Error('compare takes two files that --json wrote: compare BEFORE.json AFTER.json');
  }
  const before = readReport(first);
  const after = readReport(second);
  const comparison = compareReports(before, after);
  const isWorse = comparison.changes.some(({ verdict }) => verdict === 'worse');
  return { text: describeComparison(comparison, before, after), exitCode: isWorse ? 1 : 0 };
}

function readReport(path: string): Report {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Error(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    return parseReport(text);
  } catch (cause) {
    throw new Error(`${path} ${(cause as Error).message}`, { cause });
  }
}

export function describeComparison(comparison: Comparison, before: Report, after: Report): string {
  const { changes, gone, added, isSameMachine } = comparison;
  const told = ORDER.flatMap((verdict) => changes.filter((change) => change.verdict === verdict));
  const count = (verdict: Verdict): number => changes.filter((change) => change.verdict === verdict).length;
  const parts = [
    `before: ${before.date} on ${describeMachine(before.machine)}\nafter:  ${after.date} on ${describeMachine(after.machine)}`,
    isSameMachine ? '' : 'These are different machines: only ratios to baselines are compared.',
    changes.length === 0 ? '' : tableOf(told),
    gone.length === 0 ? '' : `only before: ${gone.join(', ')}`,
    added.length === 0 ? '' : `only after: ${added.join(', ')}`,
    `${changes.length} benchmarks compared: ${ORDER.map((verdict) => `${count(verdict)} ${WORDS[verdict].toLowerCase()}`).join(', ')}`,
    RULE,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

const HEADER = ['benchmark', 'before', 'after', 'times better', 'by the baseline', 'verdict'];
const LEFT: ReadonlySet<number> = new Set([0, 5]);

const tableOf = (changes: readonly Change[]): string =>
  aligned(
    [
      HEADER,
      ...changes.map(({ name, before, after, times, timesByBaseline, verdict }) => [
        name,
        formatValue(before.median, before.unit),
        formatValue(after.median, after.unit),
        formatRatio(times),
        timesByBaseline === null ? '' : formatRatio(timesByBaseline),
        WORDS[verdict],
      ]),
    ],
    LEFT,
  );
