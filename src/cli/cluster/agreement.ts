import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpClient } from '../http-client.ts';
import type { BlockStatus, NodeStatus } from '../node-status.ts';

/** Whether the nodes have the same state at one height. */
export interface Agreement {
  readonly height: number | null;
  readonly isEqual: boolean;
  /** What all have; of a disagreement, what the first has. Null when nothing was committed. */
  readonly appStateHash: string | null;
  /** What each node has. */
  readonly hashes: readonly { readonly url: string; readonly appStateHash: string | null }[];
}

/** How long nodes that are behind may take to catch up before they count as different. */
const CATCH_UP_MS = 30_000;
const POLL_MS = 100;

/** Compares the state hashes of all `urls` at the greatest height that any of them has committed. */
export async function compareStates(client: HttpClient, urls: readonly string[]): Promise<Agreement> {
  const statuses = await Promise.all(
    urls.map((url) => client.json<NodeStatus>(`${url}/status`).catch(() => null)),
  );
  const height = Math.max(-1, ...statuses.map((status) => status?.height ?? -1));
  if (height < 0) return { height: null, isEqual: false, appStateHash: null, hashes: [] };
  const hashes = await Promise.all(
    urls.map(async (url) => ({ url, appStateHash: await stateHashAt(client, url, height) })),
  );
  const appStateHash = hashes[0]?.appStateHash ?? null;
  const isEqual = appStateHash !== null && hashes.every((one) => one.appStateHash === appStateHash);
  return { height, isEqual, appStateHash, hashes };
}

/** Null when the node does not get there in time. */
async function stateHashAt(client: HttpClient, url: string, height: number): Promise<string | null> {
  for (const startMs = performance.now(); performance.now() - startMs < CATCH_UP_MS; await sleep(POLL_MS)) {
    const block = await client.json<BlockStatus>(`${url}/blocks/${height}`).catch(() => null);
    if (block !== null) return block.appStateHash;
  }
  return null;
}
