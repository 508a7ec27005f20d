import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryNetworkHub, createMemoryStore } from '../../src/adapters/memory/index.ts';
import { createSigner, generateKeys } from '../../src/adapters/native/index.ts';
import { createVerifier } from '../../src/adapters/piscina/index.ts';
import { startReplica } from '../../src/runtime/replica.ts';
import { initializeStorage } from '../../src/storage/genesis.ts';
import { genesisOf } from '../unit/runtime/support/cluster.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hotstuff-examples-'));
});

afterAll(() => rm(dir, { recursive: true }));

/** Runs an example as its comment says; what it printed. Rejects when it fails. */
async function run(example: string, ...args: string[]): Promise<string> {
  const program = ['--import', 'tsx', join(root, 'examples', example), ...args];
  const { stdout } = await promisify(execFile)(process.execPath, program, { cwd: root });
  return stdout;
}

it('four replicas agree on a counter', async () => {
  const lines = (await run('four-replicas.ts')).trim().split('\n');
  expect(lines).toHaveLength(4);
  for (const line of lines) expect(line).toMatch(/^replica \d: count 20, height \d+/);
});

it('commands survive a restart', async () => {
  const home = join(dir, 'durable');
  expect(await run('durable-commands.ts', home)).toMatch(/at height none.*bob -100: refused.*alice has 7/s);
  expect(await run('durable-commands.ts', home)).toMatch(/at height \d+.*alice has 14/s);
});

/** The first of `count` ports in a row that are free now. */
async function freeRange(count: number): Promise<number> {
  for (let base = 20_000 + Math.floor(Math.random() * 10_000); ; base += count) {
    const servers = Array.from({ length: count }, (_, at) => createServer().listen(base + at, '127.0.0.1'));
    const listening = await Promise.allSettled(servers.map((server) => once(server, 'listening')));
    for (const server of servers) server.close();
    if (listening.every(({ status }) => status === 'fulfilled')) return base;
  }
}

describe('a service of four nodes', () => {
  const nodes: ChildProcess[] = [];
  let home: string;
  let port: number;

  beforeAll(async () => {
    home = join(dir, 'service');
    port = await freeRange(14);
    await run('embedded-service.ts', home, 'init', `${port}`);
    await Promise.all([0, 1, 2, 3].map(start));
  });

  afterAll(() => {
    for (const node of nodes) node.kill('SIGKILL');
  });

  async function start(index: number): Promise<void> {
    const program = [
      '--import',
      'tsx',
      join(root, 'examples', 'embedded-service.ts'),
      home,
      `${index}`,
      `${port}`,
    ];
    const node = spawn(process.execPath, program, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    nodes[index] = node;
    await Promise.race([
      once(node.stdout, 'data'),
      once(node, 'exit').then(() => Promise.reject(new Error(`node ${index} ended`))),
    ]);
  }

  const url = (index: number, path: string): string => `http://127.0.0.1:${port + index}/${path}`;
  const post = async (index: number, path: string): Promise<string> =>
    (await fetch(url(index, path), { method: 'POST' })).text();
  const get = async (index: number, path: string): Promise<string> =>
    (await (await fetch(url(index, path))).text()).trim();

  it('takes commands at any node, with one of them killed, which catches up', async () => {
    expect(await post(0, 'alice?amount=10')).toMatch(/^10 at height \d+\n$/);
    nodes[3]!.kill('SIGKILL');
    await once(nodes[3]!, 'exit');
    expect(await post(1, 'alice?amount=-3')).toMatch(/^7 at height /);
    expect(await post(2, 'alice?amount=-8')).toMatch(/^refused at height /);
    await start(3);
    await expect.poll(() => get(3, 'alice'), { timeout: 60_000 }).toBe('7');
  });

  it('ends when it is told to', async () => {
    const ended = nodes.map((node) => once(node, 'exit'));
    for (const node of nodes) node.kill('SIGINT');
    expect((await Promise.all(ended)).map(([code]) => code)).toEqual([0, 0, 0, 0]);
  });
});

it('the README shows code of the examples', async () => {
  const sources = (await readdir(join(root, 'examples'))).map((name) =>
    readFileSync(join(root, 'examples', name), 'utf8'),
  );
  const lines = (text: string): string => text.replaceAll(/^ +/gm, '');
  const blocks = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)];
  expect(blocks.length).toBeGreaterThan(0);
  for (const [, block] of blocks)
    expect(sources.some((source) => lines(source).includes(lines(block!)))).toBe(true);
});

it('a recorded trace is replayed', async () => {
  const scheme = 'ed25519';
  const keys = generateKeys(scheme);
  const store = createMemoryStore();
  await initializeStorage(store, genesisOf(scheme, [keys]), keys.id);
  const verifier = createVerifier({ scheme, workers: 0 });
  const replica = await startReplica({
    app: { produceBlock: () => ({ data: [] }), validateBlock: () => ({ valid: true }) },
    store,
    network: createMemoryNetworkHub().connect(keys.id),
    signer: createSigner(scheme, keys.secretKey),
    verifier,
    traceDir: dir,
  });
  for await (const { type } of replica.events()) if (type === 'block-committed') break;
  await replica.close();
  await verifier[Symbol.asyncDispose]();

  const file = join(dir, `${keys.id.slice(0, 16)}-00000001.trace`);
  expect(await run('replay-trace.ts', file)).toMatch(/recovered: started.*block-committed.*\d+ inputs\n$/s);
  await expect(run('replay-trace.ts', join(root, 'package.json'))).rejects.toThrow(/not a trace/);
});
