import type { ReplicaId } from '../../model/ids.ts';
import type { Dialer } from './dialer.ts';
import type { Link } from './link.ts';
import { type Refusal, refusal } from './refusal.ts';
import type { SendQueue } from './send-queue.ts';

/** A connection whose keys are proved. */
export interface Connection {
  readonly link: Link;
  readonly address: string;
  readonly dialed: boolean;
}

/** All that is kept of one other node. */
export interface Peer {
  readonly id: ReplicaId;
  readonly queue: SendQueue;
  connection: Connection | null;
  /** Present while the peer is in `peers`. */
  dialer: Dialer | null;
  /** Whether it was connected before. */
  seen: boolean;
}

export interface PeerTableOptions {
  readonly self: ReplicaId;
  readonly acceptUnknown: boolean;
  readonly maxStrangers: number;
  readonly createQueue: () => SendQueue;
  readonly createDialer: (id: ReplicaId, address: string) => Dialer;
}

/**
 * The other nodes: validators, those in `peers`, and strangers. The first two are known and keep their entry while
 * away; they are as many as the operator and the chain say. Strangers have one only while connected.
 */
export interface PeerTable {
  get(id: ReplicaId): Peer | undefined;
  all(): Iterable<Peer>;
  isKnown(id: ReplicaId): boolean;
  /** Why a new connection with `id` cannot be, if so. */
  refusalOf(id: ReplicaId, dialed: boolean): Refusal | null;
  /** Why a peer that is connected may not stay, if so. */
  unwelcome(id: ReplicaId): Refusal | null;
  /** The entry of a peer that connects. */
  ensure(id: ReplicaId): Peer;
  /** Forgets a peer without a connection if it is not known. */
  release(peer: Peer): void;
  setAddresses(addresses: ReadonlyMap<ReplicaId, string>): void;
  setValidators(validators: ReadonlySet<ReplicaId>): void;
}

export function createPeerTable(options: PeerTableOptions): PeerTable {
  const { self } = options;
  const peers = new Map<ReplicaId, Peer>();
  let validators: ReadonlySet<ReplicaId> = new Set();

  const isKnown = (id: ReplicaId): boolean => validators.has(id) || (peers.get(id)?.dialer ?? null) !== null;

  function ensure(id: ReplicaId): Peer {
    const present = peers.get(id);
    if (present !== undefined) return present;
    const peer = { id, queue: options.createQueue(), connection: null, dialer: null, seen: false };
    peers.set(id, peer);
    return peer;
  }

  function release(peer: Peer): void {
    if (peer.connection === null && !isKnown(peer.id)) peers.delete(peer.id);
  }

  function releaseAll(): void {
    for (const peer of [...peers.values()]) release(peer);
  }

  function strangers(): number {
    let count = 0;
    for (const { id, connection } of peers.values()) if (connection !== null && !isKnown(id)) count++;
    return count;
  }

  function refusalOf(id: ReplicaId, dialed: boolean): Refusal | null {
    const standing = peers.get(id)?.connection ?? null;
    if (standing !== null) return supersedes(self, id, standing.dialed, dialed) ? null : DUPLICATE;
    if (isKnown(id)) return null;
    return unwelcome(id) ?? (strangers() < options.maxStrangers ? null : FULL);
  }

  const unwelcome = (id: ReplicaId): Refusal | null =>
    options.acceptUnknown || isKnown(id) ? null : NOT_WELCOME;

  return {
    get: (id) => peers.get(id),
    all: () => peers.values(),
    isKnown,
    refusalOf,
    unwelcome,
    ensure,
    release,
    setAddresses(addresses) {
      for (const peer of peers.values()) {
        if (peer.dialer === null || peer.dialer.address === addresses.get(peer.id)) continue;
        peer.dialer.stop();
        peer.dialer = null;
      }
      for (const [id, address] of addresses) {
        const peer = ensure(id);
        if (peer.dialer !== null) continue;
        peer.dialer = options.createDialer(id, address);
        if (peer.connection !== null) peer.dialer.rest();
        else peer.dialer.resume();
      }
      releaseAll();
    },
    setValidators(next) {
      validators = next;
      for (const id of next) if (id !== self) ensure(id);
      releaseAll();
    },
  };
}

const DUPLICATE = refusal('duplicate', 'another connection of the two nodes stands');
const NOT_WELCOME = refusal('not-welcome', 'only validators and configured peers may connect here');
const FULL = refusal('full', 'all places for peers that are no validators are taken');

/**
 * Whether a new connection with `id` takes the place of the one that stands.
 *
 * | stands, dialed by | comes, dialed by | stays |
 * |---|---|---|
 * | either key | the lower key | the new one: the old one is dead, or was a second try of the higher key |
 * | the higher key | the higher key | the new one: the old one is dead |
 * | the lower key | the higher key | the old one; if it is dead, its silence will end it |
 *
 * Both sides decide alike, in whatever order the two connections appear to them.
 */
function supersedes(self: ReplicaId, id: ReplicaId, oldDialed: boolean, newDialed: boolean): boolean {
  const lower = self < id;
  return newDialed === lower || oldDialed !== lower;
}
