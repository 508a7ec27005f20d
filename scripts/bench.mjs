// Runs bench/ against the library as it is published: what lies in dist is measured, compiled anew before, and never
// src through a loader that changes the code. Arguments go to the program in bench/; the first may name another one.

import { existsSync, mkdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { build } from 'esbuild';
import { ask, root, run } from './shell.mjs';

/** Programs of bench/ that can be run, each a process of its own. */
const PROGRAMS = [
  'main',
  'budgets/main',
  'budgets/cluster-run',
  'budgets/commands-run',
  'cluster/node',
  'cluster/floor-follower',
];

const OUT = join(root, 'build', 'bench');
const SRC = join(root, 'src') + sep;

/** Flags that only print something. */
const isJustAsking = process.argv.slice(2).some((argument) => ['--help', '--list'].includes(argument));

const program = process.argv[2] === 'budgets' ? 'budgets/main' : 'main';
const args = program === 'main' ? process.argv.slice(2) : process.argv.slice(3);

if (!existsSync(join(root, 'build', 'hotstuff-native.node')))
  fail('the addon is missing: run "npm run build"');
if (!(isJustAsking && existsSync(join(root, 'dist')))) {
  if ((await run('node', ['scripts/build-ts.mjs'])) !== 0) fail('src does not compile');
}
await bundle();
if (!isJustAsking && args[0] !== 'compare') await buildRust();
process.exit(await run(process.execPath, [join(OUT, `${program}.mjs`), ...args]));

async function bundle() {
  mkdirSync(OUT, { recursive: true });
  await build({
    entryPoints: PROGRAMS.map((name) => ({ in: join(root, 'bench', `${name}.ts`), out: name })),
    outdir: OUT,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    logLevel: 'warning',
    plugins: [
      {
        name: 'library from dist',
        setup(builder) {
          builder.onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir }) => {
            const target = join(resolveDir, path);
            if (!target.startsWith(SRC)) return null;
            const compiled = relative(SRC, target).replace(/\.ts$/, '.js');
            return { path: join(root, 'dist', compiled), external: true };
          });
        },
      },
    ],
  });
}

/** The programs in Rust that are measured beside the library, and those whose instructions are counted. */
async function buildRust() {
  const host = /^host: (.+)$/m.exec(ask('rustc', ['-vV']) ?? '')?.[1];
  if (host === undefined) return fail('rustc does not answer: install Rust with rustup (https://rustup.rs)');
  // The target is named so that what the addon was built of is not built a second time.
  const code = await run('cargo', [
    'build',
    '--release',
    '--locked',
    '--quiet',
    '--target',
    host,
    '--package',
    'hotstuff-native-core',
    '--examples',
  ]);
  if (code !== 0) fail('building native/core/examples failed');
  process.env['HOTSTUFF_BENCH_RUST'] = join(root, 'target', host, 'release', 'examples');
}

/**
 * @param {string} why
 * @returns {never}
 */
function fail(why) {
  console.error(`bench: ${why}`);
  process.exit(1);
}
