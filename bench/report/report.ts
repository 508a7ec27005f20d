import type { Result } from '../result.ts';
import type { Machine } from './machine.ts';

/** What `--json` writes. */
export interface Report {
  readonly machine: Machine;
  /** ISO 8601. */
  readonly date: string;
  readonly results: readonly Result[];
}

/** Reads what `--json` wrote. Throws `Error` that says what is wrong with `text`. */
export function parseReport(text: string): Report {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error(`is no JSON: ${(cause as Error).message}`, { cause });
  }
  const { machine, date, results } = (json ?? {}) as Partial<Report>;
  if (
    typeof machine !== 'object' ||
    machine === null ||
    typeof date !== 'string' ||
    !Array.isArray(results)
  ) {
    throw new Error('is no report of "npm run bench -- --json": it needs machine, date and results');
  }
  for (const [index, result] of results.entries()) {
    const fault = faultOf(result);
    if (fault !== null) throw new Error(`results[${index}] ${fault}`);
  }
  return { machine, date, results };
}

const NUMBERS = ['median', 'p5', 'p95', 'samples'] as const;

function faultOf(result: Partial<Result> | null): string | null {
  if (typeof result?.name !== 'string' || typeof result.unit !== 'string') return 'has no name or no unit';
  const missing = NUMBERS.find((field) => typeof result[field] !== 'number');
  return missing === undefined ? null : `(${result.name}) has no number "${missing}"`;
}
