import type { ChainId } from './ids.ts';
import type { SchemeName } from './scheme.ts';

/** Bounds that every replica of a chain shares, because a message that one accepts all must accept. */
export interface ChainLimits {
  /** Sum of the datums' bytes of one block. */
  readonly maxBlockBytes: number;
  readonly maxDatums: number;
  readonly maxValidators: number;
  /** Blocks in one sync response. */
  readonly maxSyncBlocks: number;
  /** Bytes of one sync response, at most; a single block may exceed it by itself. */
  readonly maxSyncBytes: number;
}

export const DEFAULT_LIMITS: ChainLimits = {
  maxBlockBytes: 2 * 1024 * 1024,
  maxDatums: 65_536,
  maxValidators: 4_096,
  maxSyncBlocks: 256,
  maxSyncBytes: 4 * 1024 * 1024,
};

/** The same at every replica of a chain; part of its genesis document (SPECIFICATION.md section 1). */
export interface ChainParameters {
  readonly chainId: ChainId;
  readonly scheme: SchemeName;
  /** Views per epoch; its multiples are the epoch-change views. */
  readonly epochLength: number;
  /** Consecutive views of one leader (R26). */
  readonly leaderTenure: number;
  readonly limits: ChainLimits;
}

/** Settings of one replica; they may differ between replicas within the bounds that the specification gives. */
export interface LocalSettings {
  /** How long a view may last, in milliseconds; at least 8 network delays. */
  readonly viewTimeMs: number;
  /** Sync starts when neither highestPc nor the committed height moved for so long. */
  readonly syncTriggerMs: number;
  /** Sync starts on an advertised certificate at least so many views ahead. */
  readonly syncMinViewDifference: number;
  readonly advertiseIntervalMs: number;
  readonly syncRequestTimeoutMs: number;
  readonly blacklistMs: number;
  /** Blocks asked for in one sync request. */
  readonly syncRequestLimit: number;
}

/** The specification's defaults for a view time, which all other durations follow. */
export function defaultSettings(viewTimeMs = 1_000): LocalSettings {
  return {
    viewTimeMs,
    syncTriggerMs: 8 * viewTimeMs,
    syncMinViewDifference: 10,
    advertiseIntervalMs: 4 * viewTimeMs,
    syncRequestTimeoutMs: 10 * viewTimeMs,
    blacklistMs: 60 * viewTimeMs,
    syncRequestLimit: 64,
  };
}
