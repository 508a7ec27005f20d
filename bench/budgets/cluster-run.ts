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
  DEFAULT_LIMITS,
  type GenesisDocument,
  initializeStorage,
  type Replica,
  type ReplicaCounters,
  startReplica,
} from '../../src/index.ts';
import { seedOf } from '../cast.ts';

// Four replicas in this process, without sockets and disks, that commit blocks of a fixed shape: how often they do
// what, and what they allocate, per committed block. Prints JSON. Started with --expose-gc, and with a young
// generation so large that nothing is collected but between blocks.

const SCHEME = 'ed25519';
const REPLICAS = 4;
const COMMANDS = 100;
const COMMAND_BYTES = 512;

/** Until everything is compiled and every table is made. */
const WARM_UP_BLOCKS = 150;
const COUNTED_BLOCKS = 100;

/** Blocks between two collections: few enough that nothing is collected meanwhile. */
const BLOCKS_AT_A_TIME = 5;

/** No timer fires in the run. Lazy writes wait for an eighth of it, so every flush is one that a vote waits for. */
const VIEW_TIME_MS = 60_000;

const app: App = {
  produceBlock: ({ view }) => ({ data: dataOf(view), appStateUpdates: updates }),
  validateBlock: () => ({ valid: true, appStateUpdates: updates }),
};

const updates = {
  sets: Array.from(
    { length: COMMANDS },
    (_, at) => [new Uint8Array([1, at]), new Uint8Array(COMMAND_BYTES)] as const,
  ),
  deletes: [],
};

const dataOf = (view: number): Uint8Array[] =>
  Array.from({ length: COMMANDS }, (_, at) => new Uint8Array(COMMAND_BYTES).fill(view + at));

async function startOne(pair: KeyPair, hub: MemoryNetworkHub, genesis: GenesisDocument): Promise<Replica> {
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

interface Totals {
  readonly messages: number;
  readonly bytes: number;
  readonly flushes: number;
  readonly signatures: number;
  readonly certificates: number;
  /** Bytes. */
  readonly copied: number;
}

function totalsOf(replicas: readonly Replica[], copied: number): Totals {
  const all = replicas.map((replica) => replica.status().counters);
  const sum = (value: (counters: ReplicaCounters) => number): number =>
    all.reduce((total, counters) => total + value(counters), 0);
  return {
    messages: sum(({ messagesSent }) => messagesSent),
    bytes: sum(({ bytesSent }) => bytesSent),
    flushes: sum(({ flushes }) => flushes),
    signatures: sum(({ signaturesChecked }) => signaturesChecked),
    certificates: sum(({ certificatesFormed }) => certificatesFormed),
    copied,
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

async function main(): Promise<void> {
  if (gc === undefined) throw new Error('start with --expose-gc');
  const pairs = Array.from({ length: REPLICAS }, (_, at) => generateKeys(SCHEME, seedOf(at)));
  const genesis: GenesisDocument = {
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
  const copied = countCopies();
  const hub = createMemoryNetworkHub();
  const replicas = await Promise.all(pairs.map((pair) => startOne(pair, hub, genesis)));
  const meter = createAllocationMeter();
  let start: Totals | null = null;
  let timeouts = 0;
  replicas[0]!.on('view-timed-out', () => {
    timeouts += 1;
  });
  replicas[0]!.on('block-committed', ({ height }) => {
    if (height === WARM_UP_BLOCKS) {
      start = totalsOf(replicas, copied());
      meter.begin();
    }
    if (height <= WARM_UP_BLOCKS || (height - WARM_UP_BLOCKS) % BLOCKS_AT_A_TIME !== 0) return;
    meter.turn();
    if (height !== WARM_UP_BLOCKS + COUNTED_BLOCKS) return;
    if (timeouts > 0) throw new Error('a view timed out: the machine stood still for a minute');
    report(start!, totalsOf(replicas, copied()), meter.total());
    process.exit();
  });
}

function report(start: Totals, end: Totals, { heap, buffers }: Held): void {
  const each = (value: number): number => value / COUNTED_BLOCKS;
  const grown = (field: keyof Totals): number => each(end[field] - start[field]);
  const counts = {
    'messages sent': grown('messages'),
    'bytes sent': grown('bytes'),
    flushes: grown('flushes'),
    'signatures and certificates checked': grown('signatures'),
    'certificates formed': grown('certificates'),
    'bytes copied': grown('copied'),
    'bytes allocated on the heap': each(heap),
    'bytes allocated in buffers': each(buffers),
  };
  process.stdout.write(`${JSON.stringify(counts)}\n`);
}

await main();
