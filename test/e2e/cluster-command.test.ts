import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { ClusterResult } from '../../src/cli/cluster/cluster.ts';
import type { SchemeName } from '../../src/index.ts';
import { eventually, hotstuff, MAIN, portsInARow, temporaryDirectory } from './support/nodes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let directory: { readonly path: string; remove(): void } | null = null;

afterEach(() => {
  directory?.remove();
  directory = null;
});

function resultOf(stdout: string): ClusterResult {
  return JSON.parse(stdout) as ClusterResult;
}

describe('hotstuff cluster', () => {
  it.each<[SchemeName, string]>([
    ['bls12381', 'http'],
    ['ed25519', 'http'],
    ['bls12381', 'direct'],
    ['ed25519', 'direct'],
  ])('orders a load with %s, submitted by %s, and prints one JSON object', async (scheme, load) => {
    const port = await portsInARow(4);
    const { code, stdout, stderr } = hotstuff(
      ...['cluster', '--duration', '5', '--json', '--scheme', scheme, '--load', load],
      ...['--http-port', `${port}`, '--clients', '32', '--command-size', '100'],
    );
    expect([code, stderr]).toEqual([0, '']);
    const result = resultOf(stdout);
    expect(result).toMatchObject({ nodes: 4, scheme, load, durable: true, stateHashesEqual: true });
    expect(result.appStateHash).toMatch(/^[0-9a-f]{64}$/);
    const { committedBlocks, committedCommands, commandsPerSecond, viewsPerSecond, latencyMs } = result;
    for (const measure of [
      committedBlocks,
      committedCommands,
      commandsPerSecond,
      viewsPerSecond,
      latencyMs.p50,
    ]) {
      expect(measure).toBeGreaterThan(0);
    }
    expect(latencyMs.p99).toBeGreaterThanOrEqual(latencyMs.p50);
  });

  it('is what npm start runs', async () => {
    const port = await portsInARow(4);
    const args = ['start', '--silent', '--', '--duration', '3', '--json', '--http-port', `${port}`];
    const child = spawn('npm', args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
    expect(resultOf(stdout)).toMatchObject({ nodes: 4, scheme: 'bls12381', stateHashesEqual: true });
  });

  it('serves on its ports, says plainly how it does, and stops cleanly at Ctrl-C, keeping the directory it was given', async () => {
    directory = temporaryDirectory();
    const dir = join(directory.path, 'net');
    const port = await portsInARow(2);
    const args = ['cluster', '--no-load', '--validators', '2', '--dir', dir, '--http-port', `${port}`];
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await eventually('a line', () => Promise.resolve(/^t=\d+s height=\d+ views\/s=/m.test(stdout) || null));
    const put = await fetch(`http://127.0.0.1:${port}/kv/a`, { method: 'PUT', body: 'b' });
    const { height } = (await put.json()) as { readonly height: number };
    const got = await fetch(`http://127.0.0.1:${port + 1}/kv/a?minHeight=${height}`);
    expect(await got.text()).toBe('b');
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(stdout).toMatch(/all nodes have the same state at height \d+: [0-9a-f]{64}\n$/);
    expect(readdirSync(dir)).toEqual(['node0', 'node1']);
    await expect(fetch(`http://127.0.0.1:${port}/status`)).rejects.toThrow();
  });

  it('says which node could not start, and why, and leaves nothing behind', async () => {
    const port = await portsInARow(3);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port + 1, '127.0.0.1', resolve));
    const { code, stderr } = hotstuff(
      'cluster',
      '--validators',
      '3',
      '--http-port',
      `${port}`,
      '--duration',
      '1',
    );
    server.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^hotstuff: node 1 did not start \(exit code 1\): [^\n]*is taken by another program[^\n]*\n$/,
    );
    await expect(fetch(`http://127.0.0.1:${port}/status`)).rejects.toThrow();
  });
});

describe('the command line', () => {
  it.each(['cluster', 'testnet', 'run', 'status', 'keygen', 'init'])(
    'explains %s with examples',
    (command) => {
      const { code, stdout } = hotstuff(command, '--help');
      expect(code).toBe(0);
      expect(stdout).toContain(`Usage: hotstuff ${command}`);
      expect(stdout).toContain(`\nExamples:\n  hotstuff ${command}`);
    },
  );

  it.each([
    [['nonsense'], "unknown command 'nonsense'"],
    [['run'], "required option '--home <dir>' not specified"],
    [['testnet', '--dir', 'x'], "required option '--validators <n>' not specified"],
    [['testnet', '--dir', 'x', '--validators', '0'], 'It must be a whole number from 1 to 64.'],
    [['cluster', '--scheme', 'rsa'], 'Allowed choices are bls12381, ed25519.'],
    [['cluster', '--workers', 'x'], 'It must be auto or a whole number from 0 to 64.'],
    [['cluster', '--nonsense'], "unknown option '--nonsense'"],
  ])('refuses %j in one line', (args, message) => {
    const { code, stdout, stderr } = hotstuff(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^hotstuff: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });

  it('refuses ports that there are not', () => {
    const { code, stderr } = hotstuff('cluster', '--http-port', '65534');
    expect([code, stderr]).toEqual([1, expect.stringContaining('4 nodes need ports up to 65537')]);
  });
});

describe('hotstuff testnet and keygen', () => {
  it('make homes whose keys nobody else may read, and never overwrite any', () => {
    directory = temporaryDirectory();
    const dir = join(directory.path, 'net');
    const made = hotstuff('testnet', '--validators', '4', '--dir', dir, '--json');
    expect(made.code).toBe(0);
    const { scheme, homes } = JSON.parse(made.stdout) as {
      readonly scheme: string;
      readonly homes: string[];
    };
    expect(scheme).toBe('bls12381');
    expect(homes).toEqual([0, 1, 2, 3].map((index) => join(dir, `node${index}`)));
    const ids = homes.map((home) => {
      const path = join(home, 'keys', 'validator.json');
      for (const name of readdirSync(join(home, 'keys'))) {
        expect(statSync(join(home, 'keys', name)).mode & 0o777).toBe(0o600);
      }
      expect(statSync(join(home, 'keys')).mode & 0o777).toBe(0o700);
      expect(existsSync(join(home, 'data', 'data.mdb'))).toBe(true);
      const key = JSON.parse(readFileSync(path, 'utf8')) as {
        readonly id: string;
        readonly usedSince: string;
      };
      expect(Date.parse(key.usedSince)).not.toBeNaN();
      return key.id;
    });
    expect(new Set(ids).size).toBe(4);
    expect(new Set(homes.map((home) => readFileSync(join(home, 'genesis.json'), 'utf8'))).size).toBe(1);

    const again = hotstuff('testnet', '--validators', '4', '--dir', dir);
    expect([again.code, again.stderr]).toEqual([
      1,
      expect.stringContaining('is not empty; choose another --dir'),
    ]);
    const key = hotstuff('keygen', '--home', homes[0] as string);
    expect([key.code, key.stderr]).toEqual([1, expect.stringContaining('there is a key already')]);
    const init = hotstuff('init', '--home', homes[0] as string);
    expect([init.code, init.stderr]).toEqual([1, expect.stringContaining('initialised already')]);
  });
});
