import {
  createMemoryNetworkHub,
  createMemoryStore,
  type MemoryNetworkHub,
} from '../../src/adapters/memory/index.ts';
import { createSigner, generateKeys, type KeyPair, nativeHasher } from '../../src/adapters/native/index.ts';
import { createVerifier } from '../../src/adapters/piscina/index.ts';
import {
  type App,
  asChainId,
  asPower,
  type ChainParameters,
  DEFAULT_LIMITS,
  type GenesisDocument,
  initializeStorage,
  type Replica,
  type ReplicaCounters,
  startReplica,
} from '../../src/index.ts';
import { seedOf } from '../cast.ts';

// Four replicas in this process, without sockets and disks, that commit blocks: how often they do what, and what they
// allocate. To be started with --expose-gc, and with a young generation so large that nothing is collected but between
// blocks.

const SCHEME = 'ed25519';
const REPLICAS = 4;

/** No timer fires in the run. Lazy writes wait for an eighth of it, so every flush is one that a vote waits for. */
const VIEW_TIME_MS = 60_000;

/** What the replicas run, and which of their blocks are counted. */
export interface CountedRun {
  /** Called once for each replica. */
  appOf(chain: ChainParameters): CountedApp;
  /** Commands that have committed so far, summed over the replicas; left out where there are none. */
  committedCommands?(): number;
  /** Until everything is compiled and every table is made. */
  readonly warmUpBlocks: number;
  readonly countedBlocks: number;
  /** Between two collections: few enough that nothing is collected meanwhile. */
  readonly blocksAtATime: number;
}

export interface CountedApp {
  readonly app: App;
  /** Called when all replicas run. */
  start?(replica: Replica): void;
}

/** What all replicas together did and allocated while the first of them committed the counted blocks. */
export interface Counted {
  readonly messages: number;
  readonly bytes: number;
  readonly flushes: number;
  readonly signatures: number;
  readonly certificates: number;
  readonly commands: number;
  /** Bytes that were copied. */
  readonly copied: number;
  /** Bytes of objects. */
  readonly heap: number;
  /** Bytes of buffers outside of the heap. */
  readonly buffers: number;
}

type Totals = Omit<Counted, 'heap' | 'buffers'>;

/** Resolves when the last counted block has committed; the replicas go on. Rejects when a view timed out. */
export async function countBlocks(run: CountedRun): Promise<Counted> {
  if (gc === undefined) throw new Error('start with --expose-gc');
  const pairs = Array.from({ length: REPLICAS }, (_, at) => generateKeys(SCHEME, seedOf(at)));
  const genesis = genesisOf(pairs);
  const apps = pairs.map(() => run.appOf(genesis.chain));
  const copied = countCopies();
  const hub = createMemoryNetworkHub();
  const replicas = await Promise.all(pairs.map((pair, at) => startOne(pair, hub, genesis, apps[at]!.app)));
  const counted = watch(run, replicas, copied);
  for (const [at, replica] of replicas.entries()) apps[at]!.start?.(replica);
  return counted;
}

function watch(run: CountedRun, replicas: readonly Replica[], copied: () => number): Promise<Counted> {
  const { warmUpBlocks, countedBlocks, blocksAtATime } = run;
  const totals = (): Totals => totalsOf(replicas, run.committedCommands?.() ?? 0, copied());
  const meter = createAllocationMeter();
  let start: Totals | null = null;
  let timeouts = 0;
  replicas[0]!.on('view-timed-out', () => {
    timeouts += 1;
  });
  return new Promise((resolve, reject) => {
    replicas[0]!.on('block-committed', ({ height }) => {
      if (height === warmUpBlocks) {
        start = totals();
        meter.begin();
      }
      if (height <= warmUpBlocks || (height - warmUpBlocks) % blocksAtATime !== 0) return;
      meter.turn();
      if (height !== warmUpBlocks + countedBlocks) return;
      if (timeouts > 0) reject(new Error('a view timed out: the machine stood still for a minute'));
      resolve({ ...grown(start!, totals()), ...meter.total() });
    });
  });
}

