import { allocate, copyOf, latin1 } from '../codec/bytes.ts';
import type { AppStateUpdates } from '../model/app.ts';
import { MAX_KEY_BYTES, type StateDraft } from './definition.ts';

/** First byte of a key in the store: the library's own records, or the user's state. */
const LIBRARY_SPACE = 0;
const USER_SPACE = 1;

/** The key in the store of a user's key. Throws `RangeError` when it has no allowed length. */
export function userKey(key: Uint8Array): Uint8Array {
  if (key.length === 0 || key.length > MAX_KEY_BYTES) {
    throw new RangeError(`key of ${key.length} bytes: 1 to ${MAX_KEY_BYTES} are allowed`);
  }
  return spaced(USER_SPACE, key);
}

/** The key in the store of one of the library's own records. */
export const libraryKey = (key: Uint8Array): Uint8Array => spaced(LIBRARY_SPACE, key);

function spaced(space: number, key: Uint8Array): Uint8Array {
  const whole = allocate(key.length + 1);
  whole[0] = space;
  whole.set(key, 1);
  return whole;
}

interface Write {
  readonly key: Uint8Array;
  /** Null: deleted. */
  readonly value: Uint8Array | null;
}

/** A state with changes on top of it that can be taken back command by command. */
export interface Draft {
  /** The user's part of the state. */
  readonly user: StateDraft;
  /** Reads and writes by key of the store. */
  get(key: Uint8Array): Uint8Array | null;
  put(key: Uint8Array, value: Uint8Array | null): void;
  /** Makes what has been written so far final. */
  commit(): void;
  /** Takes back what has been written since the last `commit`. */
  rollback(): void;
  /** All changes, final ones and others. */
  updates(): AppStateUpdates;
}

/** Writes collect over `state`, which is read for what they do not cover, and gives copies. */
export function createDraft(state: { get(key: Uint8Array): Uint8Array | null }): Draft {
  const writes = new Map<string, Write>();
  /** What to take back: the first `undoable`. The array is used again, command after command. */
  const undo: { readonly id: string; readonly before: Write | undefined }[] = [];
  let undoable = 0;

  function get(key: Uint8Array): Uint8Array | null {
    const written = writes.size === 0 ? undefined : writes.get(latin1(key));
    return written === undefined ? state.get(key) : written.value;
  }
  /** A copy: what a command changes in place without setting it would stay when it is taken back. */
  function readByUser(key: Uint8Array): Uint8Array | null {
    const written = writes.get(latin1(key));
    if (written === undefined) return state.get(key);
    return written.value === null ? null : copyOf(written.value);
  }
  function put(key: Uint8Array, value: Uint8Array | null): void {
    const id = latin1(key);
    undo[undoable++] = { id, before: writes.get(id) };
    writes.set(id, { key, value });
  }
  function rollback(): void {
    while (undoable > 0) {
      const { id, before } = undo[--undoable] as (typeof undo)[number];
      if (before === undefined) writes.delete(id);
      else writes.set(id, before);
    }
  }
  function updates(): AppStateUpdates {
    const sets: [Uint8Array, Uint8Array][] = [];
    const deletes: Uint8Array[] = [];
    for (const { key, value } of writes.values()) {
      if (value === null) deletes.push(key);
      else sets.push([key, value]);
    }
    return { sets, deletes };
  }
  return {
    user: {
      get: (key) => readByUser(userKey(key)),
      set: (key, value) => put(userKey(key), value),
      delete: (key) => put(userKey(key), null),
    },
    get,
    put,
    commit: () => {
      undoable = 0;
    },
    rollback,
    updates,
  };
}
