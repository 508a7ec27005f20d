import type { ReplicaId } from '../../model/ids.ts';
import type { Channel } from '../../ports/network.ts';
import { CODES, type Code } from './channels.ts';
import type { RefusalCode } from './refusal.ts';

/** Traffic of one channel since the start, over all peers. Bytes are payload, without headers and TLS. */
export interface ChannelStatistics {
  readonly framesIn: number;
  readonly bytesIn: number;
  readonly framesOut: number;
  readonly bytesOut: number;
  /** Frames for known peers that never left: the queue was full, or the peer was away. */
  readonly framesDropped: number;
  readonly bytesDropped: number;
}

export interface PeerStatistics {
  readonly id: ReplicaId;
  readonly address: string;
  /** Whether we dialed it. */
  readonly dialed: boolean;
  /** Whether it is neither a validator nor in `peers`. */
  readonly stranger: boolean;
  /** Bytes that wait for it, all channels together. */
  readonly queuedBytes: number;
}

/** A snapshot; it does not change any more. */
export interface TlsNetworkStatistics {
  readonly channels: { readonly [Name in Channel]: ChannelStatistics };
  /** The connected peers. */
  readonly peers: readonly PeerStatistics[];
  /** Connections in either direction whose keys are not proved yet. */
  readonly handshakes: number;
  readonly dials: number;
  /** Connections to peers that had been connected before. */
  readonly reconnects: number;
  /** Connections that we, and that others, ended for a reason given, before or after the keys were proved. */
  readonly endedByUs: { readonly [Code in RefusalCode]?: number };
  readonly endedByPeers: { readonly [Code in RefusalCode]?: number };
}

export type ChannelCounters = { -readonly [Name in keyof ChannelStatistics]: number };

/** Counters by channel code. */
export type TrafficCounters = readonly ChannelCounters[];

export const createTrafficCounters = (): TrafficCounters =>
  CODES.map(() => ({
    framesIn: 0,
    bytesIn: 0,
    framesOut: 0,
    bytesOut: 0,
    framesDropped: 0,
    bytesDropped: 0,
  }));

/** What the counters say now. */
export function channelStatistics(counters: TrafficCounters): TlsNetworkStatistics['channels'] {
  const of = (code: Code): ChannelStatistics => ({ ...(counters[code] as ChannelCounters) });
  return { consensus: of(1), commands: of(2), sync: of(3) };
}
