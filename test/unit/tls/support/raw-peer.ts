import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { recordHeader } from '../../../../src/adapters/tls/channels.ts';
import { type ControlMessage, decodeControl } from '../../../../src/adapters/tls/control.ts';
import { createFrameReader } from '../../../../src/adapters/tls/frame-reader.ts';
import { beginHandshake } from '../../../../src/adapters/tls/handshake.ts';
import type { TlsIdentity } from '../../../../src/adapters/tls/identity.ts';
import { channelBinding } from '../../../../src/adapters/tls/proof.ts';
import { secureOptions } from '../../../../src/adapters/tls/secure.ts';
import type { Signer, Verifier } from '../../../../src/ports/signature-scheme.ts';
import { CHAIN_ID, GENESIS_HASH, until } from './world.ts';

/** The other end of a connection, in the hands of a test: it says what it wants. */
export interface RawPeer {
  readonly socket: TLSSocket;
  /** Control messages as they came, with their bytes. */
  readonly heard: readonly { readonly message: ControlMessage; readonly bytes: Uint8Array }[];
  /** Frames as they came, by channel code. */
  readonly frames: readonly { readonly code: number; readonly frame: Uint8Array }[];
  readonly closed: () => boolean;
  control(bytes: Uint8Array): void;
  record(kind: number, body: Uint8Array): void;
}

/** Dials with TLS as nodes do, unless `options` say otherwise. */
export async function dialRaw(
  address: string,
  identity: TlsIdentity,
  options: ConnectionOptions = {},
): Promise<RawPeer> {
  const [host, port] = address.split(':');
  const socket = connect({
    host,
    port: Number(port),
    ...secureOptions(identity),
    servername: '',
    ...options,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', () => resolve());
    socket.once('error', reject);
  });
  return rawPeer(socket);
}

export function rawPeer(socket: TLSSocket): RawPeer {
  const heard: { message: ControlMessage; bytes: Uint8Array }[] = [];
  const frames: { code: number; frame: Uint8Array }[] = [];
  let closed = false;
  const reader = createFrameReader({
    maxBytes: [1 << 16, 1 << 26, 1 << 26, 1 << 26],
    onFrame: (code, frame) => {
      if (code > 0) frames.push({ code, frame });
      else {
        const decoded = decodeControl(frame);
        if ('value' in decoded) heard.push({ message: decoded.value, bytes: frame });
      }
      return true;
    },
  });
  socket.on('data', (chunk: Buffer) => reader.push(chunk));
  socket.on('error', () => {});
  socket.once('close', () => {
    closed = true;
  });
  const record = (kind: number, body: Uint8Array): void => {
    socket.write(recordHeader(body.length, kind));
    socket.write(body);
  };
  return { socket, heard, frames, closed: () => closed, control: (bytes) => record(0, bytes), record };
}

/** Has the raw peer prove `keys` to a node that it dialed; resolves when both sides are done, or it was refused. */
export async function introduce(
  raw: RawPeer,
  signer: Signer,
  verifier: Pick<Verifier, 'scheme' | 'check'>,
): Promise<void> {
  const binding = channelBinding(raw.socket, 'dialer');
  if (binding === null) throw new Error('the node showed no certificate');
  let over = false;
  const handshake = beginHandshake({
    node: { signer, verifier, chainId: CHAIN_ID, genesisHash: GENESIS_HASH },
    role: 'dialer',
    binding,
    expected: null,
    send: (message) => raw.control(message),
    onClaim: () => {},
    refusalOf: () => null,
    onDone: () => {
      over = true;
    },
    onRefused: ({ detail }) => {
      throw new Error(detail);
    },
  });
  let next = 0;
  await until('the raw peer is introduced or refused', () => {
    for (; next < raw.heard.length; next++) {
      const { message, bytes } = raw.heard[next] as RawPeer['heard'][number];
      if (message.type === 'refused') over = true;
      else if (message.type !== 'heartbeat') handshake.receive(message, bytes);
    }
    return over || raw.closed();
  });
}

/** Why the node refused the raw peer, once it has. */
export async function refusalOf(raw: RawPeer): Promise<{ readonly code: string; readonly detail: string }> {
  const find = () => raw.heard.map(({ message }) => message).find((message) => message.type === 'refused');
  await until('the raw peer is refused', () => find() !== undefined);
  const { code, detail } = find() as Extract<ControlMessage, { type: 'refused' }>;
  return { code, detail };
}
