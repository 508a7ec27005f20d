import { chmodSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createTestnet,
  hotstuff,
  type NodeProcess,
  type Testnet,
  temporaryDirectory,
} from './support/nodes.ts';

let testnet: Testnet;
let other: Testnet;
let spare: { readonly path: string; remove(): void };

beforeAll(async () => {
  spare = temporaryDirectory();
  testnet = await createTestnet('ed25519');
  other = await createTestnet('ed25519');
  // Some history to lose.
  await testnet.startAll();
  const put = await fetch(`${node(0).url}/kv/kept`, { method: 'PUT', body: 'kept' });
  expect(put.status).toBe(200);
  const { height } = (await put.json()) as { readonly height: number };
  for (const { url } of testnet.nodes) await fetch(`${url}/kv/kept?minHeight=${height}`);
  for (const each of testnet.nodes) await each.end('SIGTERM');
});

afterAll(async () => {
  await testnet.remove();
  await other.remove();
  spare.remove();
});

const node = (index: number): NodeProcess => testnet.nodes[index] as NodeProcess;

/** What `hotstuff run` says when it refuses to start: one line, and an exit code that is not 0. */
function refusal(home: string, ...args: readonly string[]): string {
  const { code, stdout, stderr } = hotstuff('run', '--home', home, ...args);
  expect(code).toBe(1);
  expect(stdout).toBe('');
  // LMDB's C code has a line of its own for a damaged page, which nobody can turn off; ours must be the only other.
  const ours = stderr.replace(/^page \d+ not found error\n/, '');
  expect(ours).toMatch(/^hotstuff: [^\n]+\n$/);
  return ours.slice('hotstuff: '.length, -1);
}

/** Changes something in node 0's home, sees how it refuses to start, and puts everything back. */
function refusalAfter(change: (home: string) => void, ...args: readonly string[]): string {
  const { home } = node(0);
  const copy = join(spare.path, 'copy');
  cpSync(home, copy, { recursive: true, preserveTimestamps: true });
  try {
    change(home);
    return refusal(home, ...args);
  } finally {
    rmSync(home, { recursive: true });
    renameSync(copy, home);
  }
}

const edit = (path: string, change: (json: Record<string, unknown>) => void): void => {
  const json = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  change(json);
  writeFileSync(path, JSON.stringify(json));
};

