import type { TLSSocket } from 'node:tls';
import type { ReplicaId } from '../../model/ids.ts';
import type { ValidatorSet } from '../../model/validator-set.ts';
import type { Channel, FrameReceiver, Network } from '../../ports/network.ts';
import { CHANNEL_CODES, CODES, type Code } from './channels.ts';
import { createDialer, type Dialer, type DialOutcome } from './dialer.ts';
import type { Ending, TlsNetworkEvent } from './events.ts';
import type { Link, LinkTraffic } from './link.ts';
import { createListener, type Listener, type Pending } from './listener.ts';
import { meet } from './meeting.ts';
import { byCode, readOptions, readPeers, type Settings, type TlsNetworkOptions } from './options.ts';
import { type Connection, createPeerTable, type Peer, type PeerTable } from './peer-table.ts';
import type { Role } from './proof.ts';
import { type Refusal, type RefusalCode, refusal } from './refusal.ts';
import { createSendQueue, type OutgoingFrame, outgoingFrame } from './send-queue.ts';
import {
  type ChannelCounters,
  channelStatistics,
  createTrafficCounters,
  type TlsNetworkStatistics,
} from './statistics.ts';

/**
 * The network port over TLS 1.3 between nodes that have proved their validator keys.
 *
 * Of two nodes that know each other's address the lower key dials; the higher one does so only when it has waited in
 * vain. Frames for a connected peer are queued within bounds, and those of a higher channel leave first. Consensus
 * frames for a peer that is a validator or in `peers`, but away, are kept within a small bound until it is back.
 */
export interface TlsNetwork extends Network {
  /** The node's own id. */
  readonly id: ReplicaId;
  /** `host:port` that it listens on, with the actual port; null when it only dials. */
  address(): string | null;
  /**
   * Replaces the addresses of the peers: new ones are dialed, others no longer. Connections stand, except to those
   * that may not connect any more. Throws `ConfigError`, and changes nothing, when an entry is wrong.
   */
  setPeers(peers: Readonly<Record<string, string>>): void;
  statistics(): TlsNetworkStatistics;
}

/**
 * Binds the listening address. Connections are made and accepted from `listen` on. Throws `ConfigError` when an option
 * is wrong or the address cannot be had.
 */
export async function createTlsNetwork(options: TlsNetworkOptions): Promise<TlsNetwork> {
  const settings = readOptions(options);
  const addresses = readPeers(options.peers ?? {}, settings.signer);
  const mesh = new Mesh(settings, addresses);
  await mesh.bind();
  return mesh;
}

const TICKS_PER_HEARTBEAT = 2;

/**
 * What of a known peer's queue outlives its connection, by channel code: the newest consensus messages, since a peer
 * that comes back needs the certificates and timeout votes of the present at once. Commands are forwarded again and
 * sync asks again by themselves.
 */
const ABSENT_BOUNDS: readonly number[] = [0, 256 * 1024, 0, 0];

/** Reasons that only people can change: the next try is made later. */
const LASTING: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  'protocol-version',
  'wrong-chain',
  'wrong-scheme',
  'bad-proof',
  'unexpected-peer',
  'self',
  'not-welcome',
  'malformed',
  'no-certificate',
]);

const SHUTTING_DOWN = refusal('shutting-down', 'the node is closing');

type ConnectedPeer = Peer & { readonly connection: Connection };

class Mesh implements TlsNetwork {
  readonly id: ReplicaId;
  readonly #settings: Settings;
  readonly #traffic: LinkTraffic;
  readonly #queueBounds: readonly number[];
  readonly #peers: PeerTable;
  /** Every link with a live socket, those included that have ended and carry their last words. */
  readonly #links = new Set<Link>();
  readonly #endings: Record<Ending['by'], { [Code in RefusalCode]?: number }> = { us: {}, peer: {} };
  #addresses: ReadonlyMap<ReplicaId, string>;
  #listener: Listener | null = null;
  #receive: FrameReceiver | null = null;
  #ticker: NodeJS.Timeout | null = null;
  #handshakes = 0;
  #dials = 0;
  #reconnects = 0;
  #closing: Promise<void> | null = null;
  #onLinksGone: (() => void) | null = null;

