import { type ChainLimits, DEFAULT_LIMITS } from '../../model/chain.ts';
import { ConfigError } from '../../model/errors.ts';
import { asReplicaId, type ChainId, type ReplicaId } from '../../model/ids.ts';
import { SCHEME_SIZES } from '../../model/scheme.ts';
import type { Channel } from '../../ports/network.ts';
import type { Signer, Verifier } from '../../ports/signature-scheme.ts';
import { parseAddress } from './address.ts';
import { CHANNEL_CODES, MAX_CONTROL_BYTES, type PerChannel } from './channels.ts';
import type { TlsNetworkEvent } from './events.ts';
import { checkIdentity, type TlsIdentity } from './identity.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Durations in milliseconds. */
export interface TlsNetworkTiming {
  /** For the TLS handshake and the proofs of both keys. */
  readonly handshakeTimeoutMs: number;
  /** Something is sent to every peer at least so often, give or take half of it. */
  readonly heartbeatMs: number;
  /** A peer that sends nothing for so long, though it is connected, is taken for dead. */
  readonly idleTimeoutMs: number;
  /** Wait before the second attempt to dial; doubles with every failure, and is drawn from its upper half. */
  readonly retryMinMs: number;
  /** The longest such wait while a peer cannot be reached. */
  readonly retryMaxMs: number;
  /** Wait after a peer was reached but refused us, or we it: only people can change that. */
  readonly refusedRetryMs: number;
  /** How long the higher key waits to be dialed before it dials itself. */
  readonly patienceMs: number;
  /** How long `close` lets queued frames leave. */
  readonly drainMs: number;
}

export const DEFAULT_TIMING: TlsNetworkTiming = {
  handshakeTimeoutMs: 5_000,
  heartbeatMs: 1_000,
  // Five heartbeats: longer than a pause of the peer's garbage collector, shorter than an epoch of lost leaders.
  idleTimeoutMs: 5_000,
  retryMinMs: 100,
  // A peer that comes back is dialed again within this time; an attempt on a dead host costs one packet.
  retryMaxMs: 2_000,
  refusedRetryMs: 10_000,
  // Longer than retryMaxMs, so that the two sides do not dial at once when both come back.
  patienceMs: 3_000,
  drainMs: 500,
};

/** Bounds on what peers can make a node hold. */
export interface TlsNetworkLimits {
  /** Largest frame, sent or received. A peer that sends a larger one is disconnected. */
  readonly maxFrameBytes: PerChannel;
  /** Bytes that wait for one peer; at least twice the largest frame. The oldest are dropped beyond. */
  readonly maxQueueBytes: PerChannel;
  /** Connected peers that are neither validators nor in `peers`. Those two never compete with them for places. */
  readonly maxStrangers: number;
  /** Memory of all strangers together: incomplete frames from them, and, by itself, what waits for them. */
  readonly maxStrangerBytes: number;
  /** Inbound connections whose handshake is not complete. */
  readonly maxPendingHandshakes: number;
  /** Inbound connections from one host within a second; further ones are turned away before any work for them. */
  readonly maxHandshakesPerSecond: number;
}

/** Bytes of a certificate per validator, at most: an Ed25519 signature and its tag. */
const CERTIFICATE_BYTES_PER_VALIDATOR = 65;

