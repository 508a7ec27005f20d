import type { Result } from '../result.ts';
import { formatRatio, formatValue } from './format.ts';
import type { Machine } from './machine.ts';

const HEADER = ['benchmark', 'median', 'p5', 'p95', 'samples', 'baseline', 'median', 'ratio'];
const LEFT_COLUMNS: ReadonlySet<number> = new Set([0, 5]);

/** A table for a terminal: times or rates, and how many times better than the baseline they are. */
export const table = (results: readonly Result[]): string =>
  aligned([HEADER, ...results.map(rowOf)], LEFT_COLUMNS);

/** Rows of cells under a header, columns lined up; those of `left` at their left. */
export function aligned(rows: readonly (readonly string[])[], left: ReadonlySet<number>): string {
  const [header = []] = rows;
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    left.has(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  const lines = rows.map((row) => row.map(pad).join('  ').trimEnd());
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return lines.join('\n');
}

const rowOf = ({ name, unit, median, p5, p95, samples, baseline, ratio }: Result): string[] => [
  name,
  formatValue(median, unit),
  formatValue(p5, unit),
  formatValue(p95, unit),
  `${samples}`,
  baseline?.name ?? '',
  baseline === undefined ? '' : formatValue(baseline.median, unit),
  ratio === undefined ? '' : formatRatio(ratio),
];

export const describeMachine = ({ cpu, cores, memoryGiB, os, node }: Machine): string =>
  `${cpu}, ${cores} cores, ${memoryGiB} GiB; ${os}; Node.js ${node}`;
