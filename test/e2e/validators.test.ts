import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpClient, type HttpClient } from '../../src/cli/http-client.ts';
import type { ApprovalAnswer, ValidatorsStatus } from '../../src/cli/validators/status.ts';
import type { SchemeName } from '../../src/index.ts';
import {
  createTestnet,
  eventually,
  hotstuffMeanwhile,
  NodeProcess,
  portsInARow,
  type Testnet,
} from './support/nodes.ts';

const CLIENTS = 8;

let testnet: Testnet;
let client: HttpClient;
const joined: NodeProcess[] = [];
let load: Load | null = null;

afterEach(async () => {
  await load?.stop();
  load = null;
  await Promise.all(joined.splice(0).map((node) => node.end('SIGKILL')));
  await testnet.remove();
  client.close();
});

/** Clients that put unique keys without a pause, each at one node after the other. */
interface Load {
  /** The height at which each key was acknowledged. */
  readonly acknowledged: ReadonlyMap<string, number>;
  /** Answers other than 200, but for 503: "busy, try again". */
  readonly failures: readonly string[];
  stop(): Promise<void>;
}

function startLoad(nodes: readonly NodeProcess[]): Load {
  const acknowledged = new Map<string, number>();
  const failures: string[] = [];
  let isOver = false;
  let next = 0;
  async function put(number: number): Promise<void> {
    const key = `key-${number}`;
    for (let attempt = number; ; attempt++) {
      const { url } = nodes[attempt % nodes.length] as NodeProcess;
      const answer = await client.request(`${url}/kv/${key}`, {
        method: 'PUT',
        body: Buffer.from(`${number}`),
      });
      if (answer.status === 200) {
        const { height } = JSON.parse(answer.body.toString()) as { readonly height: number };
        acknowledged.set(key, height);
        return;
      }
      if (answer.status !== 503) failures.push(`${url}: ${answer.status} ${answer.body.toString()}`);
      await sleep(20);
    }
  }
  const runClient = async (): Promise<void> => {
    while (!isOver) await put(next++).catch((error: unknown) => failures.push(String(error)));
  };
  const running = Promise.all(Array.from({ length: CLIENTS }, runClient));
  return {
    acknowledged,
    failures,
    async stop() {
      isOver = true;
      await running;
    },
  };
}

/** The load goes on: so many more writes are acknowledged. */
const moreWrites = ({ acknowledged }: Load, count: number): Promise<true> => {
  const enough = acknowledged.size + count;
  return eventually(`${count} more writes`, () => Promise.resolve(acknowledged.size >= enough || null));
};

async function start(scheme: SchemeName, validators: number): Promise<NodeProcess[]> {
  client = createHttpClient({ connections: 4 * CLIENTS, timeoutMs: 240_000 });
  testnet = await createTestnet(scheme, validators);
  await testnet.startAll();
  return [...testnet.nodes];
}

/** A new node, made by `hotstuff join` and started, that has caught up and is connected to `others`. */
async function joinNode(
  name: string,
  others: readonly NodeProcess[],
  askedFrom: NodeProcess,
): Promise<NodeProcess> {
  const home = join(testnet.dir, name);
  const port = await portsInARow(2);
  const made = await hotstuffMeanwhile(
    ...['join', '--home', home, '--genesis', join(others[0]!.home, 'genesis.json')],
    ...[
      '--peers-from',
      askedFrom.url,
      '--listen',
      `127.0.0.1:${port}`,
      '--http-port',
      `${port + 1}`,
      '--json',
    ],
  );
  expect(made).toMatchObject({ code: 0, stderr: '' });
  // Long enough for a request that waits for another command on a busy machine.
  const config = join(home, 'config.json');
  const settings = JSON.parse(readFileSync(config, 'utf8')) as { http: object };
  writeFileSync(config, JSON.stringify({ ...settings, http: { ...settings.http, waitMs: 240_000 } }));
  const node = new NodeProcess(home, `http://127.0.0.1:${port + 1}`);
  joined.push(node);
  await node.start();
  const { id } = JSON.parse(made.stdout) as { readonly id: string };
  const goal = (await others[0]!.status()).height ?? 0;
  await eventually(`${name} in the mesh`, async () => {
    const statuses = await Promise.all(others.map((other) => other.status()));
    return statuses.every(({ peers }) => peers.includes(id)) || null;
  });
  await eventually(
    `${name} at height ${goal}`,
    async () => ((await node.status()).height ?? -1) >= goal || null,
  );
  expect(await node.status()).toMatchObject({ id, role: 'listener', isValidator: false });
  return node;
}

