import { possessionCheck, signatureCheck } from '../adapters/native/index.ts';
import type { ChainParameters } from '../index.ts';
import {
  type ApprovalOutcome,
  type Approvals,
  createApprovals,
  MAX_KEY_BYTES,
  type StateDraft,
  type StateMachineDefinition,
  type ValidatorRules,
} from '../state-machine/index.ts';

/**
 * The key-value store that `hotstuff run` replicates. A command is an operation (1 byte) and what it takes: for a put or
 * a delete the length of the key (u16, little-endian), the key and, for a put, the value; for an approval of a
 * validator-set update its bytes. The result is one byte: whether the key was there, or what the approval came to.
 */
const PUT = 1;
const DELETE = 2;
const APPROVE = 3;
const KEY_AT = 3;

const EXISTED = new Uint8Array([1]);
const WAS_ABSENT = new Uint8Array([0]);

/** First byte of the keys of approvals' records: no client's key begins so, since those are UTF-8. */
const RESERVED = 0xff;

/** What an approval came to, by the byte that tells. */
const OUTCOMES: readonly ApprovalOutcome[] = ['approved', 'applied', 'withdrawn'];

export { MAX_KEY_BYTES };

export function encodePut(key: Uint8Array, value: Uint8Array): Uint8Array {
  return encode(PUT, key, value);
}

export function encodeDelete(key: Uint8Array): Uint8Array {
  return encode(DELETE, key, new Uint8Array(0));
}

/** Whether the key that a delete named was there. */
export const hadExisted = (result: Uint8Array): boolean => result[0] === 1;

function encode(operation: number, key: Uint8Array, value: Uint8Array): Uint8Array {
  const command = Buffer.allocUnsafe(KEY_AT + key.length + value.length);
  command[0] = operation;
  command[1] = key.length & 0xff;
  command[2] = key.length >> 8;
  command.set(key, KEY_AT);
  command.set(value, KEY_AT + key.length);
  return command;
}

export function encodeApprove(approval: Uint8Array): Uint8Array {
  const command = new Uint8Array(1 + approval.length);
  command[0] = APPROVE;
  command.set(approval, 1);
  return command;
}

export const approvalOutcome = (result: Uint8Array): ApprovalOutcome =>
  OUTCOMES[result[0] ?? 0] ?? 'approved';

export interface KeyValueStore extends StateMachineDefinition {
  readonly validatorRules: ValidatorRules;
  readonly approvals: Approvals;
}

/** The store of one chain. Its validator set is updated as a quorum of it approves. */
export function createKeyValueStore(chain: ChainParameters): KeyValueStore {
  const approvals = createApprovals({
    chain,
    verify: signatureCheck(chain.scheme),
    keyPrefix: Uint8Array.of(RESERVED),
  });
  return {
    approvals,
    validatorRules: { chain, checkPossession: possessionCheck(chain.scheme) },
    apply(command, state, context) {
      if (command[0] !== APPROVE) return applyToKey(command, state);
      const outcome = approvals.apply(command.subarray(1), state, context);
      return Uint8Array.of(OUTCOMES.indexOf(outcome));
    },
  };
}

function applyToKey(command: Uint8Array, state: StateDraft): Uint8Array | undefined {
  const keyLength = (command[1] ?? 0) | ((command[2] ?? 0) << 8);
  const valueAt = KEY_AT + keyLength;
  const operation = command[0];
  if (valueAt > command.length || (operation !== PUT && operation !== DELETE)) {
    throw new TypeError('not a command of the key-value store');
  }
  const key = command.subarray(KEY_AT, valueAt);
  if (key[0] === RESERVED) throw new TypeError('no key begins with the byte 0xff: keys are UTF-8');
  if (operation === PUT) {
    // Whether it was there is not asked: a read for every put would cost more than the put.
    state.set(key, command.subarray(valueAt));
    return undefined;
  }
  const existed = state.get(key) !== null;
  if (existed) state.delete(key);
  return existed ? EXISTED : WAS_ABSENT;
}
