import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NodeStatus } from '../../src/cli/node-status.ts';
import {
  createTestnet,
  eventually,
  hotstuff,
  NodeProcess,
  portsInARow,
  type Testnet,
} from './support/nodes.ts';

let testnet: Testnet;

beforeAll(async () => {
  testnet = await createTestnet('bls12381');
  await testnet.startAll();
});

afterAll(() => testnet.remove());

const node = (index: number): NodeProcess => testnet.nodes[index] as NodeProcess;

async function put(at: NodeProcess, key: string, value: string): Promise<number> {
  const answer = await fetch(`${at.url}/kv/${key}`, { method: 'PUT', body: value });
  expect(answer.status).toBe(200);
  const { height, blockHash } = (await answer.json()) as {
    readonly height: number;
    readonly blockHash: string;
  };
  expect((await eventually('the block', () => at.block(height))).blockHash).toBe(blockHash);
  return height;
}

describe('a running cluster', () => {
  it('takes writes at every node, and shows them at every other', async () => {
    for (const [index, writer] of testnet.nodes.entries()) {
      const height = await put(writer, `from-${index}`, `${index}`);
      for (const reader of testnet.nodes) {
        const got = await fetch(`${reader.url}/kv/from-${index}?minHeight=${height}`);
        expect([got.status, await got.text()]).toEqual([200, `${index}`]);
      }
    }
    const gone = await fetch(`${node(2).url}/kv/from-0`, { method: 'DELETE' });
    expect(gone.status).toBe(200);
    const { height } = (await gone.json()) as { readonly height: number };
    for (const reader of testnet.nodes) {
      expect((await fetch(`${reader.url}/kv/from-0?minHeight=${height}`)).status).toBe(404);
    }
    expect((await fetch(`${node(3).url}/kv/from-0`, { method: 'DELETE' })).status).toBe(404);
    const large = await fetch(`${node(0).url}/kv/a`, { method: 'PUT', body: 'x'.repeat(70_000) });
    expect(large.status).toBe(413);
  });

  it('is idle cheaply: no more views than its waits allow, a flush and few messages for each', async () => {
    const looks = async (): Promise<NodeStatus[]> => Promise.all(testnet.nodes.map((each) => each.status()));
    await put(node(0), 'idle', 'soon');
    // What was written is committed everywhere by then, and the leaders wait again.
    await sleep(1_000);
    const [before, startMs] = [await looks(), performance.now()];
    await sleep(5_000);
    const [after, seconds] = [await looks(), (performance.now() - startMs) / 1_000];
    for (const [index, last] of after.entries()) {
      const first = before[index] as NodeStatus;
      const views = last.counters.views - first.counters.views;
      const flushes = last.counters.flushes - first.counters.flushes;
      const messages = last.counters.messagesSent - first.counters.messagesSent;
      // A leader waits a tenth of a second for commands: ten views a second at most, and some do get by.
      expect(views).toBeGreaterThan(0);
      expect(views).toBeLessThanOrEqual(11 * seconds + 2);
      expect(flushes).toBeLessThanOrEqual(2 * views + 4);
      expect(messages).toBeLessThanOrEqual(3 * 4 * (views + 4));
    }
  });

  it('tells its state by hotstuff status, as a table and as JSON', async () => {
    const table = hotstuff('status', '--home', testnet.dir);
    expect(table.code).toBe(0);
    expect(table.stdout.trimEnd().split('\n')).toHaveLength(5);
    for (const { url } of testnet.nodes) expect(table.stdout).toContain(url);
    const json = hotstuff('status', node(0).url, '--home', node(1).home, '--json', '--interval', '1');
    const [first, second] = JSON.parse(json.stdout) as (NodeStatus & { readonly rates: object })[];
    expect(first).toMatchObject({
      role: 'validator',
      scheme: 'bls12381',
      isValidator: true,
      divergence: null,
      verifier: { queued: expect.any(Number), retried: 0, waitMs: { p99: expect.any(Number) } },
      rates: { viewsPerSecond: expect.any(Number), cpuPercent: expect.any(Number) },
    });
    expect(first?.peers).toHaveLength(3);
    expect(first?.id).not.toBe(second?.id);
    const down = hotstuff('status', 'http://127.0.0.1:9');
    expect([down.code, down.stdout]).toEqual([1, expect.stringContaining('ECONNREFUSED')]);
  });

  it('lets a listener follow and take writes, and environment and flags win over its configuration', async () => {
    const home = join(testnet.dir, 'listener');
    expect(hotstuff('keygen', '--home', home).code).toBe(0);
    cpSync(join(node(0).home, 'genesis.json'), join(home, 'genesis.json'));
    const config = JSON.parse(readFileSync(join(node(0).home, 'config.json'), 'utf8')) as {
      network: { listen: string; peers: Record<string, string> };
      http: { port: number };
    };
    const { id } = await node(0).status();
    config.network.peers[id] = config.network.listen;
    writeFileSync(join(home, 'config.json'), JSON.stringify(config));
    expect(hotstuff('init', '--home', home).code).toBe(0);
    const port = await portsInARow(2);
    const listener = new NodeProcess(home, `http://127.0.0.1:${port}`, {
      HOTSTUFF_ROLE: 'listener',
      HOTSTUFF_HTTP_PORT: '1',
      HOTSTUFF_LISTEN: `127.0.0.1:${port + 1}`,
    });
    try {
      await listener.start('--http-port', `${port}`);
      const height = await put(listener, 'by', 'a listener');
      const got = await fetch(`${node(3).url}/kv/by?minHeight=${height}`);
      expect(await got.text()).toBe('a listener');
      expect(await listener.status()).toMatchObject({ role: 'listener', isValidator: false });
    } finally {
      expect(await listener.end('SIGTERM')).toBe(0);
    }
  });

  it('answers what it has accepted when all its nodes are told to stop, and has it afterwards', async () => {
    const writes = Array.from({ length: 200 }, async (_, number) => {
      const at = node(number % 4);
      const answer = await fetch(`${at.url}/kv/last-${number}`, { method: 'PUT', body: `${number}` }).catch(
        () => null,
      );
      return answer?.status === 200 ? number : null;
    });
    await sleep(5);
    const ends = await Promise.all(testnet.nodes.map((each) => each.end('SIGTERM')));
    expect(ends).toEqual([0, 0, 0, 0]);
    const acknowledged = (await Promise.all(writes)).filter((number) => number !== null);
    await testnet.startAll();
    const height = await put(node(0), 'barrier', 'here');
    for (const number of acknowledged) {
      const got = await fetch(`${node(1).url}/kv/last-${number}?minHeight=${height}`);
      expect([number, await got.text()]).toEqual([number, `${number}`]);
    }
  });
});
