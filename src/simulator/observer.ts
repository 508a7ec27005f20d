import type { TreeDelta } from '../core/block-tree/delta.ts';
import type { Effect } from '../core/effect.ts';
import type { Input } from '../core/input.ts';
import type { Recovered } from '../core/recovered.ts';
import type { CoreStatus } from '../core/state.ts';
import type { ChainParameters, LocalSettings } from '../model/chain.ts';
import type { ReplicaId } from '../model/ids.ts';
import type { Message } from '../model/messages.ts';
import type { ValidatorSet } from '../model/validator-set.ts';
import type { DiskReads } from './contents.ts';
import type { Keyring } from './signatures.ts';

/** An honest replica, as checkers see it. */
export interface ObservedReplica {
  readonly index: number;
  readonly id: ReplicaId;
  /** 1 for the first life; each restart begins another. */
  readonly life: number;
  /** Whether it runs now. */
  readonly isUp: boolean;
  /** Of the core; null while the replica is down. */
  readonly status: CoreStatus | null;
  /** Of everything that peers can make grow in its core, by name; null while the replica is down. */
  readonly sizes: Readonly<Record<string, number>> | null;
  /** What its disk reads now, writes that are not yet durable included. */
  readonly contents: DiskReads;
}

/** What checkers know of the world they watch. */
export interface ObservedWorld {
  readonly now: number;
  readonly chain: ChainParameters;
  readonly settings: LocalSettings;
  readonly keyring: Keyring;
  readonly genesisSet: ValidatorSet;
  /** All honest replicas, listeners included, whether up or down. */
  readonly honest: readonly ObservedReplica[];
  /** Virtual time since which nothing disturbs the world: after GST, no partition, no crash or restart since. */
  readonly calmSince: number;
  /** Names a replica in failures, such as `r2`. */
  nameOf(id: ReplicaId): string;
}

/**
 * Checks one global property at every step. Hooks are called for honest replicas alone, in the order in which things
 * happen; `fail` ends the run.
 */
export interface Checker {
  readonly name: string;
  onBoot?(replica: ObservedReplica, recovered: Recovered): void;
  /** After the core has handled `input`, before its effects are carried out. */
  onStep?(replica: ObservedReplica, input: Input, effects: readonly Effect[]): void;
  /** A delta was applied to what the replica reads, not yet durably. */
  onWritten?(replica: ObservedReplica, delta: TreeDelta): void;
  /** A delta survives every crash from now on. */
  onDurable?(replica: ObservedReplica, delta: TreeDelta): void;
  onCrash?(replica: ObservedReplica): void;
  /** `message` leaves the replica; `recipients` counts the copies, its own included. */
  onSent?(replica: ObservedReplica, message: Message, recipients: number): void;
  /** Once in a while, and when a run ends. */
  onTick?(): void;
  /** One line for summaries, when there is something to say. */
  report?(): string;
}

/** Makes a checker for one world. `fail` throws a SimulationFailure. */
export type CheckerFactory = (world: ObservedWorld, fail: (what: string) => never) => Checker;
