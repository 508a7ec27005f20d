import { createMemoryNetworkHub } from '../../../src/adapters/memory/index.ts';
import { createSigner, generateKeys, type KeyPair } from '../../../src/adapters/native/index.ts';
import { createVerifier } from '../../../src/adapters/piscina/index.ts';
import { createTlsNetwork, generateTlsIdentity, type TlsNetwork } from '../../../src/adapters/tls/index.ts';
import { asChainId, asReplicaId, type ReplicaId } from '../../../src/model/ids.ts';
import type { SchemeName } from '../../../src/model/scheme.ts';
import type { Network } from '../../../src/ports/network.ts';
import { describeNetwork, type NetworkWorld } from './suite.ts';

describeNetwork('the in-process network', () => {
  const hub = createMemoryNetworkHub();
  const networks: Network[] = [];
  const connect = (id: ReplicaId): Network => {
    const network = hub.connect(id);
    networks.push(network);
    return network;
  };
  return {
    create: async (count) =>
      Array.from({ length: count }, (_, at) => asReplicaId(`0${at}`.repeat(32))).map((id) => ({
        id,
        network: connect(id),
      })),
    restart: async (id) => connect(id),
    close: async () => {
      for (const network of networks) await network.close();
    },
  };
});

describeNetwork('the TLS network with Ed25519 keys', () => tlsWorld('ed25519'));
describeNetwork('the TLS network with BLS12-381 keys', () => tlsWorld('bls12381'));

function tlsWorld(scheme: SchemeName): NetworkWorld {
  const verifier = createVerifier({ scheme, workers: 0 });
  const keysById = new Map<ReplicaId, KeyPair>();
  const networks = new Map<ReplicaId, TlsNetwork>();

  async function open(keys: KeyPair, listen: string): Promise<TlsNetwork> {
    const network = await createTlsNetwork({
      signer: createSigner(scheme, keys.secretKey),
      verifier,
      chainId: asChainId(3),
      genesisHash: new Uint8Array(32).fill(8),
      identity: await generateTlsIdentity(),
      listen,
      timing: { retryMinMs: 20, retryMaxMs: 100, patienceMs: 300 },
    });
    keysById.set(keys.id, keys);
    networks.set(keys.id, network);
    return network;
  }

  const addresses = (): Record<string, string> =>
    Object.fromEntries([...networks].map(([id, network]) => [id, network.address() ?? '']));

  return {
    async create(count) {
      for (let at = 0; at < count; at++) await open(generateKeys(scheme), '127.0.0.1:0');
      for (const network of networks.values()) network.setPeers(addresses());
      return [...networks].map(([id, network]) => ({ id, network }));
    },
    async restart(id) {
      const network = await open(keysById.get(id) as KeyPair, addresses()[id] ?? '');
      network.setPeers(addresses());
      return network;
    },
    async close() {
      for (const network of networks.values()) await network.close();
      await verifier.close();
    },
  };
}
