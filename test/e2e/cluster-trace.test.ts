import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { replayTrace, type SchemeName } from '../../src/index.ts';
import { createTestnet, type Testnet } from './support/nodes.ts';

let testnet: Testnet;

afterEach(() => testnet.remove());

describe.each<SchemeName>(['ed25519', 'bls12381'])('traces of a cluster with %s', (scheme) => {
  it('replay to the effects that they record, also that of a node that was killed and came back', async () => {
    testnet = await createTestnet(scheme);
    const { nodes } = testnet;
    await Promise.all(nodes.map((node) => node.start('--trace', 'true')));
    const put = async (number: number): Promise<void> => {
      const { url } = nodes[number % 3]!;
      const answer = await fetch(`${url}/kv/${number}`, { method: 'PUT', body: `${number}` });
      expect(answer.status).toBe(200);
    };
    await Promise.all(Array.from({ length: 60 }, (_, number) => put(number)));
    await nodes[3]!.end('SIGKILL');
    await Promise.all(Array.from({ length: 30 }, (_, number) => put(number)));
    await nodes[3]!.start('--trace', 'true');
    await Promise.all(Array.from({ length: 30 }, (_, number) => put(number)));
    for (const node of nodes) await node.end('SIGTERM');
    for (const { home } of nodes) {
      const files = readdirSync(join(home, 'traces'));
      expect(files.length).toBeGreaterThan(0);
      for (const file of files) {
        const { inputs, compared, difference } = await replayTrace(join(home, 'traces', file));
        expect([file, difference]).toEqual([file, null]);
        expect(inputs).toBeGreaterThan(10);
        expect(compared).toBeGreaterThan(0);
      }
    }
  });
});
