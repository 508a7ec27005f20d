import type { SchemeName } from '../../model/scheme.ts';

// What goes to a worker and what comes back. Everything is copied between threads, so byte strings are packed into one
// buffer of their own: a small view of a large frame would take the whole frame along.

/** Keys of a validator set in the addon's own form, in memory that all threads share. */
export interface SharedKeys {
  /** Never another set's in this process; what workers keep their parsed keys by. */
  readonly id: number;
  readonly parsed: Uint8Array;
}

/** Byte strings one after the other; string `i` ends at `ends[i]`. */
export interface Packed {
  readonly bytes: Uint8Array;
  readonly ends: readonly number[];
}

/**
 * A unit of work, about a validator set or about keys of none.
 *
 * `parse-keys`: `keys` of the set `id` as they are written in certificates, one after the other; `hints` are what such
 * jobs gave of some of them before, and need no trust.
 * `certificate`: `parts` are the message, the bitmap and the signatures.
 * `form`: `parts` are the message and all votes; vote `i` is by validator `indexes[i]`.
 * `finish`: `parts` are the message, its point, and the bitmap, the sum of signatures and the sum of keys of votes that
 * were summed before.
 * `votes`: `parts` are all messages and all signatures; message `i` begins at `offsets[i]`.
 * `signatures`, `possessions`: `parts` are all keys, all messages and all signatures.
 */
export type Job = { readonly scheme: SchemeName } & (
  | {
      readonly type: 'parse-keys';
      readonly id: SharedKeys['id'];
      readonly keys: Uint8Array;
      readonly hints: Uint8Array;
      readonly trusted: boolean;
    }
  | { readonly type: 'certificate'; readonly keys: SharedKeys; readonly parts: Packed }
  | { readonly type: 'finish'; readonly keys: SharedKeys; readonly parts: Packed }
  | {
      readonly type: 'form';
      readonly keys: SharedKeys;
      readonly indexes: Uint32Array;
      readonly parts: Packed;
    }
  | {
      readonly type: 'votes';
      readonly keys: SharedKeys;
      readonly indexes: Uint32Array;
      readonly offsets: Uint32Array;
      readonly parts: Packed;
    }
  | { readonly type: 'signatures'; readonly offsets: Uint32Array; readonly parts: Packed }
  | { readonly type: 'possessions'; readonly offsets: Uint32Array; readonly parts: Packed }
);

/** The keys for `SharedKeys`, null when the hints are exactly that; or which key is none and why. */
export type ParsedKeys = { readonly parsed: Uint8Array | null } | { readonly fault: string };

export interface FormedParts {
  /** Null when no vote was good, or the sum of all of them was not. */
  readonly certificate: { readonly bitmap: Uint8Array; readonly bytes: Uint8Array } | null;
  /** 1 for each vote that is bad, of a sum none. A second vote of one validator is not counted, but not called bad. */
  readonly bad: Uint8Array;
}

/** What each type of job gives; `verdicts` are 1 for valid and 0 for not. */
export interface Outcomes {
  readonly 'parse-keys': ParsedKeys;
  readonly certificate: Uint8Array;
  readonly votes: Uint8Array;
  readonly signatures: Uint8Array;
  readonly possessions: Uint8Array;
  readonly form: FormedParts;
  readonly finish: FormedParts;
}

export type OutcomeOf<Work extends Job> = Outcomes[Work['type']];

/** Copies `strings` into one buffer. */
export function packed(...strings: readonly Uint8Array[]): Packed {
  let size = 0;
  const ends = strings.map(({ length }) => (size += length));
  const bytes = new Uint8Array(size);
  let start = 0;
  for (const string of strings) {
    bytes.set(string, start);
    start += string.length;
  }
  return { bytes, ends };
}

/** Copies each list of strings into one part, and all parts into one buffer. */
export function packedLists(...lists: readonly (readonly Uint8Array[])[]): Packed {
  const { bytes, ends } = packed(...lists.flat());
  let strings = 0;
  const listEnds = lists.map(({ length }) => {
    strings += length;
    return strings === 0 ? 0 : (ends[strings - 1] as number);
  });
  return { bytes, ends: listEnds };
}

/** Where each of `strings` begins when they lie one after the other, and where the last one ends. */
export function offsetsOf(strings: readonly Uint8Array[]): Uint32Array {
  const offsets = new Uint32Array(strings.length + 1);
  for (const [index, { length }] of strings.entries())
    offsets[index + 1] = (offsets[index] as number) + length;
  return offsets;
}

/** Part `index` of `packed`, as a view. */
export function part({ bytes, ends }: Packed, index: number): Uint8Array {
  return bytes.subarray(index === 0 ? 0 : ends[index - 1], ends[index]);
}
