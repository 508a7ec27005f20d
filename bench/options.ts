import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Mode } from './case.ts';
import { BUILD } from './paths.ts';

export const HELP = `npm run bench -- [command] [options]

Measures this library's operations, each beside somebody else's in the same run (a ratio above 1 means that ours is
that many times better), and clusters of real processes under load, beside what the same blocks cost without
consensus: over TCP, hashed, neither signed nor written.

Commands
  (none)                 everything, or what --filter names
  targets                what docs/performance.md aims at, as the table that is in it
  sweep                  sizes of the worker pool, and which one to take on this machine
  compare A.json B.json  what became better or worse from A to B, beyond noise; exit code 1 when anything became worse
  budgets                counts that do not depend on the machine, against what is recorded ("budgets --help")

Options
  --filter TEXT   only benchmarks whose name contains TEXT; may be given several times
  --quick         fewer benchmarks and samples: a rough picture within a minute; everything takes ten
  --list          print the names and measure nothing
  --json FILE     write {machine, date, results} to FILE
  --html FILE     write the report with its charts to FILE; by default to build/bench/report.html
  --help          this text

Examples
  npm run bench -- --quick
  npm run bench -- --filter certificate/form --filter certificate/verify --json now.json
  npm run bench -- --filter cluster/n=4/512B/durable`;

export interface RunOptions {
  readonly command: 'run' | 'targets' | 'sweep';
  readonly filters: readonly string[];
  readonly mode: Mode;
  readonly list: boolean;
  readonly json: string | null;
  readonly html: string;
}

export type Options =
  | RunOptions
  | { readonly command: 'help' }
  | { readonly command: 'compare'; readonly files: readonly string[] };

/** Throws `Error` about the first argument that means nothing. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      filter: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      json: { type: 'string' },
      html: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { command: 'help' };
  const [command = 'run', ...rest] = positionals;
  if (command === 'compare') return { command, files: rest };
  if ((command !== 'run' && command !== 'targets' && command !== 'sweep') || rest.length > 0) {
    throw new Error(
      `there is no "${positionals.join(' ')}"; the commands are targets, sweep, compare and budgets`,
    );
  }
  return {
    command,
    filters: values.filter,
    mode: values.quick ? 'quick' : 'full',
    list: values.list,
    json: values.json ?? null,
    html: values.html ?? join(BUILD, 'bench', 'report.html'),
  };
}
