import { MAX_KEY_BYTES, type StateMachineDefinition } from '../state-machine/index.ts';

/**
 * The key-value store that `hotstuff run` replicates. A command is an operation (1 byte), the length of the key (u16,
 * little-endian), the key and, for a put, the value. Its result is one byte: whether the key was there.
 */
const PUT = 1;
const DELETE = 2;
const KEY_AT = 3;

const EXISTED = new Uint8Array([1]);
const WAS_ABSENT = new Uint8Array([0]);

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

export const keyValueStore: StateMachineDefinition = {
  apply(command, state) {
    const keyLength = (command[1] ?? 0) | ((command[2] ?? 0) << 8);
    const valueAt = KEY_AT + keyLength;
    const operation = command[0];
    if (valueAt > command.length || (operation !== PUT && operation !== DELETE)) {
      throw new TypeError('not a command of the key-value store');
    }
    const key = command.subarray(KEY_AT, valueAt);
    if (operation === PUT) {
      // Whether it was there is not asked: a read for every put would cost more than the put.
      state.set(key, command.subarray(valueAt));
      return undefined;
    }
    const existed = state.get(key) !== null;
    if (existed) state.delete(key);
    return existed ? EXISTED : WAS_ABSENT;
  },
};
