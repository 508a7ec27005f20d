import { randomInt } from 'node:crypto';
import { portableHasher } from '../codec/data-hash.ts';
import { proposersOf } from '../core/hotstuff/roles.ts';
import type { Recovered } from '../core/recovered.ts';
import { type Core, coreStatus, createCore, step } from '../core/step.ts';
import type { ChainParameters, LocalSettings } from '../model/chain.ts';
import { ConfigError } from '../model/errors.ts';
import type { ReplicaEventType } from '../model/events.ts';
import { bytesToHex } from '../model/hex.ts';
import type { BlockHash, Height, ReplicaId, View } from '../model/ids.ts';
import type { App } from '../ports/app.ts';
import type { Clock } from '../ports/clock.ts';
import type { KVStore } from '../ports/kv-store.ts';
import type { Network } from '../ports/network.ts';
import type { Hasher, Signer, Verifier } from '../ports/signature-scheme.ts';
import { readChain, type StoredChain } from '../storage/genesis.ts';
import { readParsedKeys } from '../storage/parsed-keys.ts';
import { recover } from '../storage/recovery.ts';
import { type BlockTreeSnapshot, createBlockTreeSnapshot } from '../storage/snapshot.ts';
import { systemClock } from './clock.ts';
import type { CommandChannel } from './commands.ts';
import { type ReplicaCounters, readCounters } from './counters.ts';
import {
  createEventStream,
  DEFAULT_EVENT_CAPACITY,
  type EventListener,
  type EventStream,
  type EventSubscription,
} from './event-stream.ts';
import { checkParts } from './options.ts';
import { report } from './report.ts';
import { settingsFrom } from './settings.ts';
import { createShell, type Shell } from './shell.ts';
import { createRecorder, type Recorder } from './trace.ts';
import { openTraceFiles } from './trace-files.ts';

export interface ReplicaOptions {
  readonly app: App;
  /**
   * Initialised with `initializeStorage`, once. The caller owns it and closes it after the replica. Of one replica at a
   * time: the next one may start on it when this one's `close()` has resolved, or `closed` has settled.
   */
  readonly store: KVStore;
  /** Owned by the caller, as are the verifier and the signer. */
  readonly network: Network;
  readonly signer: Signer;
  readonly verifier: Verifier;
  /** Hashes the data of blocks; by default with `node:crypto`. */
  readonly hasher?: Hasher;
  /** By default the process's own. */
  readonly clock?: Clock;
  readonly settings?: Partial<LocalSettings>;
  /** A directory for traces of everything that the replica is told, block data included: up to half a gigabyte. */
  readonly traceDir?: string;
}

export interface ReplicaStatus {
  readonly view: View;
  /** Of that view; two while a validator-set update is not decided. */
  readonly leaders: readonly ReplicaId[];
  /** Of the highest committed block that is durable here; null before the first. */
  readonly height: Height | null;
  readonly blockHash: BlockHash | null;
  /** After that block, as hex. */
  readonly appStateHash: string;
  readonly highestPcView: View;
  /** Whether this replica's votes count now. */
  readonly isValidator: boolean;
  /** Peers that are connected now. */
  readonly peers: readonly ReplicaId[];
  readonly counters: ReplicaCounters;
}

/** A running replica. */
export interface Replica extends AsyncDisposable {
  readonly id: ReplicaId;
  readonly chain: ChainParameters;
  /** SHA-256 of the genesis document: 32 bytes. */
  readonly genesisHash: Uint8Array;
  readonly commands: CommandChannel;
  /** Calls `listener` for every event of the type until it is disposed; what it throws is reported and ignored. */
  on<Type extends ReplicaEventType>(type: Type, listener: EventListener<Type>): Disposable;
  /**
   * All events from now on. A consumer that falls behind by more than `capacity` (8,192 by default) loses the oldest,
   * and `dropped` counts them. Ends when the replica does.
   */
  events(options?: { readonly capacity?: number }): EventSubscription;
  /** What is committed and durable, and the blocks above it: a stable view, to be closed soon. */
  snapshot(): BlockTreeSnapshot;
  status(): ReplicaStatus;
  /** Who proposes in `view`, by the validator sets that are active now; two while an update is not decided. */
  leadersOf(view: View): readonly ReplicaId[];
  /** The last inputs, for `replayTrace` and reports of bugs; also after the replica has stopped. */
  dumpTrace(): Uint8Array;
  /**
   * Settles when the replica has stopped, for whatever reason: rejects with the `StorageError`, `PoolError`,
   * `InvariantViolation` or other fault that stopped it. Nobody has to listen to it.
   */
  readonly closed: Promise<void>;
  /**
   * Stops the replica: aborts the app, makes durable and releases what was begun. Afterwards the caller disposes of
   * network, verifier and store. May be called again, and after a fault; then it waits for the end alone.
   */
  close(): Promise<void>;
}

/**
 * Stores that replicas of this process work on. A replica believes what it holds in memory: of two on one store, each
 * would vote without knowing the other's votes (R6).
 */
const storesInUse = new WeakSet<KVStore>();

/**
 * Starts a replica from its store. Events of the start itself reach listeners that are registered right after.
 *
 * Throws `ConfigError` when an option is missing or they do not fit together: an empty store, a store or verifier of
 * another scheme, a store of another replica or one that a replica still works on, settings out of bounds. Throws
 * `StorageError` when the store is damaged.
 */
