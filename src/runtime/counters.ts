import type { RejectionCode } from '../model/events.ts';
import type { Message } from '../model/messages.ts';

type MessageType = Message['type'];

/** What a replica has done since it started. Numbers only grow. */
export interface ReplicaCounters {
  readonly views: number;
  /** Flushes of the store since it was opened. */
  readonly flushes: number;
  /** Frames of the protocol handed to the network, one per recipient; those to oneself are not counted. */
  readonly messagesSent: number;
  readonly bytesSent: number;
  readonly sentByType: Readonly<Partial<Record<MessageType, number>>>;
  /** Frames of the protocol that were read, those that were refused included. */
  readonly messagesReceived: number;
  readonly bytesReceived: number;
  readonly receivedByType: Readonly<Partial<Record<MessageType, number>>>;
  /** Frames of peers that were dropped unread because too many waited. */
  readonly framesDropped: number;
  /** Inputs of the core: messages, timers, answers. */
  readonly inputs: number;
  /** Signatures and certificates that the verifier was asked to check. */
  readonly signaturesChecked: number;
  readonly certificatesFormed: number;
  readonly blocksCommitted: number;
  readonly appFailures: number;
  readonly rejections: Readonly<Partial<Record<RejectionCode, number>>>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] };
/** Everything but the store's own count. */
export type Counters = Omit<Mutable<ReplicaCounters>, 'flushes'>;

export const createCounters = (): Counters => ({
  views: 0,
  messagesSent: 0,
  bytesSent: 0,
  sentByType: {},
  messagesReceived: 0,
  bytesReceived: 0,
  receivedByType: {},
  framesDropped: 0,
  inputs: 0,
  signaturesChecked: 0,
  certificatesFormed: 0,
  blocksCommitted: 0,
  appFailures: 0,
  rejections: {},
});

export function increment<Key extends string>(table: Partial<Record<Key, number>>, key: Key, by = 1): void {
  table[key] = (table[key] ?? 0) + by;
}

/** A copy that does not change any more. */
export const readCounters = (counters: Counters, flushes: number): ReplicaCounters => ({
  ...counters,
  flushes,
  sentByType: { ...counters.sentByType },
  receivedByType: { ...counters.receivedByType },
  rejections: { ...counters.rejections },
});
