import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root: all scripts work from there, wherever they are called from. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Runs a program with the terminal passed through to it.
 *
 * Programs of the installed packages are found first, as under `npm run`.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string>>} [env] added to the environment
 * @returns {Promise<number>} its exit code; 1 when a signal ended it
 */
export function run(program, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], { cwd: root, stdio: 'inherit', env: environment(env) });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/**
 * Asks a program something short.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {string | null} what it printed, or null when it is missing or fails
 */
export function ask(program, args) {
  const answer = spawnSync(program, [...args], { cwd: root, encoding: 'utf8', env: environment({}) });
  return answer.status === 0 ? answer.stdout : null;
}

/**
 * A duration for people.
 *
 * @param {number} startMs as `performance.now()` gave it
 */
export function secondsSince(startMs) {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}

/** @param {Readonly<Record<string, string>>} added */
function environment(added) {
  const path = [join(root, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(':');
  return { ...process.env, PATH: path, ...added };
}
