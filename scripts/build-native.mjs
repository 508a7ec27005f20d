// Builds the Rust addon into build/hotstuff-native.node, with its types beside it.
//
// Cargo decides whether anything has to be compiled. The results are put in place by renaming, and only when
// they differ: a process that has the old addon mapped keeps it whole.

import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { ask, root, run } from './shell.mjs';

const CARGO_MINIMUM = { major: 1, minor: 88 };
const RESULTS = ['hotstuff-native.node', 'hotstuff-native.d.ts'];

const missing = missingTool();
if (missing !== null) {
  console.error(`\nhotstuff-ts: cannot build the native addon: ${missing}\n`);
  process.exit(1);
}

const staging = join('target', 'addon');
const code = await run('napi', [
  'build',
  '--release',
  '--manifest-path',
  'native/addon/Cargo.toml',
  '--output-dir',
  staging,
  '--dts',
  'hotstuff-native.d.ts',
]);
if (code !== 0) {
  console.error('\nhotstuff-ts: building the native addon failed; the reason is above.\n');
  process.exit(code);
}

mkdirSync(join(root, 'build'), { recursive: true });
for (const name of RESULTS) {
  const fresh = join(root, staging, name);
  const place = join(root, 'build', name);
  if (!sameContent(fresh, place)) renameSync(fresh, place);
}

/** @returns {string | null} what to install, or null when all is there */
function missingTool() {
  const wanted = `${CARGO_MINIMUM.major}.${CARGO_MINIMUM.minor}`;
  const remedy = `Install Rust ${wanted} or newer with rustup (https://rustup.rs) and run the command again.`;
  const answer = ask('cargo', ['--version']);
  if (answer === null) return `cargo, the build tool of Rust, is not installed. ${remedy}`;
  const version = /^cargo (\d+)\.(\d+)/.exec(answer);
  const major = Number(version?.[1]);
  const minor = Number(version?.[2]);
  const newEnough =
    major > CARGO_MINIMUM.major || (major === CARGO_MINIMUM.major && minor >= CARGO_MINIMUM.minor);
  if (!newEnough) return `${answer.trim()} is too old. ${remedy}`;
  const compiler = process.env['CC'] ?? 'cc';
  if (process.platform !== 'win32' && ask(compiler, ['--version']) === null) {
    return `the C compiler "${compiler}" is not installed (on Debian and Ubuntu: apt-get install build-essential).`;
  }
  return null;
}

/**
 * @param {string} one
 * @param {string} other
 */
function sameContent(one, other) {
  try {
    return readFileSync(one).equals(readFileSync(other));
  } catch {
    return false;
  }
}
