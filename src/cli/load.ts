import { setTimeout as sleep } from 'node:timers/promises';
import { createHistogram, type Histogram } from './histogram.ts';

/** What happened to one command. */
export type LoadOutcome = 'committed' | 'busy' | 'failed';

export interface LoadOptions {
  /** Commands under way at a time. */
  readonly clients: number;
  /** Bytes of each command's value. */
  readonly valueBytes: number;
  /** Distinguishes the keys of several loads. */
  readonly prefix: string;
  /** Writes one key; `client` tells which of the clients it is. Never rejects. */
  write(client: number, key: string, value: Uint8Array): Promise<LoadOutcome>;
}

/** A load under way. Counts only grow. */
export interface Load {
  readonly committed: number;
  readonly failed: number;
  readonly latency: Histogram;
  /** Lets what is under way end, and begins nothing new. */
  stop(): Promise<void>;
}

/** Keys that each client writes in turn, so that the state stays small however long the load runs. */
const KEYS_PER_CLIENT = 64;

/** How long a client waits after a refusal: as long as a refused client is told to. */
const BACKOFF_MS = 200;

/** Runs `clients` clients, each of which writes one key after another, waiting for each commit. */
export function startLoad({ clients, valueBytes, prefix, write }: LoadOptions): Load {
  const latency = createHistogram();
  let committed = 0;
  let failed = 0;
  const stop = new AbortController();

  async function runClient(client: number): Promise<void> {
    const value = new Uint8Array(valueBytes).fill(client % 256);
    for (let round = 0; !stop.signal.aborted; round++) {
      // Values differ, so that every command changes the state.
      writeCounter(value, round);
      const startMs = performance.now();
      const outcome = await write(client, `${prefix}-${client}-${round % KEYS_PER_CLIENT}`, value);
      if (outcome === 'committed') {
        committed += 1;
        latency.record(performance.now() - startMs);
        continue;
      }
      if (outcome === 'failed') failed += 1;
      await sleep(BACKOFF_MS, undefined, { signal: stop.signal }).catch(() => {});
    }
  }
  const running = Array.from({ length: clients }, (_, client) => runClient(client));
  return {
    get committed() {
      return committed;
    },
    get failed() {
      return failed;
    },
    latency,
    async stop() {
      stop.abort();
      await Promise.all(running);
    },
  };
}

function writeCounter(value: Uint8Array, count: number): void {
  for (let at = 0, left = count; at < Math.min(4, value.length); at++, left >>>= 8) value[at] = left & 0xff;
}
