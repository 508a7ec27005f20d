// Checks everything that can be checked without running the library, and writes nothing into the source tree.
// All steps run, so that one look shows all that has to be fixed.

import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, root, run, secondsSince } from './shell.mjs';

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {() => Promise<number>} check resolves to 0 when all is well
 */

/** @type {readonly Step[]} */
const STEPS = [
  { name: 'format and lint', check: () => run('biome', ['ci', '--error-on-warnings']) },
  { name: 'types', check: () => run('tsc', ['--noEmit', '-p', 'tsconfig.json']) },
  {
    name: "types of the trace's page",
    check: () => run('tsc', ['--noEmit', '-p', 'trace-page/tsconfig.json']),
  },
  {
    name: 'import rules',
    check: () => run('depcruise', ['src', 'test', 'bench', 'sim', 'examples'].filter(isThere)),
  },
  { name: 'unused exports', check: () => run('knip', ['--no-progress']) },
  { name: 'package shape', check: checkPackage },
  { name: 'Rust format', check: () => cargoTool('fmt', ['--all', '--check']) },
  {
    name: 'Rust lint',
    check: () => cargoTool('clippy', ['--workspace', '--all-targets', '--locked', '--quiet']),
  },
];

/** @type {string[]} */
const failed = [];
for (const step of STEPS) {
  const start = performance.now();
  console.log(`-- ${step.name}`);
  const code = await step.check();
  console.log(`   ${code === 0 ? 'ok' : 'FAILED'} (${secondsSince(start)})\n`);
  if (code !== 0) failed.push(step.name);
}
if (failed.length > 0) {
  console.error(
    `verify failed: ${failed.join(', ')}. "npm run fix" repairs format and the simple lint findings.`,
  );
  process.exit(1);
}
console.log('verify: all is well');

/** Packs as for publishing, outside of the tree, and looks at the result as Node and TypeScript would. */
async function checkPackage() {
  if (!isThere('dist/index.js')) {
    console.error('   dist is missing: run "npm run build" first');
    return 1;
  }
  const directory = mkdtempSync(join(tmpdir(), 'hotstuff-ts-pack-'));
  try {
    const packed = ask('npm', ['pack', '--ignore-scripts', '--pack-destination', directory]);
    const name = readdirSync(directory).find((file) => file.endsWith('.tgz'));
    if (packed === null || name === undefined) {
      console.error('   "npm pack" failed');
      return 1;
    }
    const tarball = join(directory, name);
    const shape = await run('publint', ['run', tarball, '--strict']);
    const typing = ['--profile', 'esm-only', '--no-emoji', tarball];
    const types = await run('attw', ['--quiet', ...typing]);
    if (types !== 0) await run('attw', typing);
    return shape === 0 ? types : shape;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Formatter and linter are components of their own in some installations of Rust; the library builds without.
 *
 * @param {string} tool
 * @param {readonly string[]} args
 */
async function cargoTool(tool, args) {
  if (ask('cargo', [tool, '--version']) === null) {
    console.log(`   left out: "cargo ${tool}" is not installed`);
    return 0;
  }
  return run('cargo', [tool, ...args, ...(tool === 'clippy' ? ['--', '--deny', 'warnings'] : [])]);
}

/** @param {string} path */
function isThere(path) {
  return existsSync(join(root, path));
}
