import { afterEach, describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/adapters/memory/index.ts';
import type { SchemeName } from '../../../src/model/scheme.ts';
import type { Replica } from '../../../src/runtime/replica.ts';
import { type Cluster, createCluster, until } from './support/cluster.ts';

let cluster: Cluster;

afterEach(() => cluster.stop());

const bytes = (text: string): Uint8Array => Buffer.from(text);
const heightOf = (replica: Replica): number => replica.status().height ?? -1;

function valueOf(replica: Replica, key: string): string | null {
  const snapshot = replica.snapshot();
  try {
    const value = snapshot.appState(bytes(key));
    return value === null ? null : Buffer.from(value).toString();
  } finally {
    snapshot.close();
  }
}

const startAll = (): Promise<Replica[]> => Promise.all(cluster.nodes.map((_, index) => cluster.start(index)));

describe.each<SchemeName>(['ed25519', 'bls12381'])('four replicas with %s', (scheme) => {
  it('commit what is submitted, all the same', async () => {
    cluster = await createCluster(scheme, 4);
    const replicas = await startAll();
    for (let number = 0; number < 100; number++) {
      cluster.app.submit(`key ${number}=value ${number}`);
      if (number % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await until(() => replicas.every((replica) => valueOf(replica, 'key 99') === 'value 99'));
    for (const replica of replicas) {
      for (let number = 0; number < 100; number++) {
        expect(valueOf(replica, `key ${number}`)).toBe(`value ${number}`);
      }
    }
    const common = Math.min(...replicas.map(heightOf));
    const hashes = replicas.map((replica) => {
      const snapshot = replica.snapshot();
      const hash = snapshot.appStateHash(common as never);
      snapshot.close();
      return Buffer.from(hash as Uint8Array).toString('hex');
    });
    expect(new Set(hashes).size).toBe(1);
  });
});
