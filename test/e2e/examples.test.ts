import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
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
