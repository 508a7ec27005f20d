import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
let temporary: string;

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'hotstuff-sim-test-'));
});
afterAll(() => rm(temporary, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as npm does; `onStderr` hears what it says while it runs. */
function command(
  args: readonly string[],
  onStderr: (text: string, interrupt: () => void) => void = () => {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      onStderr(stderr, () => child.kill('SIGINT'));
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('the processes', () => {
  test('of npm run sim end with its exit code and leave nothing behind', async () => {
    const { code, stdout } = await command(['sim/main.ts', '--seeds', '2', '--views', '20', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ seeds: 2, n: 4, violations: [] });
    expect(await ours()).toEqual([]);
    expect(await command(['sim/main.ts', '--n', 'many'])).toMatchObject({ code: 2, stdout: '' });
  });

  test('of npm run test:long end at Ctrl-C, with a summary, and leave nothing behind', async () => {
    const { code, stdout } = await command(['sim/long-main.ts', '--jobs', '2'], (text, interrupt) => {
      if (text.includes('Ctrl-C ends')) interrupt();
    });
    expect(code).toBe(0);
    expect(stdout).toContain('no violation');
    expect(await ours()).toEqual([]);
  });
});

const ours = async (): Promise<string[]> =>
  (await readdir(temporary)).filter((name) => /^hotstuff-sim-\w{6}$/.test(name));
