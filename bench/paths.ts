import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, from a source file and from the bundle of it alike. */
export const ROOT = rootAbove(dirname(fileURLToPath(import.meta.url)));

/** Where what is made lies, on a disk where the system's own temporary directory often is not. Git ignores it. */
export const BUILD = join(ROOT, 'build');

/** A bundled program of bench/, for a process of its own. */
export const programAt = (name: string): string => join(BUILD, 'bench', `${name}.mjs`);

/** A program of native/core/examples. Throws when the caller was not started by `npm run bench`. */
export function rustProgram(name: string): string {
  const directory = process.env['HOTSTUFF_BENCH_RUST'];
  if (directory === undefined)
    throw new Error('the programs in Rust are not built: start with "npm run bench"');
  return join(directory, name);
}

function rootAbove(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new Error('no package.json above the benchmarks');
  return rootAbove(parent);
}