/** The limits that a chain's messages need; those of a chain with `DEFAULT_LIMITS` by default. */
export function limitsFor(chain: ChainLimits = DEFAULT_LIMITS): TlsNetworkLimits {
  const certificate = CERTIFICATE_BYTES_PER_VALIDATOR * chain.maxValidators + KIB;
  // A u32 length before each datum; the certificate that justifies the block.
  const block = chain.maxBlockBytes + 4 * chain.maxDatums + certificate;
  const maxFrameBytes = {
    // The largest message is a proposal.
    consensus: block + KIB,
    // Commands that fill a block travel together at most.
    commands: block + KIB,
    // A single block may exceed the bound on responses by itself; the response's own certificate comes on top.
    sync: Math.max(chain.maxSyncBytes, block) + block + certificate,
  };
  return {
    maxFrameBytes,
    maxQueueBytes: {
      // Two proposals and what belongs to them: older ones are of no use any more.
      consensus: Math.max(8 * MIB, 2 * (maxFrameBytes.consensus + KIB)),
      commands: Math.max(8 * MIB, 2 * (maxFrameBytes.commands + KIB)),
      // A peer asks for one response at a time, and once more when the first is late.
      sync: Math.max(16 * MIB, 2 * (maxFrameBytes.sync + KIB)),
    },
    maxStrangers: 32,
    maxStrangerBytes: 32 * MIB,
    // Each costs a socket and, at worst, one signature verification; a handshake lasts some 10 ms.
    maxPendingHandshakes: 128,
    // Some 5 % of a core. A larger cluster on one machine needs a few seconds to connect.
    maxHandshakesPerSecond: 64,
  };
}

export interface TlsNetworkOptions {
  /** Holds the validator key, which is also the node's name. */
  readonly signer: Signer;
  /** Checks the proofs of others; of the signer's scheme. Not closed by the network. */
  readonly verifier: Pick<Verifier, 'scheme' | 'check'>;
  readonly chainId: ChainId;
  /** Hash of the whole genesis document: 32 bytes. Only nodes with the same one connect. */
  readonly genesisHash: Uint8Array;
  readonly identity: TlsIdentity;
  /** `host:port` to listen on; port 0 takes a free one. Absent or null: the node only dials. */
  readonly listen?: string | null;
  /** Addresses of peers by id. An entry for the node itself is passed over. */
  readonly peers?: Readonly<Record<string, string>>;
  /**
   * Whether peers that are neither validators nor in `peers` may connect: `same-chain` (the default) lets in up to
   * `maxStrangers` that prove any key and the same genesis, `none` nobody.
   */
  readonly acceptUnknown?: 'same-chain' | 'none';
  /** The chain's limits, from its genesis, from which the default `limits` follow; `DEFAULT_LIMITS` if absent. */
  readonly chainLimits?: ChainLimits;
  readonly limits?: Partial<TlsNetworkLimits>;
  readonly timing?: Partial<TlsNetworkTiming>;
  /** Called as things happen. What it throws becomes a process warning. */
  readonly onEvent?: (event: TlsNetworkEvent) => void;
}

/** Options after the defaults, checked. */
export interface Settings {
  readonly signer: Signer;
  readonly verifier: Pick<Verifier, 'scheme' | 'check'>;
  readonly chainId: ChainId;
  readonly genesisHash: Uint8Array;
  readonly identity: TlsIdentity;
  readonly listen: string | null;
  readonly acceptUnknown: boolean;
  readonly limits: TlsNetworkLimits;
  readonly timing: TlsNetworkTiming;
  readonly onEvent: (event: TlsNetworkEvent) => void;
}

/** Throws `ConfigError` when an option is not usable. */
export function readOptions(options: TlsNetworkOptions): Settings {
  const { signer, verifier, genesisHash, listen = null, acceptUnknown = 'same-chain' } = options;
  demand(signer, 'signer', 'give createSigner(...) of hotstuff-ts/native');
  demand(verifier, 'verifier', 'give createVerifier(...) of hotstuff-ts/workers');
  demand(genesisHash, 'genesisHash', 'give genesisHash(genesis)');
  demand(options.chainId, 'chainId', 'give that of the genesis document');
  demand(options.identity, 'identity', 'give what generateTlsIdentity() makes');
  if (verifier.scheme !== signer.scheme) {
    const message = `checks ${verifier.scheme}, but the signer signs ${signer.scheme}; use one scheme for both`;
    throw new ConfigError('verifier', message);
  }
  checkId(signer.id, 'signer.id', signer);
  if (genesisHash.length !== 32) {
    throw new ConfigError('genesisHash', `has ${genesisHash.length} bytes; it must have 32`);
  }
  if (acceptUnknown !== 'same-chain' && acceptUnknown !== 'none') {
    throw new ConfigError('acceptUnknown', `is "${acceptUnknown}"; it must be "same-chain" or "none"`);
  }
  if (listen !== null) parseAddress(listen, 'listen');
  checkIdentity(options.identity);
  return {
    signer,
    verifier,
    chainId: options.chainId,
    genesisHash,
    identity: options.identity,
    listen,
    acceptUnknown: acceptUnknown === 'same-chain',
    limits: readLimits({ ...limitsFor(options.chainLimits), ...options.limits }),
    timing: readTiming(options.timing ?? {}),
    onEvent: options.onEvent ?? (() => {}),
  };
}