describe('a node refuses to start, in one clear line,', () => {
  it('with a key that is not its store’s', () => {
    const key = join('keys', 'validator.json');
    const said = refusalAfter((home) => cpSync(join(node(1).home, key), join(home, key)));
    expect(said).toMatch(
      /validator\.json: the key \S+ is not that of the store, which belongs to \S+; put that key back/,
    );
  });

  it('as a validator with a key that is in no set, and as a listener with one that is', () => {
    const home = join(spare.path, 'stranger');
    expect(hotstuff('keygen', '--home', home, '--scheme', 'ed25519').code).toBe(0);
    for (const name of ['config.json', 'genesis.json']) cpSync(join(node(0).home, name), join(home, name));
    expect(hotstuff('init', '--home', home).code).toBe(0);
    expect(refusal(home, '--role', 'validator')).toMatch(
      /^role: is validator, but the key \S+ of \S+ is not in the validator set/,
    );
    expect(refusalAfter(() => {}, '--role', 'listener')).toMatch(
      /^role: is listener, but the key \S+ of \S+ is in the validator set and would vote/,
    );
  });

  it('with a store of another chain', () => {
    const said = refusalAfter((home) =>
      cpSync(join(other.dir, 'node0', 'genesis.json'), join(home, 'genesis.json')),
    );
    expect(said).toMatch(
      /data: the store is of another chain \(\d+\) than \S+genesis\.json \(\d+\); put back/,
    );
  });

  it('with a key of another scheme than its chain', () => {
    const home = join(spare.path, 'other-scheme');
    hotstuff('keygen', '--home', home, '--scheme', 'bls12381');
    const key = join('keys', 'validator.json');
    const said = refusalAfter((mine) => cpSync(join(home, key), join(mine, key)));
    expect(said).toMatch(/validator\.json: scheme: is bls12381, but \S+genesis\.json is of ed25519/);
  });

  it('with a key that was used and a store that is empty', () => {
    const said = refusalAfter((home) => rmSync(join(home, 'data'), { recursive: true }));
    expect(said).toMatch(
      /data: the store is empty, but the key in \S+ is in use since \S+ and may have voted/,
    );
    const home = join(spare.path, 'wiped');
    cpSync(node(0).home, home, { recursive: true });
    rmSync(join(home, 'data'), { recursive: true });
    const { code, stderr } = hotstuff('init', '--home', home);
    expect([code, stderr]).toEqual([1, expect.stringContaining('may have voted')]);
  });

  it('with a store that was never initialised', () => {
    const home = join(spare.path, 'fresh');
    hotstuff('keygen', '--home', home, '--scheme', 'ed25519');
    for (const name of ['config.json', 'genesis.json']) cpSync(join(node(0).home, name), join(home, name));
    expect(refusal(home)).toMatch(/data: the store is empty; make it with: hotstuff init --home/);
  });

  it.each<[string, (path: string) => void]>([
    ['cut off', (path) => writeFileSync(path, readFileSync(path).subarray(0, 5_000))],
    ['full of noise', (path) => writeFileSync(path, Buffer.alloc(readFileSync(path).length, 0xa5))],
    ['no store at all', (path) => writeFileSync(path, 'hello')],
    [
      'damaged in its records',
      (path) => {
        const bytes = readFileSync(path);
        // Behind the two meta pages: every page of records.
        for (let at = 2 * 4_096 + 64; at < bytes.length; at += 97) bytes[at]! ^= 0xff;
        writeFileSync(path, bytes);
      },
    ],
  ])('with a store that is %s', (_, damage) => {
    const said = refusalAfter((home) => damage(join(home, 'data', 'data.mdb')));
    expect(said).toMatch(/store|data/);
  });

  it('and check finds the damage, too, or that there is none', () => {
    const { home } = node(0);
    const sound = hotstuff('check', '--home', home, '--json');
    expect(sound.code).toBe(0);
    const { records, committed } = JSON.parse(sound.stdout) as {
      readonly records: number;
      readonly committed: { readonly height: number };
    };
    expect(records).toBeGreaterThan(committed.height);
    expect(hotstuff('check', '--home', home).stdout).toContain(`up to height ${committed.height}, block`);
    // What was put is in its block and in the app state, and in pages that are not in use any more.
    const bytes = readFileSync(join(home, 'data', 'data.mdb'));
    const copy = join(spare.path, 'damaged');
    cpSync(home, copy, { recursive: true });
    const said: string[] = [];
    for (let at = bytes.indexOf('kept'); at >= 0; at = bytes.indexOf('kept', at + 4)) {
      const damaged = Buffer.from(bytes);
      damaged.write('lost', at);
      writeFileSync(join(copy, 'data', 'data.mdb'), damaged);
      const { code, stderr } = hotstuff('check', '--home', copy);
      expect([code, stderr]).toEqual(
        code === 0 ? [0, ''] : [1, expect.stringMatching(/^hotstuff: .*damaged/)],
      );
      said.push(stderr);
    }
    expect(said.filter((line) => line.includes('hotstuff join')).length).toBeGreaterThan(0);
    rmSync(copy, { recursive: true });
  });

  it('beside another process on the same home', async () => {
    await node(0).start();
    try {
      expect(refusal(node(0).home)).toMatch(/data.* in use by process \d+/);
      expect(hotstuff('check', '--home', node(0).home).stderr).toMatch(/data.* in use by process \d+/);
      expect((await node(0).status()).id).toMatch(/^[0-9a-f]{64}$/);
    } finally {
      expect(await node(0).end('SIGTERM')).toBe(0);
    }
  });

  it('on a taken port, for clients or for peers', async () => {
    const server = await new Promise<Server>((resolve) => {
      const listening = createServer().listen(0, '127.0.0.1', () => resolve(listening));
    });
    const { port } = server.address() as { readonly port: number };
    try {
      expect(refusal(node(0).home, '--http-port', `${port}`)).toMatch(
        new RegExp(`^http.port: 127.0.0.1:${port} is taken by another program; choose another port`),
      );
      expect(refusal(node(0).home, '--listen', `127.0.0.1:${port}`)).toMatch(
        new RegExp(`listen.*127.0.0.1:${port}`),
      );
    } finally {
      server.close();
    }
  });

  it.each<[string, (home: string) => void, RegExp]>([
    ['no configuration', (home) => rmSync(join(home, 'config.json')), /is no home of a node/],
    [
      'a configuration that is no JSON',
      (home) => writeFileSync(join(home, 'config.json'), '{'),
      /is not JSON/,
    ],
    [
      'a configuration that cannot be read',
      (home) => {
        rmSync(join(home, 'config.json'));
        mkdirSync(join(home, 'config.json'));
      },
      /config\.json: cannot be read/,
    ],
    [
      'a wrong setting',
      (home) => edit(join(home, 'config.json'), (json) => Object.assign(json, { viewTimeMs: 1 })),
      /^viewTimeMs: is 1; it must be at least 10/,
    ],
    [
      'a peer without a port',
      (home) => edit(join(home, 'config.json'), (json) => Object.assign(json, { network: { listen: 'x' } })),
      /listen/,
    ],
    ['no genesis', (home) => rmSync(join(home, 'genesis.json')), /genesis\.json: cannot be read/],
    [
      'a wrong genesis',
      (home) => edit(join(home, 'genesis.json'), (json) => Object.assign(json, { validators: [] })),
      /genesis\.json: .*validators/,
    ],
    ['no key', (home) => rmSync(join(home, 'keys', 'validator.json')), /validator\.json: cannot be read/],
    [
      'a key that others may read',
      (home) => chmodSync(join(home, 'keys', 'validator.json'), 0o644),
      /validator\.json: others may read it; run: chmod 600/,
    ],
    [
      'a key that is none',
      (home) => edit(join(home, 'keys', 'validator.json'), (json) => Object.assign(json, { secretKey: 'x' })),
      /validator\.json: secretKey: must be 64 lower-case hex digits/,
    ],
    [
      'a key whose name is not its own',
      (home) => edit(join(home, 'keys', 'validator.json'), (json) => Object.assign(json, { id: 'ab' })),
      /validator\.json: id: is not that of secretKey/,
    ],
    ['no TLS key', (home) => rmSync(join(home, 'keys', 'tls-key.pem')), /tls-key\.pem: cannot be read/],
    [
      'a TLS key that is none',
      (home) => writeFileSync(join(home, 'keys', 'tls-key.pem'), 'x'),
      /tls-certificate\.pem: are no TLS key and its certificate/,
    ],
  ])('with %s', (_, change, message) => {
    expect(refusalAfter(change)).toMatch(message);
  });
});

it('nothing was lost by all of this', async () => {
  const before = JSON.parse(readFileSync(join(node(0).home, 'keys', 'validator.json'), 'utf8')) as {
    id: string;
  };
  await testnet.startAll();
  expect((await node(0).status()).id).toBe(before.id);
  const got = await fetch(`${node(0).url}/kv/kept`);
  expect([got.status, await got.text()]).toEqual([200, 'kept']);
  const put = await fetch(`${node(0).url}/kv/more`, { method: 'PUT', body: 'more' });
  expect(put.status).toBe(200);
});