async function validatorsOf({ url }: NodeProcess): Promise<ValidatorsStatus> {
  return client.json<ValidatorsStatus>(`${url}/validators`);
}

/** One operator's request, as with curl. */
async function post({ home, url }: NodeProcess, body: object) {
  const token = readFileSync(join(home, 'keys', 'admin-token'), 'utf8').trim();
  const answer = await client.request(`${url}/validators`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
    body: Buffer.from(JSON.stringify(body)),
  });
  return { status: answer.status, body: JSON.parse(answer.body.toString()) as ApprovalAnswer };
}

const powersOf = ({ validators }: Pick<ValidatorsStatus, 'validators'>): Record<string, number> =>
  Object.fromEntries(validators.map(({ id, power }) => [id, power]));

/** Every node sees the same set, decided, sooner or later. */
async function expectSet(nodes: readonly NodeProcess[], powers: Record<string, number>): Promise<void> {
  for (const node of nodes) {
    const seen = await eventually(`the set at ${node.home}`, async () => {
      const status = await validatorsOf(node);
      return status.decided && Object.keys(powersOf(status)).length === Object.keys(powers).length
        ? status
        : null;
    });
    expect(powersOf(seen)).toEqual(powers);
  }
}

/** All nodes have everything that was acknowledged, and the same state. */
async function expectSameState(nodes: readonly NodeProcess[], { acknowledged }: Load): Promise<void> {
  const height = Math.max(...acknowledged.values());
  const blocks = [];
  for (const node of nodes) {
    blocks.push(await eventually(`height ${height} at ${node.home}`, () => node.block(height)));
    for (const key of acknowledged.keys()) {
      const got = await client.request(`${node.url}/kv/${key}`);
      expect([key, got.status, got.body.toString()]).toEqual([key, 200, key.slice('key-'.length)]);
    }
    expect((await node.status()).divergence).toBeNull();
  }
  for (const block of blocks) expect(block).toEqual(blocks[0]);
}

const idsOf = (nodes: readonly NodeProcess[]): Promise<string[]> =>
  Promise.all(nodes.map(async (node) => (await node.status()).id));