  constructor(settings: Settings, addresses: ReadonlyMap<ReplicaId, string>) {
    const { signer, limits, timing } = settings;
    this.id = signer.id;
    this.#settings = settings;
    this.#addresses = addresses;
    this.#queueBounds = byCode(limits.maxQueueBytes);
    const counters = createTrafficCounters();
    this.#traffic = {
      maxFrameBytes: byCode(limits.maxFrameBytes),
      counters,
      maxSilentTicks: Math.ceil((timing.idleTimeoutMs * TICKS_PER_HEARTBEAT) / timing.heartbeatMs),
      heartbeatTicks: TICKS_PER_HEARTBEAT,
    };
    this.#peers = createPeerTable({
      self: this.id,
      acceptUnknown: settings.acceptUnknown,
      maxStrangers: limits.maxStrangers,
      createQueue: () => createSendQueue(ABSENT_BOUNDS, counters),
      createDialer: (id, address) => this.#createDialer(id, address),
    });
  }

  async bind(): Promise<void> {
    const { listen, identity, limits, timing } = this.#settings;
    if (listen === null) return;
    this.#listener = await createListener({
      address: listen,
      identity,
      maxPending: limits.maxPendingHandshakes,
      maxPerSecond: limits.maxHandshakesPerSecond,
      handshakeTimeoutMs: timing.handshakeTimeoutMs,
      onSocket: (socket, pending) => this.#onAccepted(socket, pending),
      onRefused: (address, reason, repeated) => this.#onRefused(address, reason, repeated),
      onFailed: (error) => this.#emit({ type: 'listener-failed', error }),
    });
  }

  address(): string | null {
    return this.#listener?.address ?? null;
  }

  listen(receive: FrameReceiver): void {
    if (this.#receive !== null) throw new Error('listen was called before: a network has one receiver');
    if (this.#closing !== null) throw new Error('the network is closed');
    this.#receive = receive;
    this.#ticker = setInterval(() => this.#tick(), this.#settings.timing.heartbeatMs / TICKS_PER_HEARTBEAT);
    this.#peers.setAddresses(this.#addresses);
    this.#listener?.accept();
  }

  setPeers(peers: Readonly<Record<string, string>>): void {
    this.#addresses = readPeers(peers, this.#settings.signer);
    if (this.#receive === null || this.#closing !== null) return;
    this.#peers.setAddresses(this.#addresses);
    this.#endUnwelcome();
  }

  updateValidators({ committed, previous }: { committed: ValidatorSet; previous: ValidatorSet }): void {
    this.#peers.setValidators(new Set([...committed.indexOf.keys(), ...previous.indexOf.keys()]));
    this.#endUnwelcome();
  }

  send(to: ReplicaId, channel: Channel, frame: Uint8Array): void {
    const peer = this.#peers.get(to);
    const outgoing = this.#encode(channel, frame);
    if (peer !== undefined && outgoing !== null) this.#enqueue(peer, outgoing);
  }

  broadcast(channel: Channel, frame: Uint8Array): void {
    const outgoing = this.#encode(channel, frame);
    if (outgoing === null) return;
    for (const peer of this.#peers.all()) this.#enqueue(peer, outgoing);
  }

  connectedPeers(): readonly ReplicaId[] {
    return this.#connected().map(({ id }) => id);
  }

  statistics(): TlsNetworkStatistics {
    const peers = this.#connected().map(({ id, queue, connection: { address, dialed } }) => ({
      id,
      address,
      dialed,
      stranger: !this.#peers.isKnown(id),
      queuedBytes: queue.bytes(1) + queue.bytes(2) + queue.bytes(3),
    }));
    return {
      channels: channelStatistics(this.#traffic.counters),
      peers,
      handshakes: this.#handshakes,
      dials: this.#dials,
      reconnects: this.#reconnects,
      endedByUs: { ...this.#endings.us },
      endedByPeers: { ...this.#endings.peer },
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const unbound = this.#listener?.close();
    for (const link of this.#links) link.endAfterQueue(SHUTTING_DOWN);
    this.#peers.setAddresses(new Map());
    const timer = setTimeout(() => {
      for (const link of this.#links) link.destroy();
    }, this.#settings.timing.drainMs);
    if (this.#links.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onLinksGone = resolve;
      });
    }
    clearTimeout(timer);
    if (this.#ticker !== null) clearInterval(this.#ticker);
    await unbound;
  }

  #tick(): void {
    for (const link of this.#links) link.tick();
  }

  #encode(channel: Channel, frame: Uint8Array): OutgoingFrame | null {
    if (this.#closing !== null) return null;
    const code = CHANNEL_CODES[channel];
    const maxBytes = this.#traffic.maxFrameBytes[code] as number;
    if (frame.length <= maxBytes) return outgoingFrame(code, frame);
    this.#countDropped(code, frame);
    this.#emit({ type: 'frame-too-large', channel, bytes: frame.length, maxBytes });
    return null;
  }

  #enqueue(peer: Peer, frame: OutgoingFrame): void {
    if (this.#isBeyondStrangersShare(peer, frame)) this.#countDropped(frame.code, frame.payload);
    else peer.queue.push(frame);
    peer.connection?.link.wake();
  }

  /** Consensus frames are broadcast: all queues share their memory. What strangers ask for, each has for itself. */
  #isBeyondStrangersShare({ id }: Peer, { code, payload }: OutgoingFrame): boolean {
    if (code === CHANNEL_CODES.consensus || this.#peers.isKnown(id)) return false;
    let bytes = payload.length;
    for (const peer of this.#strangers()) {
      bytes += peer.queue.bytes(CHANNEL_CODES.commands) + peer.queue.bytes(CHANNEL_CODES.sync);
    }
    return bytes > this.#settings.limits.maxStrangerBytes;
  }

  #countDropped(code: Code, payload: Uint8Array): void {
    const counters = this.#traffic.counters[code] as ChannelCounters;
    counters.framesDropped++;
    counters.bytesDropped += payload.length;
  }

  #connected(): readonly ConnectedPeer[] {
    return [...this.#peers.all()].filter((peer): peer is ConnectedPeer => peer.connection !== null);
  }

  #strangers(): readonly Peer[] {
    return [...this.#peers.all()].filter(({ id }) => !this.#peers.isKnown(id));
  }

  #createDialer(id: ReplicaId, address: string): Dialer {
    const { identity, timing } = this.#settings;
    return createDialer({
      address,
      identity,
      timing,
      patienceMs: this.id < id ? 0 : timing.patienceMs,
      onSocket: (socket, settle) => this.#onDialed(id, address, socket, settle),
      onAttempt: () => {
        this.#dials++;
      },
      onFailed: (attempt, detail) => {
        this.#emit({ type: 'dial-failed', peer: id, address, attempt, detail });
      },
    });
  }

  #onAccepted(socket: TLSSocket, pending: Pending): void {
    const link = this.#meet({
      socket,
      role: 'listener',
      expected: null,
      address: pending.address,
      onSettled: () => pending.settle(),
    });
    pending.refuse = (reason) => link.end(reason);
  }

  #onDialed(
    id: ReplicaId,
    address: string,
    socket: TLSSocket,
    settle: (outcome: DialOutcome) => void,
  ): () => void {
    const link = this.#meet({ socket, role: 'dialer', expected: id, address, onSettled: settle });
    return () => link.end(refusal('duplicate', 'this attempt is not needed any more'));
  }

  #meet(socket: NewSocket): Link {
    const { address, onSettled } = socket;
    this.#handshakes++;
    const link = meet({
      socket: socket.socket,
      role: socket.role,
      expected: socket.expected,
      node: this.#settings,
      timeoutMs: this.#settings.timing.handshakeTimeoutMs,
      traffic: this.#traffic,
      refusalOf: (peer) => this.#peers.refusalOf(peer, socket.role === 'dialer'),
      onProved: (id, proved) => {
        this.#handshakes--;
        onSettled('connected');
        this.#onConnected(id, { link: proved, address, dialed: socket.role === 'dialer' });
      },
      onFrame: (from, code, frame) => this.#receive?.(from, CODES[code] as Channel, frame),
      onHeld: (peer) => this.#refusalOfHeld(peer),
      onEnd: (peer, wasProved, ending, ended) => {
        this.#endings[ending.by][ending.code] = (this.#endings[ending.by][ending.code] ?? 0) + 1;
        if (wasProved && peer !== null) return this.#onDisconnected(peer, ended, address, ending);
        this.#handshakes--;
        this.#emit({ type: 'peer-refused', peer, address, ...ending });
        onSettled(LASTING.has(ending.code) ? 'refused' : 'unreachable');
      },
      onClosed: (closed) => {
        this.#links.delete(closed);
        if (this.#links.size === 0) this.#onLinksGone?.();
      },
    });
    this.#links.add(link);
    return link;
  }

  #onConnected(id: ReplicaId, connection: Connection): void {
    const peer = this.#peers.ensure(id);
    const old = peer.connection;
    peer.connection = connection;
    old?.link.end(refusal('superseded', 'a newer connection of the two nodes took its place'));
    peer.dialer?.rest();
    if (peer.seen) this.#reconnects++;
    peer.seen = true;
    peer.queue.rewind();
    peer.queue.setBounds(this.#queueBounds);
    this.#emit({ type: 'peer-connected', peer: id, address: connection.address, dialed: connection.dialed });
    connection.link.open(peer.queue);
  }

  #onDisconnected(id: ReplicaId, link: Link, address: string, ending: Ending): void {
    const peer = this.#peers.get(id);
    if (peer?.connection?.link === link) {
      peer.connection = null;
      peer.queue.rewind();
      peer.queue.setBounds(ABSENT_BOUNDS);
      peer.dialer?.resume();
      this.#peers.release(peer);
    }
    this.#emit({ type: 'peer-disconnected', peer: id, address, ...ending });
  }

  /** A connection ended before TLS was established. In a flood all are counted, and the first is told of. */
  #onRefused(address: string, reason: Refusal, repeated: boolean): void {
    this.#endings.us[reason.code] = (this.#endings.us[reason.code] ?? 0) + 1;
    if (!repeated) this.#emit({ type: 'peer-refused', peer: null, address, by: 'us', ...reason });
  }

  /** Strangers may begin large frames and never end them: together they get a share of memory, and no more. */
  #refusalOfHeld(id: ReplicaId): Refusal | null {
    if (this.#peers.isKnown(id)) return null;
    let bytes = 0;
    for (const { connection } of this.#strangers()) bytes += connection?.link.heldBytes ?? 0;
    if (bytes <= this.#settings.limits.maxStrangerBytes) return null;
    return refusal('overloaded', 'peers that are no validators hold too much memory with incomplete frames');
  }

  #endUnwelcome(): void {
    for (const { id, connection } of this.#connected()) {
      const reason = this.#peers.unwelcome(id);
      if (reason !== null) connection.link.end(reason);
    }
  }

  #emit(event: TlsNetworkEvent): void {
    try {
      this.#settings.onEvent(event);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }
}

/** A socket whose TLS handshake is complete, and who waits for it to become a connection. */
interface NewSocket {
  readonly socket: TLSSocket;
  readonly role: Role;
  readonly expected: ReplicaId | null;
  readonly address: string;
  readonly onSettled: (outcome: DialOutcome) => void;
}
