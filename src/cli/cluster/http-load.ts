import { createHttpClient, type HttpClient } from '../http-client.ts';
import { type Load, type LoadOutcome, startLoad } from '../load.ts';

export interface HttpLoadOptions {
  readonly urls: readonly string[];
  readonly clients: number;
  readonly valueBytes: number;
  /** Longer than a node waits for a commit: the answer tells more than a broken connection. */
  readonly timeoutMs: number;
}

/**
 * `clients` clients that put keys over HTTP, each at a node of its own at first, and at the next one when that is
 * down or busy.
 */
export function startHttpLoad({ urls, clients, valueBytes, timeoutMs }: HttpLoadOptions): Load {
  const client = createHttpClient({ connections: clients, timeoutMs });
  const places = Array.from({ length: clients }, (_, index) => index % urls.length);
  const load = startLoad({
    clients,
    valueBytes,
    prefix: 'load',
    async write(index, key, value) {
      const place = places[index] as number;
      const outcome = await put(client, `${urls[place]}/kv/${key}`, value);
      if (outcome !== 'committed') places[index] = (place + 1) % urls.length;
      return outcome;
    },
  });
  return {
    get committed() {
      return load.committed;
    },
    get failed() {
      return load.failed;
    },
    latency: load.latency,
    async stop() {
      await load.stop();
      client.close();
    },
  };
}

async function put(client: HttpClient, url: string, body: Uint8Array): Promise<LoadOutcome> {
  try {
    const { status } = await client.request(url, { method: 'PUT', body });
    if (status === 200) return 'committed';
    return status === 503 ? 'busy' : 'failed';
  } catch {
    return 'failed';
  }
}
