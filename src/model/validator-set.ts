import { asPower, type Height, MAX_INTEGER, type Power, type ReplicaId } from './ids.ts';

export interface Validator {
  readonly id: ReplicaId;
  readonly power: Power;
}

/**
 * An immutable validator set. Identity matters: verifiers cache parsed keys and verdicts by the object, so a set is
 * made once per change and shared.
 */
export interface ValidatorSet {
  /** In ascending order of key bytes, which is the order of certificate slots. */
  readonly validators: readonly Validator[];
  readonly indexOf: ReadonlyMap<ReplicaId, number>;
  readonly totalPower: Power;
  /** floor(2 * totalPower / 3) + 1. */
  readonly quorum: Power;
}

/** Why a list of validators is no set (R21). */
export type ValidatorSetFault = 'empty' | 'power-not-positive' | 'total-too-large' | 'duplicate';

/** floor(2 * total / 3) + 1, exact up to 2^53 - 1. */
export function quorumOf(total: number): Power {
  const rest = total % 3;
  return asPower(((total - rest) / 3) * 2 + (rest === 2 ? 1 : 0) + 1);
}

/** Checks `validators` (in any order) against R21 and makes a set of them. */
export function createValidatorSet(validators: readonly Validator[]): ValidatorSet | ValidatorSetFault {
  if (validators.length === 0) return 'empty';
  const sorted = [...validators].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const indexOf = new Map<ReplicaId, number>();
  let total = 0;
  for (const [index, { id, power }] of sorted.entries()) {
    if (!Number.isSafeInteger(power) || power <= 0) return 'power-not-positive';
    if (indexOf.has(id)) return 'duplicate';
    if (power > MAX_INTEGER - total) return 'total-too-large';
    total += power;
    indexOf.set(id, index);
  }
  return { validators: sorted, indexOf, totalPower: asPower(total), quorum: quorumOf(total) };
}

export const powerOf = (set: ValidatorSet, id: ReplicaId): number => {
  const index = set.indexOf.get(id);
  return index === undefined ? 0 : (set.validators[index] as Validator).power;
};

export const isMember = (set: ValidatorSet, id: ReplicaId): boolean => set.indexOf.has(id);

/**
 * Added or changed validators, and removed ones. In the BLS scheme a key that is not in the set comes with its proof of
 * possession; a mere change of power needs none.
 */
export interface ValidatorSetUpdates {
  readonly inserts: readonly (Validator & { readonly possession: Uint8Array | null })[];
  readonly deletes: readonly ReplicaId[];
}

export const NO_VALIDATOR_UPDATES: ValidatorSetUpdates = { inserts: [], deletes: [] };

/** The set after `updates`, or why there is none. Deleting a stranger changes nothing. */
export function updatedValidatorSet(
  set: ValidatorSet,
  updates: ValidatorSetUpdates,
): ValidatorSet | ValidatorSetFault {
  const deleted = new Set(updates.deletes);
  const inserted = new Set<ReplicaId>();
  for (const { id } of updates.inserts) {
    if (inserted.has(id) || deleted.has(id)) return 'duplicate';
    inserted.add(id);
  }
  const kept = set.validators.filter(({ id }) => !deleted.has(id) && !inserted.has(id));
  return createValidatorSet([...kept, ...updates.inserts.map(({ id, power }) => ({ id, power }))]);
}

/**
 * The committed and the previous set (CVS and PVS) and how far the latest update has come. `previous` equals
 * `committed` and `updateHeight` is null while there was none.
 */
export interface ValidatorSets {
  readonly committed: ValidatorSet;
  readonly previous: ValidatorSet;
  /** Height of the block of the latest committed update. */
  readonly updateHeight: Height | null;
  /** Whether that update is decided: the previous set is retired. */
  readonly decided: boolean;
}
