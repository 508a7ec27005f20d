import { assertNever } from '../model/assert.ts';
import { asPower, MAX_INTEGER, type Power, type ReplicaId } from '../model/ids.ts';
import { SCHEME_SIZES } from '../model/scheme.ts';
import {
  isMember,
  powerOf,
  updatedValidatorSet,
  type ValidatorSet,
  type ValidatorSetFault,
  type ValidatorSetUpdates,
} from '../model/validator-set.ts';
import type { AppView } from '../ports/app.ts';
import type { ValidatorRules, ValidatorsDraft } from './definition.ts';
import { ValidatorUpdateError } from './errors.ts';

/** What a block has made of one validator; null: removed. */
type Change = { readonly power: Power; readonly possession: Uint8Array | null } | null;

interface Version {
  readonly set: ValidatorSet;
  readonly changes: ReadonlyMap<ReplicaId, Change>;
}

/** A block's changes of the validator set, which can be taken back command by command. */
export interface ValidatorChanges {
  readonly draft: ValidatorsDraft;
  /** Makes what was changed so far final. */
  commit(): void;
  /** Takes back what was changed since the last `commit`. */
  rollback(): void;
  /** What the final changes come to; null when that is nothing. */
  updates(): ValidatorSetUpdates | null;
}

/** Changes on top of the set that a child of `state`'s block changes, which is read when it is first asked for. */
export function createValidatorChanges(
  rules: ValidatorRules | undefined,
  state: Pick<AppView, 'validatorSet'>,
): ValidatorChanges {
  let final: Version | null = null;
  let current: Version | null = null;

  const version = (): Version => current ?? { set: state.validatorSet, changes: new Map() };
  function update(updates: ValidatorSetUpdates): ValidatorSet {
    const { set, changes } = version();
    const next = checkValidatorUpdates(enabled(rules), set, updates);
    current = { set: next, changes: withChanges(changes, updates) };
    return next;
  }
  return {
    draft: {
      get set() {
        return version().set;
      },
      preview: (updates) => previewOf(enabled(rules), version().set, updates),
      update,
    },
    commit: () => {
      final = current;
    },
    rollback: () => {
      current = final;
    },
    updates: () => (final === null ? null : netUpdates(state.validatorSet, final.changes)),
  };
}

/**
 * The set that `updates` make of `set`. Throws `ValidatorUpdateError` when they make none, change nothing or come with a
 * bad proof of possession: what `context.validators.update` would throw.
 */
export function checkValidatorUpdates(
  rules: ValidatorRules,
  set: ValidatorSet,
  updates: ValidatorSetUpdates,
): ValidatorSet {
  const next = previewOf(rules, set, updates);
  checkPossessions(rules, set, updates);
  return next;
}

function enabled(rules: ValidatorRules | undefined): ValidatorRules {
  if (rules !== undefined) return rules;
  throw new ValidatorUpdateError(
    'not-enabled',
    'this state machine does not change its validator set; make it with validatorRules',
  );
}

function previewOf({ chain }: ValidatorRules, set: ValidatorSet, updates: ValidatorSetUpdates): ValidatorSet {
  const { scheme, limits } = chain;
  const digits = 2 * SCHEME_SIZES[scheme].publicKey;
  for (const id of [...updates.inserts.map((insert) => insert.id), ...updates.deletes]) {
    if (isHex(id, digits)) continue;
    throw new ValidatorUpdateError('bad-id', `"${id}" is no ${scheme} key: ${digits} lower-case hex digits`);
  }
  for (const id of updates.deletes) {
    if (isMember(set, id)) continue;
    throw new ValidatorUpdateError('unknown-validator', `${short(id)} is not in the validator set`);
  }
  const next = updatedValidatorSet(set, updates);
  if (typeof next === 'string') throw faultError(next);
  if (next.validators.length > limits.maxValidators) {
    throw new ValidatorUpdateError(
      'too-many',
      `${next.validators.length} validators, of ${limits.maxValidators} at most on this chain; remove others first`,
    );
  }
  if (isSame(set, next)) {
    throw new ValidatorUpdateError('no-change', 'the validator set is so already: nothing would change');
  }
  return next;
}

function faultError(fault: ValidatorSetFault): ValidatorUpdateError {
  switch (fault) {
    case 'empty':
      return new ValidatorUpdateError('empty', 'no validator would be left; keep or add one');
    case 'power-not-positive':
      return new ValidatorUpdateError(
        'bad-power',
        'every power must be a whole number of 1 or more, up to 2^53 - 1; a validator is taken out by removing it',
      );
    case 'total-too-large':
      return new ValidatorUpdateError(
        'total-too-large',
        `all powers together would be above ${MAX_INTEGER}; use smaller ones`,
      );
    case 'duplicate':
      return new ValidatorUpdateError('duplicate', 'a validator is named twice; name each once');
    default:
      return assertNever(fault);
  }
}

/** Of keys that are not in the set yet, and wherever a proof is given. */
function checkPossessions(
  { chain, checkPossession }: ValidatorRules,
  set: ValidatorSet,
  { inserts }: ValidatorSetUpdates,
): void {
  for (const { id, possession } of inserts) {
    if (possession === null && isMember(set, id)) continue;
    if (checkPossession({ chainId: chain.chainId, id, possession })) continue;
    throw possessionError(id, possession);
  }
}

const possessionError = (id: ReplicaId, possession: Uint8Array | null): ValidatorUpdateError =>
  new ValidatorUpdateError(
    'bad-possession',
    possession === null
      ? `the key ${short(id)} comes without the proof of possession that it needs; its owner's node tells it`
      : `the proof of possession of the key ${short(id)} is not valid on this chain; take the one that its owner's node tells`,
  );

function withChanges(
  changes: ReadonlyMap<ReplicaId, Change>,
  { inserts, deletes }: ValidatorSetUpdates,
): ReadonlyMap<ReplicaId, Change> {
  const next = new Map(changes);
  for (const { id, power, possession } of inserts) {
    next.set(id, { power, possession: possession ?? changes.get(id)?.possession ?? null });
  }
  for (const id of deletes) next.set(id, null);
  return next;
}

function netUpdates(base: ValidatorSet, changes: ReadonlyMap<ReplicaId, Change>): ValidatorSetUpdates | null {
  const inserts: { id: ReplicaId; power: Power; possession: Uint8Array | null }[] = [];
  const deletes: ReplicaId[] = [];
  for (const [id, change] of [...changes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (change === null) {
      if (isMember(base, id)) deletes.push(id);
    } else if (powerOf(base, id) !== change.power) {
      inserts.push({ id, power: asPower(change.power), possession: change.possession });
    }
  }
  return inserts.length + deletes.length === 0 ? null : { inserts, deletes };
}

const isSame = (a: ValidatorSet, b: ValidatorSet): boolean =>
  a.validators.length === b.validators.length &&
  a.validators.every(({ id, power }) => powerOf(b, id) === power);

const isHex = (text: string, digits: number): boolean => text.length === digits && /^[0-9a-f]*$/.test(text);

/** Enough of an id for a person to tell it from others. */
const short = (id: ReplicaId): string => `${id.slice(0, 16)}…`;
