import { createSigner, generateKeys, type KeyPair } from '../../../../src/adapters/native/index.ts';
import { createVerifier, type PoolVerifier } from '../../../../src/adapters/piscina/index.ts';
import {
  createTlsNetwork,
  generateTlsIdentity,
  type TlsIdentity,
  type TlsNetwork,
  type TlsNetworkEvent,
  type TlsNetworkOptions,
  type TlsNetworkTiming,
} from '../../../../src/adapters/tls/index.ts';
import { asChainId, asPower, type ReplicaId } from '../../../../src/model/ids.ts';
import type { SchemeName } from '../../../../src/model/scheme.ts';
import { createValidatorSet, type ValidatorSet } from '../../../../src/model/validator-set.ts';
import type { Channel } from '../../../../src/ports/network.ts';
import type { Signer } from '../../../../src/ports/signature-scheme.ts';

export const CHAIN_ID = asChainId(77);
export const GENESIS_HASH: Uint8Array = new Uint8Array(32).fill(0x5a);

/** Quick enough for tests, slow enough for a busy machine. */
export const QUICK: Partial<TlsNetworkTiming> = {
  heartbeatMs: 100,
  idleTimeoutMs: 2_000,
  retryMinMs: 20,
  retryMaxMs: 100,
  refusedRetryMs: 100,
  patienceMs: 400,
};

export interface Received {
  readonly from: ReplicaId;
  readonly channel: Channel;
  readonly frame: Uint8Array;
}

/** One node with all that was seen of it. */
export interface Node {
  readonly id: ReplicaId;
  readonly keys: KeyPair;
  readonly network: TlsNetwork;
  readonly events: readonly TlsNetworkEvent[];
  readonly received: readonly Received[];
}

/** Makes nodes of one chain and closes them all. */
export interface World {
  readonly scheme: SchemeName;
  readonly verifier: PoolVerifier;
  /** Keys in ascending order. */
  keys(count: number): readonly KeyPair[];
  signer(keys: KeyPair): Signer;
  /** A node that listens on a free port of the loopback interface. */
  node(options?: Partial<TlsNetworkOptions> & { readonly keys?: KeyPair }): Promise<Node>;
  /** Nodes in ascending order of keys that know each other, connected. */
  mesh(count: number, options?: Partial<TlsNetworkOptions>): Promise<readonly Node[]>;
  close(): Promise<void>;
}

export function createWorld(scheme: SchemeName): World {
  const verifier = createVerifier({ scheme, workers: 0 });
  const networks: TlsNetwork[] = [];
  const identities: TlsIdentity[] = [];
  const signer = (keys: KeyPair): Signer => createSigner(scheme, keys.secretKey);
  const makeKeys = (count: number): readonly KeyPair[] =>
    Array.from({ length: count }, () => generateKeys(scheme)).sort((a, b) => (a.id < b.id ? -1 : 1));

  async function node({ keys = generateKeys(scheme), ...options }: Parameters<World['node']>[0] = {}) {
    const identity = options.identity ?? (await generateTlsIdentity());
    identities.push(identity);
    const events: TlsNetworkEvent[] = [];
    const received: Received[] = [];
    const network = await createTlsNetwork({
      signer: signer(keys),
      verifier,
      chainId: CHAIN_ID,
      genesisHash: GENESIS_HASH,
      identity,
      listen: '127.0.0.1:0',
      timing: QUICK,
      onEvent: (event) => events.push(event),
      ...options,
    });
    networks.push(network);
    network.listen((from, channel, frame) => received.push({ from, channel, frame }));
    return { id: network.id, keys, network, events, received };
  }

  return {
    scheme,
    verifier,
    keys: makeKeys,
    signer,
    node,
    async mesh(count, options) {
      const nodes: Node[] = [];
      for (const keys of makeKeys(count)) nodes.push(await node({ ...options, keys }));
      const peers = addressesOf(nodes);
      for (const { network } of nodes) network.setPeers(peers);
      await until('the mesh is complete', () =>
        nodes.every(({ network }) => network.connectedPeers().length === count - 1),
      );
      return nodes;
    },
    async close() {
      await Promise.all(networks.map((network) => network.close()));
      await verifier.close();
    },
  };
}

export const addressesOf = (nodes: readonly Node[]): Record<string, string> =>
  Object.fromEntries(nodes.map(({ id, network }) => [id, network.address() ?? '']));

export function validatorSet(ids: readonly ReplicaId[]): ValidatorSet {
  const set = createValidatorSet(ids.map((id) => ({ id, power: asPower(1) })));
  if (typeof set === 'string') throw new Error(set);
  return set;
}

/** Far more than anything here takes, also on a machine that is busy with other things. */
const LIMIT_MS = 30_000;

/** Waits for a condition; fails with its name when it does not come true. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The events of one type. */
export const ofType = <Type extends TlsNetworkEvent['type']>(
  { events }: Pick<Node, 'events'>,
  type: Type,
): readonly Extract<TlsNetworkEvent, { type: Type }>[] =>
  events.filter((event): event is Extract<TlsNetworkEvent, { type: Type }> => event.type === type);

/** Bytes that can be told apart from others. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (seed * 31 + at * 7 + (at >> 8)) & 0xff;
  return bytes;
}
