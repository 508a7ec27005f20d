import { SCHEME_SIZES } from '../../model/scheme.ts';
import type { SignedVote } from '../../ports/signature-scheme.ts';
import {
  type KeySet as NativeKeySet,
  type VoteSum as NativeVoteSum,
  native,
  SCHEME_NUMBERS,
  VERDICT,
} from '../native/binding.ts';
import { type Packed, packed, type SharedKeys } from './jobs.ts';
import type { KnownSet } from './known-sets.ts';

/** Smaller sets gain nothing: a quorum of theirs is summed in less time than a pairing varies by. */
export const MIN_VALIDATORS_TO_SUM = 32;

/** Sums at a time: those of the latest views, phases and timeouts, and some of votes for what nobody else votes for. */
const MAX_SUMS = 8;

/** Votes added at the end, at most: a sum that lacks more has lost them, and a worker does it as fast. */
const MAX_MISSING = 32;

/** Sets whose keys are kept parsed for sums: the committed and the previous one. */
const MAX_SETS = 2;

const VOTE_BYTES = SCHEME_SIZES.bls12381.vote;

/** Signatures of votes, and for each the place of its signer in the set. */
export interface PlacedVotes {
  readonly indexes: readonly number[];
  readonly signatures: readonly Uint8Array[];
}

/** Unverified votes of a set over one message, summed up to now. */
interface Sum {
  readonly known: KnownSet;
  readonly preimage: Uint8Array;
  readonly native: NativeVoteSum;
  /** By the place of the signer in the set: what was added. */
  readonly added: (Uint8Array | undefined)[];
  count: number;
  /** The message as a point, hashed when enough have voted for it to be worth it. */
  point: Uint8Array | null;
}

/**
 * BLS votes summed on the calling thread as they arrive, some five microseconds each, so that what remains when a
 * quorum is there is one verification, whatever the size of the set.
 *
 * Nothing here decides anything: a sum is used for a certificate only if it holds exactly the votes that the
 * certificate is asked of, and a sum that does not verify is forgotten and its votes judged one by one.
 */
export class VoteSums {
  /** The one that a vote was added to last comes first. */
  readonly #sums: Sum[] = [];
  readonly #keys: { readonly known: KnownSet; readonly native: NativeKeySet }[] = [];

  /** Adds a vote, the first of each signer. `known` has its keys parsed. */
  add(known: KnownSet, preimage: Uint8Array, { signer, signature }: SignedVote): void {
    const index = known.set.indexOf.get(signer);
    if (index === undefined || signature.length !== VOTE_BYTES) return;
    const keys = this.#keysOf(known);
    const sum = this.#take(known, preimage) ?? emptySum(known, preimage, keys);
    this.#sums.unshift(sum);
    if (this.#sums.length > MAX_SUMS) this.#sums.pop();
    if (!addTo(sum, index, signature)) return;
    // More than can be faulty have voted for it: nobody has points hashed by making messages up.
    if (sum.point === null && sum.count * 3 > sum.added.length) sum.point = keys.hashMessage(preimage);
  }

  /**
   * The sum of exactly `votes`, as the parts of a `finish` job; null if there is none, or when it would take as long
   * to make it here. It is given away: asked again, there is none.
   */
  take(known: KnownSet, preimage: Uint8Array, votes: PlacedVotes): Packed | null {
    const sum = this.#take(known, preimage);
    if (sum === null || !isCompleted(sum, votes)) return null;
    const { verdict, bitmap, signature, key } = sum.native.partial();
    if (verdict !== VERDICT.valid) return null;
    const point = sum.point ?? this.#keysOf(known).hashMessage(preimage);
    return packed(preimage, point, bitmap, signature, key);
  }

  #take(known: KnownSet, preimage: Uint8Array): Sum | null {
    const at = this.#sums.findIndex((sum) => sum.known === known && isSame(sum.preimage, preimage));
    return at === -1 ? null : (this.#sums.splice(at, 1)[0] as Sum);
  }

  #keysOf(known: KnownSet): NativeKeySet {
    const kept = this.#keys.find((one) => one.known === known);
    if (kept !== undefined) return kept.native;
    const { parsed } = known.keys as SharedKeys;
    const keys = native.KeySet.fromExport(SCHEME_NUMBERS.bls12381, parsed);
    this.#keys.unshift({ known, native: keys });
    if (this.#keys.length > MAX_SETS) this.#keys.pop();
    return keys;
  }
}

const emptySum = (known: KnownSet, preimage: Uint8Array, keys: NativeKeySet): Sum => ({
  known,
  preimage,
  native: keys.startSum(),
  added: new Array<Uint8Array | undefined>(known.set.validators.length),
  count: 0,
  point: null,
});

function addTo(sum: Sum, index: number, signature: Uint8Array): boolean {
  if (sum.added[index] !== undefined || sum.native.add(index, signature) !== VERDICT.valid) return false;
  sum.added[index] = signature;
  sum.count++;
  return true;
}

/** Whether `sum` holds exactly these votes, once the few that it lacks are added. */
function isCompleted(sum: Sum, { indexes, signatures }: PlacedVotes): boolean {
  const missing: number[] = [];
  for (let at = 0; at < indexes.length; at++) {
    const added = sum.added[indexes[at] as number];
    if (added === undefined) missing.push(at);
    else if (!isSame(added, signatures[at] as Uint8Array)) return false;
  }
  if (indexes.length - missing.length !== sum.count || missing.length > MAX_MISSING) return false;
  return missing.every((at) => addTo(sum, indexes[at] as number, signatures[at] as Uint8Array));
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