export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  checkParts(options);
  const { store } = options;
  if (storesInUse.has(store)) {
    throw new ConfigError(
      'store',
      'is in use by a replica of this process; wait for its close() to resolve, or give each replica a store of its own',
    );
  }
  storesInUse.add(store);
  const release = (): void => void storesInUse.delete(store);
  try {
    const replica = await startOnStore(options);
    replica.closed.then(release, release);
    return replica;
  } catch (error) {
    release();
    throw error;
  }
}

async function startOnStore(options: ReplicaOptions): Promise<Replica> {
  const settings = settingsFrom(options.settings);
  const { stored, disk, parsedKeys } = readStore(options);
  const { signer, traceDir } = options;
  const core = createCore({
    me: signer.id,
    chain: stored.chain,
    settings,
    seed: randomInt(2 ** 32),
  });
  const recorder = await createRecorderIn(core, signer.id, traceDir);
  const events = createEventStream((error, type) => report(`a listener of ${type} threw`, error));
  const shell = createShell({
    ...options,
    core,
    step,
    chain: stored.chain,
    parsedKeys,
    settings,
    hasher: options.hasher ?? portableHasher,
    clock: options.clock ?? systemClock,
    recorder,
    events,
  });
  try {
    if (!shell.start(disk)) await shell.ended;
  } catch (error) {
    await shell.close();
    throw error;
  }
  return new RunningReplica({ core, shell, events, recorder, options, stored });
}

interface ReadStore {
  readonly stored: StoredChain;
  readonly disk: Recovered;
  readonly parsedKeys: Uint8Array | null;
}

function readStore(options: ReplicaOptions): ReadStore {
  const { store, signer, verifier } = options;
  const snapshot = store.snapshot();
  try {
    const stored = readChain(snapshot);
    if (stored === null) {
      throw new ConfigError(
        'store',
        'is empty; call initializeStorage(store, genesis) once, before the first start of a replica',
      );
    }
    const { scheme } = stored.chain;
    for (const [field, one] of Object.entries({ signer, verifier })) {
      if (one.scheme !== scheme) {
        throw new ConfigError(
          `${field}.scheme`,
          `is ${one.scheme}, but the store's chain has the scheme ${scheme}`,
        );
      }
    }
    if (stored.replica !== null && stored.replica !== signer.id) {
      throw new ConfigError(
        'signer.id',
        `is ${signer.id}, but the store belongs to the replica ${stored.replica}; start it with that key`,
      );
    }
    return { stored, disk: recover(snapshot), parsedKeys: readParsedKeys(snapshot) };
  } finally {
    snapshot.close();
  }
}

/** Digits of a replica's id in the names of its traces. */
const PREFIX_DIGITS = 16;

async function createRecorderIn(core: Core, id: ReplicaId, dir: string | undefined): Promise<Recorder> {
  const onError = (error: unknown): void => report('the trace is not recorded any more', error);
  if (dir === undefined) return createRecorder(core, null, onError);
  try {
    const files = await openTraceFiles({ dir, prefix: id.slice(0, PREFIX_DIGITS), onError });
    return createRecorder(core, files, onError);
  } catch (error) {
    throw unusableTraceDir(dir, error);
  }
}

function unusableTraceDir(dir: string, cause: unknown): ConfigError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ConfigError('traceDir', `${dir} cannot be used: ${why}`, { cause });
}

interface Parts {
  readonly core: Core;
  readonly shell: Shell;
  readonly events: EventStream;
  readonly recorder: Recorder;
  readonly options: ReplicaOptions;
  readonly stored: StoredChain;
}

class RunningReplica implements Replica {
  readonly id: ReplicaId;
  readonly chain: ChainParameters;
  readonly genesisHash: Uint8Array;
  readonly commands: CommandChannel;
  readonly closed: Promise<void>;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    const { options, stored, shell } = parts;
    this.#parts = parts;
    this.id = options.signer.id;
    this.chain = stored.chain;
    this.genesisHash = stored.genesisHash;
    this.commands = shell.commands;
    this.closed = shell.ended;
  }

  on<Type extends ReplicaEventType>(type: Type, listener: EventListener<Type>): Disposable {
    return this.#parts.events.on(type, listener);
  }

  events({ capacity = DEFAULT_EVENT_CAPACITY }: { readonly capacity?: number } = {}): EventSubscription {
    if (!(Number.isInteger(capacity) && capacity > 0)) {
      throw new ConfigError('capacity', `must be a whole number of 1 or more, not ${capacity}`);
    }
    return this.#parts.events.subscribe(capacity);
  }

  snapshot(): BlockTreeSnapshot {
    return createBlockTreeSnapshot(this.#parts.options.store.snapshot());
  }

  status(): ReplicaStatus {
    const { core, shell, options } = this.#parts;
    const { view, leaders, highestPc, isActiveValidator } = coreStatus(core);
    const snapshot = this.snapshot();
    try {
      const committed = snapshot.highestCommittedBlock();
      const height = committed?.height ?? null;
      return {
        view,
        leaders,
        height,
        blockHash: committed?.hash ?? null,
        appStateHash: bytesToHex(snapshot.appStateHash(height) as Uint8Array),
        highestPcView: highestPc.pc.view,
        isValidator: isActiveValidator,
        peers: options.network.connectedPeers(),
        counters: readCounters(shell.counters, options.store.flushes),
      };
    } finally {
      snapshot.close();
    }
  }

  leadersOf(view: View): readonly ReplicaId[] {
    return proposersOf(this.#parts.core.sets, view, this.chain.leaderTenure);
  }

  dumpTrace(): Uint8Array {
    return this.#parts.recorder.dump();
  }

  close(): Promise<void> {
    return this.#parts.shell.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
