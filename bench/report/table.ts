import type { Result } from './case.ts';
import type { Machine } from './machine.ts';

/** What `--json` writes. */
export interface Report {
  readonly machine: Machine;
  /** ISO 8601. */
  readonly date: string;
  readonly results: readonly Result[];
}

/** A time in microseconds with three digits and its unit. */
export function time(us: number): string {
  if (us < 1) return `${digits(us * 1e3)} ns`;
  if (us < 1e3) return `${digits(us)} us`;
  if (us < 1e6) return `${digits(us / 1e3)} ms`;
  return `${digits(us / 1e6)} s`;
}

const digits = (value: number): string => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);

const HEADER = ['benchmark', 'median', 'p5', 'p95', 'samples', 'baseline', 'median', 'ratio'];
const LEFT_COLUMNS = new Set([0, 5]);

/** A table for a terminal: times or rates, and how many times better than the baseline they are. */
export function table(results: readonly Result[]): string {
  const rows = [HEADER, ...results.map(rowOf)];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        LEFT_COLUMNS.has(column)
          ? cell.padEnd(widths[column] as number)
          : cell.padStart(widths[column] as number),
      )
      .join('  ')
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return lines.join('\n');
}

const rowOf = ({ name, unit, median, p5, p95, samples, baseline, ratio }: Result): string[] => {
  const shown = (value: number): string => (unit === 'us' ? time(value) : `${digits(value)} ${unit}`);
  return [
    name,
    shown(median),
    shown(p5),
    shown(p95),
    `${samples}`,
    baseline?.name ?? '',
    baseline === undefined ? '' : shown(baseline.median),
    ratio === undefined ? '' : `${digits(ratio)}x`,
  ];
};

export const describeMachine = ({ cpu, cores, memoryGiB, os, node }: Machine): string =>
  `${cpu}, ${cores} cores, ${memoryGiB} GiB; ${os}; Node.js ${node}`;