function genesisOf(pairs: readonly KeyPair[]): GenesisDocument {
  return {
    chain: {
      chainId: asChainId(1),
      scheme: SCHEME,
      epochLength: 10,
      leaderTenure: 4,
      limits: DEFAULT_LIMITS,
    },
    validators: pairs.map(({ id }) => ({ id, power: asPower(1), possession: null })),
    appState: [],
  };
}

async function startOne(
  pair: KeyPair,
  hub: MemoryNetworkHub,
  genesis: GenesisDocument,
  app: App,
): Promise<Replica> {
  const store = createMemoryStore();
  await initializeStorage(store, genesis, pair.id);
  return startReplica({
    app,
    store,
    network: hub.connect(pair.id),
    signer: createSigner(SCHEME, pair.secretKey),
    verifier: createVerifier({ scheme: SCHEME, workers: 0, trustKeys: true }),
    hasher: nativeHasher,
    settings: { viewTimeMs: VIEW_TIME_MS },
  });
}

function totalsOf(replicas: readonly Replica[], commands: number, copied: number): Totals {
  const all = replicas.map((replica) => replica.status().counters);
  const sum = (value: (counters: ReplicaCounters) => number): number =>
    all.reduce((total, counters) => total + value(counters), 0);
  return {
    messages: sum(({ messagesSent }) => messagesSent),
    bytes: sum(({ bytesSent }) => bytesSent),
    flushes: sum(({ flushes }) => flushes),
    signatures: sum(({ signaturesChecked }) => signaturesChecked),
    certificates: sum(({ certificatesFormed }) => certificatesFormed),
    commands,
    copied,
  };
}

function grown(start: Totals, end: Totals): Totals {
  return {
    messages: end.messages - start.messages,
    bytes: end.bytes - start.bytes,
    flushes: end.flushes - start.flushes,
    signatures: end.signatures - start.signatures,
    certificates: end.certificates - start.certificates,
    commands: end.commands - start.commands,
    copied: end.copied - start.copied,
  };
}

/** Bytes that are held now: objects, and memory of buffers outside of the heap. */
interface Held {
  readonly heap: number;
  readonly buffers: number;
}

const gc = (globalThis as { gc?: () => void }).gc;

/** Twice: the memory of dead buffers is given back beside what runs next, and the second one waits for that. */
function collect(): void {
  gc?.();
  gc?.();
}

function held(): Held {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, buffers: arrayBuffers };
}

/** Sums what was allocated between two collections, block by block. */
function createAllocationMeter() {
  let heap = 0;
  let buffers = 0;
  let before = held();
  return {
    begin(): void {
      collect();
      before = held();
      heap = 0;
      buffers = 0;
    },
    turn(): void {
      const after = held();
      heap += after.heap - before.heap;
      buffers += after.buffers - before.buffers;
      collect();
      before = held();
    },
    total: () => ({ heap, buffers }),
  };
}

/**
 * Counts the bytes that are copied from array to array from now on; returns how many they are so far. The network in
 * memory copies by a constructor, which is not counted: it stands for the sockets.
 */
function countCopies(): () => number {
  let bytes = 0;
  const arrays = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
  const { set, slice } = arrays;
  const { copy } = Buffer.prototype;
  const { concat } = Buffer;
  arrays.set = function counted(this: Uint8Array, source, offset) {
    if (ArrayBuffer.isView(source)) bytes += source.byteLength;
    set.call(this, source, offset);
  };
  arrays.slice = function counted(this: Uint8Array<ArrayBuffer>, start, end) {
    const sliced = slice.call(this, start, end) as Uint8Array<ArrayBuffer>;
    bytes += sliced.byteLength;
    return sliced;
  };
  Buffer.prototype.copy = function counted(this: Buffer, ...to: Parameters<Buffer['copy']>) {
    const copied = copy.apply(this, to);
    bytes += copied;
    return copied;
  };
  Buffer.concat = (list, length) => {
    const whole = concat(list, length);
    bytes += whole.byteLength;
    return whole;
  };
  return () => bytes;
}
