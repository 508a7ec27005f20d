import { PoolError } from '../../model/errors.ts';
import type { ReplicaId } from '../../model/ids.ts';
import { SCHEME_SIZES, type SchemeName } from '../../model/scheme.ts';
import type { ValidatorSet } from '../../model/validator-set.ts';
import type { SharedKeys } from './jobs.ts';

/** What the verifier knows of a validator set; lives as long as the set. */
export interface KnownSet {
  readonly id: number;
  readonly set: ValidatorSet;
  /** Null until the keys were parsed. */
  keys: SharedKeys | null;
  /** While they are being parsed. */
  parsing: Promise<SharedKeys> | null;
}

/**
 * Parsed sets in which signers of single signatures are looked up, so that their keys need not be parsed again: the
 * committed and the previous one, and as many on their way in or out.
 */
const MAX_RECENT = 4;

/** Validator sets by object: a set is made once per change and shared. */
export class KnownSets {
  readonly #known = new WeakMap<ValidatorSet, KnownSet>();
  readonly #recent: KnownSet[] = [];
  #hints: Uint8Array = new Uint8Array(0);
  #lastId = 0;

  /**
   * Keys as they were parsed last, in this process or another: sets have most of their keys in common. They are for
   * `parse-keys`, which checks them. In memory that every thread sees.
   */
  get hints(): Uint8Array {
    return this.#hints;
  }

  learn(hints: Uint8Array): void {
    this.#hints = shared(hints);
  }

  get(set: ValidatorSet): KnownSet {
    let known = this.#known.get(set);
    if (known === undefined) {
      known = { id: ++this.#lastId, set, keys: null, parsing: null };
      this.#known.set(set, known);
    }
    return known;
  }

  /** Records the keys of `known`: `parsed`, or the `hints` if these are just that. */
  parsed(known: KnownSet, parsed: Uint8Array | null, hints: Uint8Array): SharedKeys {
    known.keys = { id: known.id, parsed: parsed === null ? hints : shared(parsed) };
    this.#hints = known.keys.parsed;
    this.#recent.unshift(known);
    if (this.#recent.length > MAX_RECENT) this.#recent.pop();
    return known.keys;
  }

  /** A parsed set with `signer` in it. */
  withSigner(signer: ReplicaId): KnownSet | null {
    return this.#recent.find(({ set }) => set.indexOf.has(signer)) ?? null;
  }
}

/** A copy in memory that every thread sees. */
function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/** Whether `id` has the form of a key: a peer may claim any. */
export function isKeyOf(scheme: SchemeName, id: ReplicaId): boolean {
  return id.length === 2 * SCHEME_SIZES[scheme].publicKey && /^[0-9a-f]*$/.test(id);
}

/** Ids that Node reads at once: a tenth of the time that reading them ourselves takes, a third of one by one. */
const IDS_AT_ONCE = 32;

/** The keys of `set` one after the other. Throws `PoolError` when they are not of `scheme`. */
export function keysOf(scheme: SchemeName, set: ValidatorSet): Uint8Array {
  const size = SCHEME_SIZES[scheme].publicKey;
  const keys = Buffer.alloc(set.validators.length * size);
  for (let start = 0; start < set.validators.length; start += IDS_AT_ONCE) {
    const ids = set.validators.slice(start, start + IDS_AT_ONCE).map(({ id }) => id);
    const haveLength = ids.every((id) => id.length === 2 * size);
    // It stops at what is no hex.
    if (haveLength && keys.write(ids.join(''), start * size, 'hex') === ids.length * size) continue;
    throw new PoolError(`validator ${ids.find((id) => !isKeyOf(scheme, id))} has no key of ${scheme}`);
  }
  return new Uint8Array(keys.buffer, keys.byteOffset, keys.length);
}
