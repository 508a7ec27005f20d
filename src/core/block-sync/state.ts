import type { Block } from '../../model/block.ts';
import type { PhaseCertificate } from '../../model/certificate.ts';
import type { BlockHash, Height, Millis, ReplicaId } from '../../model/ids.ts';
import type { ValidatorSet } from '../../model/validator-set.ts';
import type { RequestId } from '../input.ts';

/** What is known of a peer as a server of blocks. */
export interface SyncPeer {
  /** Highest committed height that it advertised, signed; -1 before any. */
  height: number;
  advertisedAt: Millis;
  advertisedPcAt: Millis;
  blacklistedUntil: Millis;
  /** Of the entry that `blacklistedUntil` ends. */
  blacklistedFor: 'silence' | 'fault';
  /** Requests that it sent in the running window (R18). */
  asked: number;
  askedSince: Millis;
}

export interface SyncRequest {
  readonly request: RequestId;
  readonly to: ReplicaId;
  readonly startHeight: Height;
  readonly limit: number;
  /** When it may be sent again, and how long after that once more. */
  repeatAt: Millis;
  patienceMs: number;
}

/**
 * Blocks `first` to `last` of a response, which follow one another by hash, and a certificate of the last: a quorum of
 * `set` must have signed it.
 */
export interface SyncRun {
  readonly first: number;
  readonly last: number;
  readonly tip: PhaseCertificate;
  readonly set: ValidatorSet;
  /** Whether it has; undefined until that is known. */
  valid: boolean | undefined;
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
  /** What was verified last of it. */
  run: SyncRun | null;
  /** Whether its certificates were asked for. */
  verified: boolean;
  /** The block that a run was last asked for from, after the first. */
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
