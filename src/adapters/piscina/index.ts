import { availableParallelism } from 'node:os';
import { ConfigError } from '../../model/errors.ts';
import { demandScheme, type SchemeName } from '../../model/scheme.ts';
import type { Executor } from './executor.ts';
import { createInlineExecutor } from './inline.ts';
import { WorkerPool } from './pool.ts';
import { ExecutorVerifier, type PoolVerifier } from './verifier.ts';
import { createSmallInlineExecutor, type Workers, workerCount } from './workers.ts';

export type { ExecutorStatistics, Times } from './executor.ts';
export type { PoolVerifier, VerifierStatistics } from './verifier.ts';
export type { Workers } from './workers.ts';

export interface VerifierOptions {
  readonly scheme: SchemeName;
  /**
   * Threads that verify: 0 verifies on the calling thread, which is the fastest for a single small replica on few
   * cores and blocks it for a millisecond per BLS certificate. `auto`, the default, takes a thread for each core but
   * one, 4 at most, and keeps Ed25519 work of up to 11 signatures on the calling thread.
   */
  readonly workers?: Workers;
  /**
   * Jobs that may wait for a worker, 16,384 by default: far more than the protocol's own bounds let a replica ask for
   * at once. The next one rejects with `PoolFullError`, which makes a replica ask again, the most urgent first.
   */
  readonly maxQueue?: number;
  /**
   * Whether the keys of every validator set are known to have passed `checkPossession` once, as those of a store of
   * one's own have: they are then parsed without being validated again, in less than half the time. False by default.
   */
  readonly trustKeys?: boolean;
}

const DEFAULT_MAX_QUEUE = 16_384;

/**
 * Verifies with the native addon: certificates once each however often they are shown, work of the current view first.
 * Throws `ConfigError` for options that make no sense.
 *
 * Aborting a call rejects it with the signal's reason and takes what it asked for out of the queue; what a thread has
 * begun goes on, and what it finds is remembered.
 */
export function createVerifier(options: VerifierOptions): PoolVerifier {
  const { scheme, workers = 'auto', maxQueue = DEFAULT_MAX_QUEUE, trustKeys = false } = options;
  demandScheme(scheme);
  if (!(Number.isInteger(maxQueue) && maxQueue > 0)) {
    throw new ConfigError('maxQueue', `is ${maxQueue}; give a whole number of 1 or more`);
  }
  const executor = executorFor(scheme, workers, workerCount(workers, availableParallelism()), maxQueue);
  return new ExecutorVerifier(scheme, executor, trustKeys);
}

function executorFor(scheme: SchemeName, workers: Workers, count: number, maxQueue: number): Executor {
  if (count === 0) return createInlineExecutor();
  const startPool = (): Executor => new WorkerPool({ workers: count, maxQueue });
  const mayNeedNone = workers === 'auto' && scheme === 'ed25519';
  return mayNeedNone ? createSmallInlineExecutor(createInlineExecutor(), startPool) : startPool();
}
