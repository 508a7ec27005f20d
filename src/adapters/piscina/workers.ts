import { ConfigError } from '../../model/errors.ts';
import type { Executor, ExecutorStatistics } from './executor.ts';
import type { Job } from './jobs.ts';

export type Workers = 'auto' | number;

/** A thread takes some 10 MB; more of them than any machine has cores for are a slip of the pen. */
const MAX_WORKERS = 256;

/** More are not busy: a replica waits for a few certificates at a time, and syncs one batch of blocks after the other. */
const MAX_AUTO_WORKERS = 4;

/**
 * How many threads `workers` means on a machine of `cores`. `auto` leaves one core to the thread that does everything
 * else and takes the others, 4 at most; on a single core there are none. Throws `ConfigError`.
 */
export function workerCount(workers: Workers, cores: number): number {
  if (workers === 'auto') return Math.min(MAX_AUTO_WORKERS, cores - 1);
  if (Number.isInteger(workers) && workers >= 0 && workers <= MAX_WORKERS) return workers;
  throw new ConfigError('workers', `is ${workers}; give 'auto' or a whole number from 0 to ${MAX_WORKERS}`);
}

/**
 * Ed25519 signatures that `auto` verifies on the calling thread, if a job has no more of them: half a millisecond, about
 * what the way to a worker and back costs when it is loaded. Certificates of up to 16 validators are of that kind.
 * A BLS job of any size pays two pairings, twice as much, and always goes to a worker.
 */
const INLINE_SIGNATURES = 11;

/** Whether `auto` runs `job` on the calling thread. */
export function isSmall(job: Job): boolean {
  return job.scheme === 'ed25519' && signaturesIn(job) <= INLINE_SIGNATURES;
}

/** BLS votes of one set that share a call: each more costs less than half of the first; all take some two milliseconds. */
const VOTES_TOGETHER = 4;

/**
 * What part of a task `job` fills: 1 and more for what is one of its own, less for small checks, of which those that
 * wait go to a thread together.
 */
export function shareOfTask(job: Job): number {
  if (job.scheme === 'ed25519') return signaturesIn(job) / INLINE_SIGNATURES;
  return job.type === 'votes' ? job.indexes.length / VOTES_TOGETHER : 1;
}

const ED25519_BYTES = 64;

function signaturesIn(job: Job): number {
  switch (job.type) {
    case 'parse-keys':
      return job.keys.length / 32;
    case 'certificate':
      return (job.parts.bytes.length - (job.parts.ends[1] as number)) / ED25519_BYTES;
    case 'finish':
      return 1;
    case 'form':
    case 'votes':
      return job.indexes.length;
    default:
      return job.offsets.length - 1;
  }
}

/** Runs small jobs on the calling thread and the others on workers, which begin to exist with the first of these. */
export function createSmallInlineExecutor(inline: Executor, startPool: () => Executor): Executor {
  let pool: Executor | null = null;
  return {
    run(job, priority) {
      if (isSmall(job)) return inline.run(job, priority);
      pool ??= startPool();
      return pool.run(job, priority);
    },
    statistics: () => (pool === null ? inline.statistics() : sum(inline.statistics(), pool.statistics())),
    close: async () => {
      await pool?.close();
    },
  };
}

/** The pool's times, which are the longer ones, with the counts of both. */
function sum(inline: ExecutorStatistics, pool: ExecutorStatistics): ExecutorStatistics {
  return { ...pool, completed: inline.completed + pool.completed };
}
