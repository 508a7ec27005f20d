import type { ChainParameters } from '../model/chain.ts';
import type { Height } from '../model/ids.ts';
import type { ValidatorSet, ValidatorSetUpdates } from '../model/validator-set.ts';
import type { PossessedKey } from '../ports/signature-scheme.ts';

/** Keys of a state machine's state; one byte of the 1,024 that the store admits says whose the key is. */
export const MAX_KEY_BYTES = 1_023;

/** The state that a command sees and changes. */
export interface StateDraft {
  /** A copy of the key's value, or null. */
  get(key: Uint8Array): Uint8Array | null;
  /** The value must not be changed afterwards. Throws `RangeError` unless the key has 1 to 1,023 bytes. */
  set(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
}

/**
 * The validator set as a command sees and changes it. Who may change it is the state machine's own affair: a
 * command comes from anybody, also from a faulty validator, so `apply` checks an authority that every replica can
 * check, from the command and the state alone. `createApprovals` is such a policy.
 */
export interface ValidatorsDraft {
  /** The set as the commands before this one leave it. */
  readonly set: ValidatorSet;
  /**
   * The set that `updates` would make, proofs of possession left aside. Throws `ValidatorUpdateError` when they make
   * none, or change nothing.
   */
  preview(updates: ValidatorSetUpdates): ValidatorSet;
  /**
   * Changes the set, proofs of possession included. The new set takes over right after this block, once that is
   * committed. Throws `ValidatorUpdateError`, and changes nothing, when the updates make no set.
   */
  update(updates: ValidatorSetUpdates): ValidatorSet;
}

export interface ApplyContext {
  /** Of the block that carries the command. */
  readonly height: Height;
  readonly validators: ValidatorsDraft;
}

/** What updates of the validator set are checked against; the same at every replica. */
export interface ValidatorRules {
  /** Of the genesis document. */
  readonly chain: ChainParameters;
  /** Whether a key may enter the set, as `possessionCheck` of `hotstuff-ts/native` makes one. Pure. */
  checkPossession(key: PossessedKey): boolean;
}

/**
 * What a user implements: the meaning of a command.
 *
 * `apply` must be a function of the command, the draft and the context alone: no clocks, no randomness, nothing
 * remembered between calls. It runs on every replica, more than once for the same command when leaders compete, and
 * returns the answer for the submitter (empty when it returns nothing). The command's bytes must not be changed: they
 * are those of the block.
 *
 * A command for which it throws has no effect: leaders leave it out, and a block that carries one all the same gets no
 * vote. The submitter's node refuses it, once nobody can order it on another state any more.
 */
export interface StateMachineDefinition {
  /** Lets commands change the validator set; without it, `context.validators` refuses every change. */
  readonly validatorRules?: ValidatorRules;
  apply(command: Uint8Array, state: StateDraft, context: ApplyContext): Uint8Array | undefined;
}

/** Settings of one node's command pool; they may differ between nodes. */
export interface StateMachineSettings {
  /** Commands that a leader puts into one block, at most; more cost latency, fewer throughput. */
  readonly maxBlockCommands: number;
  /** Bytes of commands that a leader puts into one block, at most; the chain's own limit holds besides. */
  readonly maxBlockBytes: number;
  /** Largest command that this node takes from its clients and its peers. */
  readonly maxCommandBytes: number;
  /** Own commands that wait for their commit, at most; further ones are refused with `PoolFullError`. */
  readonly maxPending: number;
  readonly maxPendingBytes: number;
  /** Commands and bytes that one peer's forwarded commands may take in the pool; further ones are dropped. */
  readonly maxForwardedPerPeer: number;
  readonly maxForwardedBytesPerPeer: number;
}

export const DEFAULT_STATE_MACHINE_SETTINGS: StateMachineSettings = {
  maxBlockCommands: 1_000,
  maxBlockBytes: 1024 * 1024,
  maxCommandBytes: 256 * 1024,
  maxPending: 8_192,
  maxPendingBytes: 64 * 1024 * 1024,
  maxForwardedPerPeer: 8_192,
  maxForwardedBytesPerPeer: 16 * 1024 * 1024,
};
