import { assertNever } from '../../model/assert.ts';
import type { ChainId, ReplicaId } from '../../model/ids.ts';
import { SCHEME_SIZES } from '../../model/scheme.ts';
import type { Signer, Verifier } from '../../ports/signature-scheme.ts';
import { ACCEPTED, type ControlMessage, encodeHello, encodeProof, type Hello } from './control.ts';
import { type ChannelBinding, proofPreimage, type Role } from './proof.ts';
import { type Refusal, refusal } from './refusal.ts';

/** Versions of the peer protocol that this code speaks. While a cluster is upgraded, both old and new are in here. */
const MIN_VERSION = 1;
const MAX_VERSION = 1;

/** Who we are, on every connection. */
export interface LocalNode {
  readonly signer: Signer;
  readonly verifier: Pick<Verifier, 'scheme' | 'check'>;
  readonly chainId: ChainId;
  readonly genesisHash: Uint8Array;
}

export interface HandshakeOptions {
  readonly node: LocalNode;
  readonly role: Role;
  readonly binding: ChannelBinding;
  /** The peer whose address was dialed; null at the listener's end. */
  readonly expected: ReplicaId | null;
  readonly send: (message: Uint8Array) => void;
  /** The peer says who it is; nothing is proved yet. */
  readonly onClaim: (peer: ReplicaId) => void;
  /** Why there is no place for the peer, if so; asked before work is done for it, and again at the end. */
  readonly refusalOf: (peer: ReplicaId) => Refusal | null;
  /** Both sides have proved their keys. */
  readonly onDone: (peer: ReplicaId) => void;
  /** The handshake is over; the other side is to be told. */
  readonly onRefused: (refusal: Refusal) => void;
}

/** The messages that a handshake consists of; what else a link carries it never sees. */
export type HandshakeMessage = Extract<ControlMessage, { type: 'hello' | 'proof' | 'accepted' }>;

export interface Handshake {
  receive(message: HandshakeMessage, bytes: Uint8Array): void;
  /** Forgets what is still being signed or checked. */
  stop(): void;
}

/**
 * Proves the validator keys of both sides to each other over an established TLS connection.
 *
 * ```
 * dialer                     listener
 *   hello            ->
 *                    <-      hello
 *   proof            ->                  the listener signs nothing for those who proved nothing
 *                    <-      proof
 *   accepted         ->
 * ```
 *
 * A proof is a signature over what `proofPreimage` lists. It is worth nothing on another connection (exporter value
 * and TLS certificates), in the other direction (role), on another chain (genesis hash), or after any word of the
 * hellos was changed on the way, so it can be neither relayed nor replayed, nor the version talked down.
 */
export function beginHandshake(options: HandshakeOptions): Handshake {
  const { node, role, send } = options;
  const ours = encodeHello({
    type: 'hello',
    minVersion: MIN_VERSION,
    maxVersion: MAX_VERSION,
    chainId: node.chainId,
    genesisHash: node.genesisHash,
    scheme: node.signer.scheme,
    id: node.signer.id,
  });
  const session: Session = { options, ours, expecting: 'hello', claim: null };
  if (role === 'dialer') send(ours);
  return {
    receive: (message, bytes) => onMessage(session, message, bytes),
    stop() {
      session.expecting = 'nothing';
    },
  };
}

/** What the handshake waits for; `busy` for our own signature or the check of theirs. */
type Expecting = 'hello' | 'proof' | 'accepted' | 'busy' | 'nothing';

/** What follows from the peer's hello: who it says it is, and what each side has to sign. */
interface Claim {
  readonly peer: ReplicaId;
  readonly ours: Uint8Array;
  readonly theirs: Uint8Array;
}

interface Session {
  readonly options: HandshakeOptions;
  /** Our hello. */
  readonly ours: Uint8Array;
  expecting: Expecting;
  claim: Claim | null;
}

function onMessage(session: Session, message: HandshakeMessage, bytes: Uint8Array): void {
  const { expecting, claim } = session;
  if (message.type !== expecting || (message.type !== 'hello' && claim === null)) {
    return refuse(session, refusal('malformed', `${message.type} where ${expecting} was expected`));
  }
  switch (message.type) {
    case 'hello':
      return onHello(session, message, bytes);
    case 'proof':
      return onProof(session, claim as Claim, message.signature);
    case 'accepted':
      return onAccepted(session, claim as Claim);
    default:
      return assertNever(message);
  }
}

function onHello(session: Session, hello: Hello, bytes: Uint8Array): void {
  const { node, role, expected, send, onClaim, refusalOf } = session.options;
  onClaim(hello.id);
  const reason = helloFault(hello, node, expected) ?? refusalOf(hello.id);
  if (reason !== null) return refuse(session, reason);
  session.claim = claimOf(session, hello, bytes);
  if (role === 'dialer') return prove(session, session.claim);
  session.expecting = 'proof';
  send(session.ours);
}

