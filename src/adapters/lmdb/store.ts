import { statSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { ConfigError, StorageError } from '../../model/errors.ts';
import type { KVSnapshot, KVStore, WriteBatch } from '../../ports/kv-store.ts';
import { checkDataFile, DATA_FILE } from './data-file.ts';
import { makeDirectory, syncDirectories } from './directory.ts';
import { commitGroup, type Environment, openEnvironment, readCount } from './environment.ts';
import { lockStore, type StoreLock } from './lock.ts';
import { LmdbSnapshot } from './snapshot.ts';
import { openWitness, readTestimony, type Testimony, type Witness } from './witness.ts';

export interface LmdbOptions {
  /** Directory of the store; made when it is missing. On a local file system. */
  readonly path: string;
  /**
   * Address space for the map at first, in bytes. The map grows by itself; a size near the final one spares the moves.
   */
  readonly mapSize?: number;
}

/** The port's bounds on a key, in bytes; LMDB takes up to 1,978. */
const MAX_KEY_BYTES = 1_200;

/**
 * Bytes of waiting batches that share one transaction, at most; a larger batch has one of its own. Some 20 full
 * blocks: more would make the first of them wait for the writing of the last longer than a flush takes.
 */
const MAX_GROUP_BYTES = 16 * 1024 * 1024;

/** Address space that a 64-bit process surely has; LMDB would not open with more than there is. */
const MAX_MAP_SIZE = 2 ** 44;

interface WaitingBatch {
  readonly batch: WriteBatch;
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: StorageError) => void;
}

/**
 * Opens, or makes, the LMDB environment in the directory `path`, as its only owner.
 *
 * A `write` resolves after LMDB committed its transaction: pages written, flushed by fdatasync, then the meta page
 * written through O_DSYNC, all on a thread of libuv's pool. The batches that came while one transaction was under way
 * share the next one (group commit). Batches are not copied: their bytes must stay as they are until `write` settles.
 * A rejected batch may still be there after the next opening, whole; it was never reported as durable.
 *
 * Snapshots copy what they read. One that is open keeps LMDB from using freed space again, so the file grows; of 4,096
 * different states, at most, one can be open at once.
 *
 * Throws `ConfigError` for options that make no sense, `StorageError` when the directory cannot be used, another owner
 * has it, or what is there is no store or has gone back behind what was written last.
 */
export async function openLmdbStore(options: LmdbOptions): Promise<KVStore> {
  const { path, mapSize } = options;
  if (typeof path !== 'string') throw new ConfigError('path', `is ${String(path)}; it must name a directory`);
  if (path === '') throw new ConfigError('path', 'is empty; it must name a directory');
  if (mapSize !== undefined && !(Number.isSafeInteger(mapSize) && mapSize > 0 && mapSize <= MAX_MAP_SIZE)) {
    throw new ConfigError('mapSize', `is ${mapSize}; it must be a number of bytes from 1 to ${MAX_MAP_SIZE}`);
  }
  const made = makeDirectory(path);
  const lock = await lockStore(path);
  let environment: Environment | null = null;
  try {
    const testimony = readTestimony(path);
    if (testimony !== null) checkSize(testimony, path);
    checkDataFile(path, testimony !== null);
    environment = openEnvironment(path, mapSize);
    if (testimony !== null) checkValues(testimony, environment, path);
    const witness = openWitness(path);
    syncDirectories(path, made);
    return new LmdbStore(environment, witness, lock);
  } catch (cause) {
    await environment?.root.close();
    await lock.release();
    if (cause instanceof StorageError) throw cause;
    throw new StorageError(`cannot open the store in ${path}: ${(cause as Error).message}`, { cause });
  }
}

const lost = (path: string): string => `the store in ${path} is damaged or was taken back to an older state`;

/** Before LMDB reads the file: what it maps beyond the end ends the process. */
function checkSize({ dataSize }: Testimony, path: string): void {
  const size = statSync(join(path, DATA_FILE), { throwIfNoEntry: false })?.size ?? 0;
  if (size < dataSize) {
    throw new StorageError(`${lost(path)}: ${DATA_FILE} has ${size} bytes where it had ${dataSize}`);
  }
}

