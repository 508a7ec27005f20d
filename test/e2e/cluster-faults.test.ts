import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpClient, type HttpClient } from '../../src/cli/http-client.ts';
import type { SchemeName } from '../../src/index.ts';
import { createTestnet, eventually, type NodeProcess, type Testnet } from './support/nodes.ts';

const WRITES = 10_000;
const CLIENTS = 200;

/** How long a node that was down may take to have what the others had when it came back. */
const CATCH_UP_MS = 30_000;

let testnet: Testnet;
let client: HttpClient;

afterEach(async () => {
  client.close();
  await testnet.remove();
});

const keyOf = (number: number): string => `key-${number}`;
const textOf = (number: number): string => `value of ${number}`;

interface Writing {
  /** The height at which each key was acknowledged. */
  readonly acknowledged: ReadonlyMap<number, number>;
  readonly done: Promise<unknown>;
}

/** `CLIENTS` clients that put unique keys, each at every node in turn until one acknowledges. */
function startWriting(nodes: readonly NodeProcess[]): Writing {
  const acknowledged = new Map<number, number>();
  let next = 0;
  async function put(number: number): Promise<void> {
    for (let attempt = number; ; attempt++) {
      const { url } = nodes[attempt % nodes.length] as NodeProcess;
      const body = Buffer.from(textOf(number));
      const answer = await client
        .request(`${url}/kv/${keyOf(number)}`, { method: 'PUT', body })
        .catch(() => null);
      if (answer?.status === 200) {
        const { height } = JSON.parse(answer.body.toString()) as { readonly height: number };
        acknowledged.set(number, height);
        return;
      }
      await sleep(20);
    }
  }
  const runClient = async (): Promise<void> => {
    while (next < WRITES) await put(next++);
  };
  return { acknowledged, done: Promise.all(Array.from({ length: CLIENTS }, runClient)) };
}

const written = ({ acknowledged }: Writing, count: number): Promise<true> =>
  eventually(`${count} writes`, () => Promise.resolve(acknowledged.size >= count || null));

async function start(scheme: SchemeName): Promise<readonly NodeProcess[]> {
  client = createHttpClient({ connections: CLIENTS, timeoutMs: 60_000 });
  testnet = await createTestnet(scheme);
  await testnet.startAll();
  return testnet.nodes;
}

/** Every acknowledged write can be read on every node, from its own state. */
async function expectAllReadable(nodes: readonly NodeProcess[], { acknowledged }: Writing): Promise<void> {
  const highest = Math.max(...acknowledged.values());
  for (const { url } of nodes) {
    const lost: number[] = [];
    const numbers = [...acknowledged.keys()];
    const runClient = async (): Promise<void> => {
      for (let number = numbers.pop(); number !== undefined; number = numbers.pop()) {
        const { status, body } = await client.request(`${url}/kv/${keyOf(number)}?minHeight=${highest}`);
        if (status !== 200 || body.toString() !== textOf(number)) lost.push(number);
      }
    };
    await Promise.all(Array.from({ length: 50 }, runClient));
    expect(lost).toEqual([]);
  }
  expect(acknowledged.size).toBe(WRITES);
}

/** All have the same app-state hash at the same heights. */
async function expectEqualStates(nodes: readonly NodeProcess[]): Promise<void> {
  const { height } = await (nodes[0] as NodeProcess).status();
  expect(height).toBeGreaterThan(0);
  const last = height as number;
  for (const at of [0, Math.floor(last / 2), last]) {
    const blocks = await Promise.all(nodes.map((node) => eventually(`block ${at}`, () => node.block(at))));
    expect(new Set(blocks.map(({ blockHash }) => blockHash)).size).toBe(1);
    expect(new Set(blocks.map(({ appStateHash }) => appStateHash)).size).toBe(1);
  }
}

describe.each<SchemeName>(['ed25519', 'bls12381'])(
  'four processes with %s, under writes at all of them',
  (scheme) => {
    it('lose nothing when one is killed and comes back from its disk', async () => {
      const nodes = await start(scheme);
      const writing = startWriting(nodes);
      const victim = nodes[2] as NodeProcess;
      await written(writing, WRITES / 5);
      expect(await victim.end('SIGKILL')).toBe('SIGKILL');
      await written(writing, (2 * WRITES) / 5);
      await victim.start();

      const target = (await (nodes[0] as NodeProcess).status()).height as number;
      const backMs = performance.now();
      await eventually(`height ${target} on the node that came back`, () => victim.block(target));
      expect(performance.now() - backMs).toBeLessThan(CATCH_UP_MS);

      await writing.done;
      await expectAllReadable(nodes, writing);
      await expectEqualStates(nodes);
    });

    it('go on when one stops for good', async () => {
      const nodes = await start(scheme);
      const writing = startWriting(nodes);
      await written(writing, WRITES / 5);
      expect(await (nodes[1] as NodeProcess).end('SIGTERM')).toBe(0);
      const living = nodes.filter(({ isRunning }) => isRunning);
      expect(living).toHaveLength(3);
      await writing.done;
      await expectAllReadable(living, writing);
      await expectEqualStates(living);
    });
  },
);
