import { randomBytes } from 'node:crypto';
import { openLmdbStore } from '../../src/adapters/lmdb/index.ts';
import { createMemoryStore } from '../../src/adapters/memory/index.ts';
import { createSigner, nativeHasher, possessionCheck } from '../../src/adapters/native/index.ts';
import { createVerifier } from '../../src/adapters/piscina/index.ts';
import { createTlsNetwork } from '../../src/adapters/tls/index.ts';
import { openHttpService } from '../../src/cli/http-service.ts';
import { createKeyValueStore, encodePut, type KeyValueStore } from '../../src/cli/kv.ts';
import { type Load, startLoad } from '../../src/cli/load.ts';
import { createValidatorsService, type ValidatorsService } from '../../src/cli/validators/service.ts';
import {
  type App,
  asHeight,
  bytesToHex,
  genesisFromJson,
  genesisHash,
  hexToBytes,
  initializeStorage,
  type Replica,
  startReplica,
} from '../../src/index.ts';
import {
  CommandError,
  type CommandService,
  createStateMachine,
  DEFAULT_STATE_MACHINE_SETTINGS,
  type StateMachine,
} from '../../src/state-machine/index.ts';
import { createDelayProbe, type DelayProbe } from './delay-probe.ts';
import type { FromNode, NodeOptions, Reading, ToNode } from './protocol.ts';

// A node of a cluster under measurement: the library as an application embeds it, with the store and the block size
// that the benchmark asks for.

/** How long an HTTP write waits for its commit. */
const HTTP_WAIT_MS = 30_000;

const MAX_VALUE_BYTES = 64 * 1_024;

/** Below the chain's own limit on blocks, which counts the lengths too. */
const MAX_BLOCK_BYTES = 1_900_000;

interface Node {
  readonly replica: Replica;
  readonly commands: CommandService | null;
  readonly url: string | null;
}

const emptyBlocks: App = { produceBlock: () => ({ data: [] }), validateBlock: () => ({ valid: true }) };

const tell = (message: FromNode): void => {
  if (process.connected) process.send?.(message);
};

async function start(options: NodeOptions): Promise<Node> {
  const genesis = genesisFromJson(options.genesis);
  const { scheme, chainId, limits } = genesis.chain;
  const signer = createSigner(scheme, hexToBytes(options.secretKey));
  const store = options.data === null ? createMemoryStore() : await openLmdbStore({ path: options.data });
  await initializeStorage(store, genesis, signer.id, possessionCheck(scheme));
  const verifier = createVerifier({ scheme, workers: options.workers, trustKeys: true });
  const { identity, listen, peers } = options;
  const network = await createTlsNetwork({
    signer,
    verifier,
    chainId,
    chainLimits: limits,
    genesisHash: genesisHash(genesis),
    identity,
    listen,
    peers,
  });
  const kv = createKeyValueStore(genesis.chain);
  const { blockCommands, clients } = options;
  const machine = blockCommands === null ? null : machineOf(kv, blockCommands, clients);
  const app = machine?.app ?? emptyBlocks;
  const replica = await startReplica({ app, store, network, signer, verifier, hasher: nativeHasher });
  replica.closed.catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
  const commands = machine?.attach(replica) ?? null;
  let url: string | null = null;
  if (options.http && commands !== null) {
    const addresses = (): Readonly<Record<string, string>> => peers;
    const parts = { replica, commands, store: kv, signer, possession: null, addresses };
    url = await serveHttp(commands, createValidatorsService(parts));
  }
  return { replica, commands, url };
}

const machineOf = (kv: KeyValueStore, maxBlockCommands: number, clients: number): StateMachine =>
  createStateMachine({
    ...kv,
    settings: {
      maxBlockCommands,
      maxBlockBytes: MAX_BLOCK_BYTES,
      maxPending: Math.max(DEFAULT_STATE_MACHINE_SETTINGS.maxPending, clients),
      maxForwardedPerPeer: Math.max(DEFAULT_STATE_MACHINE_SETTINGS.maxForwardedPerPeer, clients),
    },
  });

async function serveHttp(commands: CommandService, validators: ValidatorsService): Promise<string> {
  const options = { host: '127.0.0.1', port: 0, maxValueBytes: MAX_VALUE_BYTES, waitMs: HTTP_WAIT_MS };
  const service = await openHttpService(options);
  service.serve({
    commands,
    validators,
    adminToken: randomBytes(32).toString('hex'),
    status: () => ({}),
    block: () => null,
  });
  return service.url;
}

function readingOf({ replica }: Node, load: Load | null, eventLoopDelayMs: number): Reading {
  const { height, counters } = replica.status();
  const { user, system } = process.cpuUsage();
  return {
    type: 'reading',
    height: height ?? -1,
    views: counters.views,
    committed: load?.committed ?? 0,
    failed: load?.failed ?? 0,
    latency: load?.latency.counts() ?? [],
    cpuSeconds: (user + system) / 1e6,
    eventLoopDelayMs,
  };
}

function stateAt(replica: Replica, height: number): string | null {
  const snapshot = replica.snapshot();
  try {
    const hash = snapshot.appStateHash(asHeight(height));
    return hash === null ? null : bytesToHex(hash);
  } finally {
    snapshot.close();
  }
}

const directLoad = (commands: CommandService, id: string, clients: number, valueBytes: number): Load =>
  startLoad({
    clients,
    valueBytes,
    prefix: id.slice(0, 8),
    write: async (_client, key, value) => {
      try {
        await commands.submit(encodePut(Buffer.from(key), value));
        return 'committed';
      } catch (error) {
        return error instanceof CommandError && error.code === 'pool-full' ? 'busy' : 'failed';
      }
    },
  });

function serveParent(): void {
  let delays: DelayProbe | null = null;
  let node: Node | null = null;
  let load: Load | null = null;
  const handle = async (message: ToNode): Promise<void> => {
    switch (message.type) {
      case 'start':
        node = await start(message.options);
        delays = createDelayProbe();
        return tell({ type: 'ready', url: node.url });
      case 'start-load':
        if (node?.commands == null) throw new Error('this node takes no commands');
        load = directLoad(node.commands, node.replica.id, message.clients, message.valueBytes);
        return;
      case 'stop-load':
        await load?.stop();
        return tell({ type: 'load-stopped' });
      case 'read':
        return tell(readingOf(node!, load, delays!.take()));
      case 'state':
        return tell({ type: 'state', hash: stateAt(node!.replica, message.height) });
      case 'stop':
        process.exit();
    }
  };
  process.on('message', (message: ToNode) => {
    handle(message).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  });
  process.on('disconnect', () => process.exit());
}

serveParent();