describe.each<SchemeName>(['bls12381', 'ed25519'])(
  'the validator set of a cluster of processes with %s',
  (scheme) => {
    it('takes a fifth in, changes powers and lets the first go under load, without a failed write', async () => {
      const nodes = await start(scheme, 4);
      const ids = await idsOf(nodes);
      load = startLoad(nodes);
      await moreWrites(load, 50);

      // A new node: follows first, and becomes a validator while it runs.
      const fifth = await joinNode('node4', nodes, nodes[1]!);
      ids.push((await fifth.status()).id);
      nodes.push(fifth);
      const added = await hotstuffMeanwhile('validators', 'add', fifth.url, '--home', testnet.dir);
      expect(added).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('update 1 is made and decided'),
      });
      await expectSet(nodes, Object.fromEntries(ids.map((id) => [id, 1])));
      await moreWrites(load, 50);
      expect(await fifth.status()).toMatchObject({ role: 'validator', isValidator: true });

      // Powers, as operators with curl change them, each at a node of their own.
      const change = { set: [{ id: ids[2], power: 2 }], number: 2 };
      const said = await Promise.all(nodes.slice(0, 4).map((node) => post(node, change)));
      expect(said.map(({ status }) => status).sort()).toEqual([200, 202, 202, 202]);
      const made = said.find(({ status }) => status === 200)!.body;
      expect(made).toMatchObject({ status: 'applied', number: 2, totalPower: 6 });
      expect((await nodes[0]!.block(made.height!))?.blockHash).toBe(made.blockHash);
      await moreWrites(load, 50);

      // The first goes, and follows as a listener that serves reads and takes writes.
      const gone = await hotstuffMeanwhile(
        ...[
          'validators',
          'remove',
          ids[0]!.slice(0, 16),
          '--json',
          '--home',
          ...nodes.map(({ home }) => home),
        ],
      );
      expect(JSON.parse(gone.stdout)).toMatchObject({ status: 'applied' });
      await moreWrites(load, 50);
      await load.stop();
      expect(load.failures).toEqual([]);
      const powers = { [ids[1]!]: 1, [ids[2]!]: 2, [ids[3]!]: 1, [ids[4]!]: 1 };
      await expectSet(nodes, powers);
      await expectSameState(nodes, load);
      expect(await nodes[0]!.status()).toMatchObject({ role: 'listener', isValidator: false });

      // Both find themselves in their new roles after a restart, with nothing changed by hand.
      for (const node of [nodes[0]!, fifth]) {
        expect(await node.end('SIGTERM')).toBe(0);
        await node.start();
      }
      expect(await nodes[0]!.status()).toMatchObject({ role: 'listener' });
      expect(await fifth.status()).toMatchObject({ role: 'validator' });
      // Power 4 of 5 is the quorum: the new set commits with one of power 1 away.
      expect(await nodes[3]!.end('SIGTERM')).toBe(0);
      const put = await client.request(`${nodes[0]!.url}/kv/last`, {
        method: 'PUT',
        body: Buffer.from('last'),
      });
      expect(put.status).toBe(200);
      const { height } = JSON.parse(put.body.toString()) as { readonly height: number };
      const got = await client.request(`${fifth.url}/kv/last?minHeight=${height}`);
      expect(got.body.toString()).toBe('last');
    });

    it('is replaced as a whole, and changed again right away, under load', async () => {
      const old = await start(scheme, 2);
      const nodes = [...old];
      load = startLoad(nodes);
      await moreWrites(load, 20);
      const fresh = [await joinNode('node2', old, old[0]!)];
      // The second one learns of the first from a node that the first told of itself.
      fresh.push(await joinNode('node3', [...old, ...fresh], fresh[0]!));
      const selves = await Promise.all(fresh.map(async (node) => (await validatorsOf(node)).self));
      nodes.push(...fresh);

      const file = join(testnet.dir, 'replacement.json');
      const set = selves.map(({ id, possession }) => ({ id, power: 1, possession }));
      writeFileSync(file, JSON.stringify({ set, remove: await idsOf(old) }));
      // The next update waits at the nodes of the new set until they are in charge, and is made at once then.
      const next = { set: [{ id: selves[0]!.id, power: 5 }], number: 2 };
      const early = fresh.map((node) => post(node, next));
      const replaced = await hotstuffMeanwhile(
        'validators',
        'update',
        file,
        '--home',
        ...old.map(({ home }) => home),
      );
      expect(replaced).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('update 1 is made and decided'),
      });
      const said = await Promise.all(early);
      expect(said.map(({ status }) => status).sort()).toEqual([200, 202]);
      await moreWrites(load, 50);
      await load.stop();
      expect(load.failures).toEqual([]);
      await expectSet(nodes, { [selves[0]!.id]: 5, [selves[1]!.id]: 1 });
      await expectSameState(nodes, load);

      // The old ones are not needed any more.
      for (const node of old) expect(await node.end('SIGTERM')).toBe(0);
      const put = await client.request(`${fresh[1]!.url}/kv/new`, {
        method: 'PUT',
        body: Buffer.from('new'),
      });
      expect(put.status).toBe(200);
    });
  },
);