/** Throws `StorageError` when the environment has lost what the witness saw written. */
function checkValues(testimony: Testimony, environment: Environment, path: string): void {
  const count = readCount(environment);
  if (count < testimony.count) {
    throw new StorageError(
      `${lost(path)}: it has ${count} transactions where ${testimony.count} were written`,
    );
  }
  if (count > testimony.count) return;
  const snapshot = new LmdbSnapshot(environment);
  try {
    for (const [key, checksum] of testimony.values) {
      const value = snapshot.get(key);
      if (value !== null && crc32(value) === checksum) continue;
      throw new StorageError(
        `${lost(path)}: the value of key ${Buffer.from(key).toString('hex')} is not the last one`,
      );
    }
  } finally {
    snapshot.close();
  }
}

class LmdbStore implements KVStore {
  flushes = 0;
  readonly #environment: Environment;
  readonly #witness: Witness;
  readonly #lock: StoreLock;
  readonly #waiting: WaitingBatch[] = [];
  readonly #snapshots = new Set<LmdbSnapshot>();
  /** Transactions of the environment since it was made. */
  #count: number;
  #failure: StorageError | null = null;
  #writing: Promise<void> | null = null;
  #closing: Promise<void> | null = null;

  constructor(environment: Environment, witness: Witness, lock: StoreLock) {
    this.#environment = environment;
    this.#witness = witness;
    this.#lock = lock;
    this.#count = readCount(environment);
  }

  snapshot(): KVSnapshot {
    if (this.#closing !== null) throw closedError();
    const snapshot = new LmdbSnapshot(this.#environment, () => this.#snapshots.delete(snapshot));
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  write(batch: WriteBatch): Promise<void> {
    if (this.#closing !== null) return Promise.reject(closedError());
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const bytes = sizeOf(batch);
    if (bytes === null) {
      this.#failure = failureOf(`a key is not of 1 to ${MAX_KEY_BYTES} bytes`);
      return Promise.reject(this.#failure);
    }
    const written = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ batch, bytes, resolve, reject });
    });
    this.#writing ??= this.#writeAll();
    return written;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Writes group after group until none waits. Never rejects: each batch hears for itself. */
  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup();
      try {
        await this.#writeGroup(group);
        for (const { resolve } of group) resolve();
      } catch (cause) {
        this.#failure ??= failureOf((cause as Error).message, cause);
        for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(this.#failure);
      }
    }
    this.#writing = null;
  }

  /** The waiting batches, in order, that fit into one transaction; one at least. */
  #nextGroup(): readonly WaitingBatch[] {
    let bytes = 0;
    const end = this.#waiting.findIndex((waiting) => {
      bytes += waiting.bytes;
      return bytes > MAX_GROUP_BYTES;
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : Math.max(end, 1));
  }

  async #writeGroup(group: readonly WaitingBatch[]): Promise<void> {
    const batches = group.map(({ batch }) => batch);
    await commitGroup(this.#environment, this.#count + 1, batches);
    this.#count++;
    this.flushes++;
    this.#witness.record(this.#count, batches.at(-1) as WriteBatch);
  }

  async #close(): Promise<void> {
    await this.#writing;
    for (const snapshot of [...this.#snapshots]) snapshot.close();
    this.#witness.close();
    await this.#environment.root.close();
    await this.#lock.release();
  }
}

/** Bytes of the keys and values; null when LMDB would refuse a key, which must not happen within a transaction. */
function sizeOf({ sets, deletes }: WriteBatch): number | null {
  let bytes = 0;
  for (const [key, value] of sets) {
    if (key.length === 0 || key.length > MAX_KEY_BYTES) return null;
    bytes += key.length + value.length;
  }
  for (const key of deletes) {
    if (key.length === 0 || key.length > MAX_KEY_BYTES) return null;
    bytes += key.length;
  }
  return bytes;
}

const closedError = (): StorageError => new StorageError('the store is closed');

const failureOf = (message: string, cause?: unknown): StorageError =>
  new StorageError(`a write failed, nothing is written any more: ${message}`, { cause });
