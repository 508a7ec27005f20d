/**
 * Four replicas in one process agree on a counter: the smallest whole use of the library.
 *
 *     npx tsx examples/four-replicas.ts
 *
 * Real deployments run one replica per machine, with `hotstuff-ts/lmdb` and `hotstuff-ts/tls` in place of the store and
 * network in memory, and give the genesis document to all of them. Most also want `hotstuff-ts/state-machine`, which
 * brings commands to the leader and their results back.
 */
import {
  type App,
  asChainId,
  asPower,
  type ChainParameters,
  DEFAULT_LIMITS,
  deriveChainId,
  type GenesisDocument,
  initializeStorage,
  possessionPreimage,
  type Replica,
  startReplica,
} from 'hotstuff-ts';
import { createMemoryNetworkHub, createMemoryStore } from 'hotstuff-ts/memory';
import {
  createSigner,
  generateKeys,
  nativeHasher,
  possessionCheck,
  provePossession,
} from 'hotstuff-ts/native';
import { createVerifier } from 'hotstuff-ts/workers';

const scheme = 'bls12381';
const COUNT = Buffer.from('count');
const TARGET = 20n;

const readCount = (value: Uint8Array | null): bigint =>
  value === null ? 0n : Buffer.from(value).readBigUInt64LE();
const countBytes = (count: bigint): Uint8Array => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(count);
  return bytes;
};

/** Every block adds one to the counter, until it is where we want it. */
const counter: App = {
  produceBlock({ state }) {
    const count = readCount(state.get(COUNT));
    if (count >= TARGET) return { data: [] };
    return {
      data: [Buffer.from('increment')],
      appStateUpdates: { sets: [[COUNT, countBytes(count + 1n)]], deletes: [] },
    };
  },
  validateBlock({ block, state }) {
    if (block.data.length === 0) return { valid: true };
    if (block.data.length > 1 || Buffer.from(block.data[0] ?? []).toString() !== 'increment')
      return { valid: false };
    const count = readCount(state.get(COUNT));
    return { valid: true, appStateUpdates: { sets: [[COUNT, countBytes(count + 1n)]], deletes: [] } };
  },
};

const keys = Array.from({ length: 4 }, () => generateKeys(scheme));
const chain: ChainParameters = {
  chainId: asChainId(0),
  scheme,
  epochLength: 10,
  leaderTenure: 4,
  limits: DEFAULT_LIMITS,
};
const validators = keys.map(({ id }) => ({ id, power: asPower(1), possession: null }));
// The chain's id follows from the document, and the proofs of possession are over the id.
const chainId = deriveChainId({ chain, validators, appState: [] });
const genesis: GenesisDocument = {
  chain: { ...chain, chainId },
  validators: keys.map(({ id, secretKey }) => ({
    id,
    power: asPower(1),
    possession: provePossession(scheme, secretKey, possessionPreimage(chainId, id)),
  })),
  appState: [],
};

const hub = createMemoryNetworkHub();
const closers: (() => Promise<void>)[] = [];
const replicas = await Promise.all(
  keys.map(async ({ id, secretKey }): Promise<Replica> => {
    const store = createMemoryStore();
    await initializeStorage(store, genesis, id, possessionCheck(scheme));
    const verifier = createVerifier({ scheme, workers: 0 });
    const network = hub.connect(id);
    const replica = await startReplica({
      app: counter,
      store,
      network,
      signer: createSigner(scheme, secretKey),
      verifier,
      hasher: nativeHasher,
    });
    closers.push(async () => {
      await replica.close();
      await network.close();
      await verifier[Symbol.asyncDispose]();
      await store.close();
    });
    return replica;
  }),
);

/** Resolves when the counter, as committed at `replica`, has reached the target. */
async function reached(replica: Replica): Promise<bigint> {
  for await (const event of replica.events()) {
    if (event.type !== 'block-committed') continue;
    const snapshot = replica.snapshot();
    const count = readCount(snapshot.appState(COUNT));
    snapshot.close();
    if (count >= TARGET) return count;
  }
  throw new Error('the replica stopped');
}

const counts = await Promise.all(replicas.map(reached));
for (const [index, replica] of replicas.entries()) {
  const { height, view, counters } = replica.status();
  console.log(
    `replica ${index}: count ${counts[index]}, height ${height}, view ${view}, ${counters.flushes} flushes`,
  );
}
await Promise.all(closers.map((close) => close()));
