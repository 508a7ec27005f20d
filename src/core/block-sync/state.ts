import type { Block } from '../../model/block.ts';
import type { PhaseCertificate } from '../../model/certificate.ts';
import type { BlockHash, Height, Millis, ReplicaId } from '../../model/ids.ts';
import type { RequestId } from '../input.ts';

/** What is known of a peer as a server of blocks. */
export interface SyncPeer {
  /** Highest committed height that it advertised, signed; -1 before any. */
  height: number;
  advertisedAt: Millis;
  advertisedPcAt: Millis;
  blacklistedUntil: Millis;
  /** Requests that it sent in the running window (R18). */
  asked: number;
  askedSince: Millis;
}

export interface SyncRequest {
  readonly request: RequestId;
  readonly to: ReplicaId;
  readonly startHeight: Height;
  readonly limit: number;
  readonly sentAt: Millis;
}

/** A response that is being worked through, block by block. */
export interface SyncJob {
  readonly from: ReplicaId;
  readonly startHeight: Height;
  readonly limit: number;
  readonly blocks: readonly Block[];
  readonly highestPc: PhaseCertificate;
  next: number;
  inserted: number;
  /** The question it waits for. */
  waiting: RequestId | null;
  /** Whether the certificates inside were asked for in one go. */
  verified: boolean;
  /** The block whose own certificates were asked for once more, after the sets had moved. */
  askedFor: BlockHash | null;
}

/** The block that a certificate names and nobody here knows. */
export interface Fetch {
  readonly target: PhaseCertificate;
  /** Whom to ask next, in order. */
  readonly candidates: ReplicaId[];
}

export interface SyncState {
  readonly peers: Map<ReplicaId, SyncPeer>;
  /** At most one per peer. */
  readonly requests: Map<ReplicaId, SyncRequest>;
  readonly jobs: SyncJob[];
  fetch: Fetch | null;
  /** When highestPc or the committed height last moved. */
  movedAt: Millis;
  /** When certificates that no known set signed last caused a request. */
  triggeredAt: Millis;
}

export const emptySync = (): SyncState => ({
  peers: new Map(),
  requests: new Map(),
  jobs: [],
  fetch: null,
  movedAt: 0 as Millis,
  triggeredAt: Number.NEGATIVE_INFINITY as Millis,
});