function claimOf({ options, ours }: Session, hello: Hello, bytes: Uint8Array): Claim {
  const { node, role, binding } = options;
  const [dialerHello, listenerHello] = role === 'dialer' ? [ours, bytes] : [bytes, ours];
  const subject = {
    version: commonVersion(hello),
    chainId: node.chainId,
    genesisHash: node.genesisHash,
    scheme: node.signer.scheme,
    binding,
    dialerHello,
    listenerHello,
  };
  return {
    peer: hello.id,
    ours: proofPreimage({ ...subject, role }),
    theirs: proofPreimage({ ...subject, role: role === 'dialer' ? 'listener' : 'dialer' }),
  };
}

function prove(session: Session, { ours }: Claim): void {
  const { node, role, send } = session.options;
  const sign = () => node.signer.sign(ours);
  waitFor(session, 'sign', sign, (signature) => {
    session.expecting = role === 'dialer' ? 'proof' : 'accepted';
    send(encodeProof(signature));
  });
}

function onProof(session: Session, claim: Claim, signature: Uint8Array): void {
  const { node, role, send, onDone, refusalOf } = session.options;
  const { scheme } = node.verifier;
  if (signature.length !== SCHEME_SIZES[scheme].vote) {
    const detail = `a signature of ${signature.length} bytes is none of ${scheme}`;
    return refuse(session, refusal('bad-proof', detail));
  }
  const check = { type: 'signature', signer: claim.peer, preimage: claim.theirs, signature } as const;
  waitFor(
    session,
    'check',
    () => node.verifier.check([check], 'soon'),
    ([valid]) => {
      const reason = valid === 1 ? refusalOf(claim.peer) : NOT_PROVED;
      if (reason !== null) return refuse(session, reason);
      if (role === 'listener') return prove(session, claim);
      send(ACCEPTED);
      session.expecting = 'nothing';
      onDone(claim.peer);
    },
  );
}

const NOT_PROVED = refusal('bad-proof', 'the signature does not prove the key on this connection');

function onAccepted(session: Session, { peer }: Claim): void {
  const reason = session.options.refusalOf(peer);
  if (reason !== null) return refuse(session, reason);
  session.expecting = 'nothing';
  session.options.onDone(peer);
}

/** Waits for `work`; what it brings counts only if nothing has ended the handshake meanwhile. */
function waitFor<T>(session: Session, what: string, work: () => Promise<T>, then: (value: T) => void): void {
  session.expecting = 'busy';
  const isCurrent = (): boolean => session.expecting === 'busy';
  Promise.resolve()
    .then(work)
    .then(
      (value) => {
        if (isCurrent()) then(value);
      },
      (error: unknown) => {
        const reason = refusal('internal', `could not ${what} a proof: ${String(error)}`);
        if (isCurrent()) refuse(session, reason);
      },
    );
}

function refuse(session: Session, reason: Refusal): void {
  session.expecting = 'nothing';
  session.options.onRefused(reason);
}

const commonVersion = (hello: Hello): number => Math.min(hello.maxVersion, MAX_VERSION);

/** Why a peer that introduces itself so is none of ours, told so that its operator knows what to change. */
function helloFault(hello: Hello, node: LocalNode, expected: ReplicaId | null): Refusal | null {
  if (commonVersion(hello) < Math.max(hello.minVersion, MIN_VERSION)) {
    const theirs = `${hello.minVersion} to ${hello.maxVersion}`;
    const both = `one side speaks versions ${theirs}, the other ${MIN_VERSION} to ${MAX_VERSION}`;
    return refusal('protocol-version', `no common version of the peer protocol: ${both}`);
  }
  if (hello.scheme !== node.signer.scheme) {
    const detail = `one side uses the scheme ${hello.scheme}, the other ${node.signer.scheme}`;
    return refusal('wrong-scheme', detail);
  }
  if (hello.chainId !== node.chainId || !Buffer.from(hello.genesisHash).equals(node.genesisHash)) {
    const theirs = `${hello.chainId} (genesis ${short(hello.genesisHash)})`;
    const ours = `${node.chainId} (genesis ${short(node.genesisHash)})`;
    return refusal('wrong-chain', `one side is on chain ${theirs}, the other on ${ours}`);
  }
  if (hello.id.length !== 2 * SCHEME_SIZES[node.signer.scheme].publicKey) {
    return refusal('malformed', `a key of ${hello.id.length >> 1} bytes is none of ${hello.scheme}`);
  }
  if (hello.id === node.signer.id) return refusal('self', 'both sides have the same key');
  if (expected !== null && hello.id !== expected) {
    return refusal('unexpected-peer', `the dialed address is that of ${hello.id}, not of ${expected}`);
  }
  return null;
}

const short = (hash: Uint8Array): string => Buffer.from(hash).toString('hex', 0, 8);
