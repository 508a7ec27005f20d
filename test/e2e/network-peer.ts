// One node of a TLS mesh in a process of its own, led by its parent's messages. Started by network.test.ts.

import { createSigner } from '../../src/adapters/native/index.ts';
import { createVerifier } from '../../src/adapters/piscina/index.ts';
import {
  createTlsNetwork,
  generateTlsIdentity,
  type TlsNetworkTiming,
} from '../../src/adapters/tls/index.ts';
import { hexToBytes } from '../../src/model/hex.ts';
import { asChainId, asReplicaId } from '../../src/model/ids.ts';
import type { SchemeName } from '../../src/model/scheme.ts';

export interface PeerSettings {
  readonly scheme: SchemeName;
  /** In hex. */
  readonly secretKey: string;
  readonly listen: string;
  readonly timing: Partial<TlsNetworkTiming>;
}

/** What the parent asks for. */
export type PeerRequest =
  | { readonly type: 'peers'; readonly peers: Readonly<Record<string, string>> }
  | { readonly type: 'send'; readonly to: string; readonly text: string }
  | { readonly type: 'close' };

/** What the process tells. */
export type PeerReport =
  | { readonly type: 'ready'; readonly address: string }
  | { readonly type: 'connected' | 'disconnected'; readonly peer: string; readonly why: string }
  | { readonly type: 'received'; readonly from: string; readonly text: string }
  | { readonly type: 'closed' };

const { scheme, secretKey, listen, timing } = JSON.parse(process.argv[2] ?? '') as PeerSettings;
const tell = (report: PeerReport): void => void process.send?.(report);

const verifier = createVerifier({ scheme, workers: 0 });
const network = await createTlsNetwork({
  signer: createSigner(scheme, hexToBytes(secretKey)),
  verifier,
  chainId: asChainId(12),
  genesisHash: new Uint8Array(32).fill(12),
  identity: await generateTlsIdentity(),
  listen,
  timing,
  onEvent: (event) => {
    if (event.type === 'peer-connected') tell({ type: 'connected', peer: event.peer, why: '' });
    if (event.type === 'peer-disconnected') tell({ type: 'disconnected', peer: event.peer, why: event.code });
  },
});
network.listen((from, _, frame) => tell({ type: 'received', from, text: Buffer.from(frame).toString() }));

process.on('message', (request: PeerRequest) => {
  if (request.type === 'peers') network.setPeers(request.peers);
  else if (request.type === 'send')
    network.send(asReplicaId(request.to), 'consensus', Buffer.from(request.text));
  else void close();
});
tell({ type: 'ready', address: network.address() ?? '' });

async function close(): Promise<void> {
  await network.close();
  await verifier.close();
  tell({ type: 'closed' });
  process.disconnect();
}