/** Callers in JavaScript may leave out anything. */
function demand(value: unknown, field: string, remedy: string): void {
  if (value === undefined || value === null) throw new ConfigError(field, `is missing; ${remedy}`);
}

/** The addresses of `peers` without the node's own. Throws `ConfigError` about the entry that is wrong. */
export function readPeers(
  peers: Readonly<Record<string, string>>,
  signer: Signer,
): ReadonlyMap<ReplicaId, string> {
  const addresses = new Map<ReplicaId, string>();
  for (const [id, address] of Object.entries(peers)) {
    checkId(id, `peers.${id}`, signer);
    parseAddress(address, `peers.${id}`);
    if (id !== signer.id) addresses.set(asReplicaId(id), address);
  }
  return addresses;
}

function checkId(id: string, field: string, { scheme }: Signer): void {
  const digits = 2 * SCHEME_SIZES[scheme].publicKey;
  if (id.length === digits && /^[0-9a-f]*$/.test(id)) return;
  throw new ConfigError(field, `an id of the scheme ${scheme} has ${digits} lower-case hex digits`);
}

function readLimits(limits: TlsNetworkLimits): TlsNetworkLimits {
  for (const channel of Object.keys(CHANNEL_CODES) as Channel[]) {
    const maxFrame = limits.maxFrameBytes[channel];
    checkWhole(`limits.maxFrameBytes.${channel}`, maxFrame, 1, 0xffff_ffff);
    // One frame may be on its way in part while another comes; the KiB covers what a frame costs besides its bytes.
    checkWhole(`limits.maxQueueBytes.${channel}`, limits.maxQueueBytes[channel], 2 * (maxFrame + KIB));
  }
  checkWhole('limits.maxStrangers', limits.maxStrangers, 0);
  checkWhole('limits.maxStrangerBytes', limits.maxStrangerBytes, 0);
  checkWhole('limits.maxPendingHandshakes', limits.maxPendingHandshakes, 1);
  checkWhole('limits.maxHandshakesPerSecond', limits.maxHandshakesPerSecond, 1);
  return limits;
}

/** Beyond this, Node's timers fire at once. */
const MAX_TIMER_MS = 0x7fff_ffff;

function readTiming(given: Partial<TlsNetworkTiming>): TlsNetworkTiming {
  const timing = { ...DEFAULT_TIMING, ...given };
  for (const [name, value] of Object.entries(timing)) {
    checkWhole(`timing.${name}`, value, name === 'drainMs' || name === 'patienceMs' ? 0 : 1, MAX_TIMER_MS);
  }
  checkWhole('timing.idleTimeoutMs', timing.idleTimeoutMs, 2 * timing.heartbeatMs);
  checkWhole('timing.retryMaxMs', timing.retryMaxMs, timing.retryMinMs);
  return timing;
}

function checkWhole(field: string, value: number, min: number, max: number = Number.MAX_SAFE_INTEGER): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new ConfigError(field, `is ${value}; it must be a whole number from ${min} to ${max}`);
}

/** Frame bounds by channel code, control included. */
export const byCode = ({ consensus, commands, sync }: PerChannel): readonly number[] => [
  MAX_CONTROL_BYTES,
  consensus,
  commands,
  sync,
];
