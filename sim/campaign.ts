import type { Job } from './messages.ts';
import type { Outcome } from './outcome.ts';
import type { Played, Workers } from './workers.ts';

/** What somebody hears of a campaign while it goes on. */
export interface CampaignListeners {
  onStart?(job: Job): void;
  /** A seed under way has come to a view. */
  onProgress(job: Job, views: number): void;
  onLines?(lines: readonly string[]): void;
  onPlayed(job: Job, played: Played): void;
}

/** Seeds that are played at the same time, until there are no more or `stop` is called. */
export interface Campaign {
  /** Resolves when all has been played, or at once when it is stopped: what is under way then counts for nothing. */
  readonly done: Promise<void>;
  stop(): void;
  readonly isStopped: boolean;
}

export function runCampaign(
  workers: Workers,
  jobs: Iterable<Job>,
  concurrency: number,
  listeners: CampaignListeners,
): Campaign {
  const waiting = jobs[Symbol.iterator]();
  let isStopped = false;
  let stop = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    stop = () => {
      isStopped = true;
      resolve();
    };
  });
  const work = async (): Promise<void> => {
    for (let next = waiting.next(); next.done !== true && !isStopped; next = waiting.next()) {
      const job = next.value;
      listeners.onStart?.(job);
      const played = await workers.play(job, {
        onProgress: (views) => listeners.onProgress(job, views),
        onLines: (lines) => listeners.onLines?.(lines),
      });
      if (!isStopped) listeners.onPlayed(job, played);
    }
  };
  const all = Promise.all(Array.from({ length: concurrency }, work)).then(() => {});
  return {
    done: Promise.race([all, stopped]),
    stop: () => stop(),
    get isStopped() {
      return isStopped;
    },
  };
}

/** What many seeds came to. */
export interface Tally {
  seeds: number;
  views: number;
  committedBlocks: number;
  messages: number;
}

export const emptyTally = (): Tally => ({ seeds: 0, views: 0, committedBlocks: 0, messages: 0 });

export function count(tally: Tally, { views, committedBlocks, messages }: Outcome): void {
  tally.seeds += 1;
  tally.views += views;
  tally.committedBlocks += committedBlocks;
  tally.messages += messages;
}
