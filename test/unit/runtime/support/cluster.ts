import { createMemoryStore } from '../../../../src/adapters/memory/index.ts';
import {
  createSigner,
  generateKeys,
  type KeyPair,
  nativeHasher,
  possessionCheck,
  provePossession,
} from '../../../../src/adapters/native/index.ts';
import { createVerifier } from '../../../../src/adapters/piscina/index.ts';
import { possessionPreimage } from '../../../../src/codec/signing.ts';
import type { AppStateUpdates } from '../../../../src/model/app.ts';
import { type ChainParameters, DEFAULT_LIMITS } from '../../../../src/model/chain.ts';
import type { GenesisDocument } from '../../../../src/model/genesis.ts';
import { asChainId, asPower, type ReplicaId } from '../../../../src/model/ids.ts';
import type { SchemeName } from '../../../../src/model/scheme.ts';
import type { App } from '../../../../src/ports/app.ts';
import type { KVStore } from '../../../../src/ports/kv-store.ts';
import { type Replica, type ReplicaOptions, startReplica } from '../../../../src/runtime/replica.ts';
import { initializeStorage } from '../../../../src/storage/genesis.ts';
import { createHub, type Hub } from './hub.ts';

/** An app whose commands are `key=value` texts; a block holds all that have been submitted and are not in its branch. */
export interface NotesApp extends App {
  submit(command: string): void;
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

function updatesOf(data: readonly Uint8Array[]): AppStateUpdates {
  const values = new Map<string, string>();
  for (const datum of data) {
    const [key = '', value = ''] = textOf(datum).split('=');
    values.set(key, value);
  }
  return { sets: [...values].map(([key, value]) => [Buffer.from(key), Buffer.from(value)]), deletes: [] };
}

/** Replicas of one process may share it: what is submitted is proposed by whoever leads. */
function createNotesApp(): NotesApp {
  const submitted: string[] = [];
  const wakers = new Set<() => void>();
  return {
    submit(command) {
      submitted.push(command);
      for (const wake of wakers) wake();
    },
    async produceBlock({ state, waitMs }, signal) {
      const isNew = (command: string): boolean =>
        state.get(Buffer.from(command.split('=')[0] ?? '')) === null;
      if (waitMs > 0 && !submitted.some(isNew)) await soon(waitMs, wakers, signal);
      const data = submitted.filter(isNew).map((command) => Buffer.from(command));
      return { data, appStateUpdates: updatesOf(data) };
    },
    validateBlock: ({ block }) => ({ valid: true, appStateUpdates: updatesOf(block.data) }),
  };
}

function soon(waitMs: number, wakers: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      wakers.delete(end);
      resolve();
    };
    const timer = setTimeout(end, waitMs);
    wakers.add(end);
    signal.addEventListener('abort', end);
  });
}

export interface Node {
  readonly id: ReplicaId;
  readonly keys: KeyPair;
  readonly store: KVStore;
}

export interface Cluster {
  readonly genesis: GenesisDocument;
  readonly nodes: readonly Node[];
  readonly hub: Hub;
  readonly app: NotesApp;
  start(index: number, options?: Partial<ReplicaOptions>): Promise<Replica>;
  /** Closes everything that was started. */
  stop(): Promise<void>;
}

export function genesisOf(scheme: SchemeName, keys: readonly KeyPair[]): GenesisDocument {
  const chain: ChainParameters = {
    chainId: asChainId(77),
    scheme,
    epochLength: 10,
    leaderTenure: 4,
    limits: DEFAULT_LIMITS,
  };
  const validators = keys.map((pair) => ({
    id: pair.id,
    power: asPower(1),
    possession: provePossession(scheme, pair.secretKey, possessionPreimage(chain.chainId, pair.id)),
  }));
  return { chain, validators, appState: [] };
}

export async function createCluster(scheme: SchemeName, count: number): Promise<Cluster> {
  const keys = Array.from({ length: count }, () => generateKeys(scheme));
  const genesis = genesisOf(scheme, keys);
  const nodes = keys.map((pair): Node => ({ id: pair.id, keys: pair, store: createMemoryStore() }));
  for (const { store, id } of nodes) await initializeStorage(store, genesis, id, possessionCheck(scheme));
  const hub = createHub();
  const app = createNotesApp();
  const replicas: Replica[] = [];
  const verifiers: AsyncDisposable[] = [];

  return {
    genesis,
    nodes,
    hub,
    app,
    async start(index, options = {}) {
      const { id, keys: pair, store } = nodes[index] as Node;
      const verifier = createVerifier({ scheme, workers: 0 });
      verifiers.push(verifier);
      const replica = await startReplica({
        app,
        store,
        network: await hub.join(id),
        signer: createSigner(scheme, pair.secretKey),
        verifier,
        hasher: nativeHasher,
        settings: { viewTimeMs: 500 },
        ...options,
      });
      replicas.push(replica);
      return replica;
    },
    async stop() {
      for (const replica of replicas) await replica.close();
      for (const verifier of verifiers) await verifier[Symbol.asyncDispose]();
      for (const { store } of nodes) await store.close();
    },
  };
}

/** Waits until `isTrue`; the test's own time limit ends a wait in vain. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}
