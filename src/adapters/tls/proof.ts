import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import {
  createWriter,
  finish,
  HASH_SIZE,
  sha256,
  writeBytes,
  writeU8,
  writeU32,
  writeU64,
} from '../../codec/primitives.ts';
import type { ChainId } from '../../model/ids.ts';
import type { SchemeName } from '../../model/scheme.ts';

/** Which side of the TLS connection a node is. */
export type Role = 'dialer' | 'listener';

/** What is particular to one TLS connection and the same at both of its ends, and nowhere else. */
export interface ChannelBinding {
  /** SHA-256 of each side's TLS certificate in DER: 32 bytes. */
  readonly dialerCertificate: Uint8Array;
  readonly listenerCertificate: Uint8Array;
  /** Keying material that only the two ends can derive (RFC 5705, RFC 8446 section 7.5): 32 bytes. */
  readonly exporter: Uint8Array;
}

export interface ProofSubject {
  readonly version: number;
  readonly chainId: ChainId;
  readonly genesisHash: Uint8Array;
  readonly scheme: SchemeName;
  /** The signer's. */
  readonly role: Role;
  readonly binding: ChannelBinding;
  /** The bodies of both hellos as they travelled, so that nobody can have changed a word of them. */
  readonly dialerHello: Uint8Array;
  readonly listenerHello: Uint8Array;
}

/**
 * Begins everything that a validator key signs here. The protocol's own preimages begin with a byte from 1 to 4 (BLS)
 * or have 17 to 57 bytes (Ed25519); this one begins with a letter and is longer, so a proof is never a vote.
 */
const DOMAIN = Buffer.from('hotstuff-ts peer authentication over a TLS channel\0', 'latin1');

/** RFC 5705: names that are not registered begin so. */
const EXPORTER_LABEL = 'EXPERIMENTAL hotstuff-ts peer authentication';

const ROLES: { readonly [Name in Role]: number } = { dialer: 1, listener: 2 };

/** What a node signs to prove, on one TLS connection, that it holds its validator key. */
export function proofPreimage(subject: ProofSubject): Uint8Array {
  const scheme = Buffer.from(subject.scheme, 'latin1');
  const transcript = createHash('sha256')
    .update(sha256(subject.dialerHello))
    .update(sha256(subject.listenerHello))
    .digest();
  const writer = createWriter(DOMAIN.length + 4 + 8 + HASH_SIZE + 4 + scheme.length + 1 + 4 * HASH_SIZE);
  writeBytes(writer, DOMAIN, DOMAIN.length);
  writeU32(writer, subject.version);
  writeU64(writer, subject.chainId);
  writeBytes(writer, subject.genesisHash, HASH_SIZE);
  writeU32(writer, scheme.length);
  writeBytes(writer, scheme, scheme.length);
  writeU8(writer, ROLES[subject.role]);
  writeBytes(writer, subject.binding.dialerCertificate, HASH_SIZE);
  writeBytes(writer, subject.binding.listenerCertificate, HASH_SIZE);
  writeBytes(writer, subject.binding.exporter, HASH_SIZE);
  writeBytes(writer, transcript, HASH_SIZE);
  return finish(writer);
}

/** The binding of a connection after its TLS handshake; null when the peer showed no certificate in it. */
export function channelBinding(socket: TLSSocket, role: Role): ChannelBinding | null {
  const mine = socket.getX509Certificate();
  const theirs = socket.getPeerX509Certificate();
  if (mine === undefined || theirs === undefined || socket.isSessionReused()) return null;
  const [dialer, listener] = role === 'dialer' ? [mine, theirs] : [theirs, mine];
  return {
    dialerCertificate: sha256(dialer.raw),
    listenerCertificate: sha256(listener.raw),
    exporter: socket.exportKeyingMaterial(HASH_SIZE, EXPORTER_LABEL, Buffer.alloc(0)),
  };
}
