import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type * as Addon from '../../../build/hotstuff-native.js';
import type { SchemeName } from '../../model/scheme.ts';

// The addon as it is, for what is called often: flat buffers in, verdict bytes out (its types document the shapes).
//
// - Nothing that a peer sent makes a call throw. What throws carries a `code`: ERR_NATIVE_MISUSE (buffers that do not
//   fit each other), ERR_NATIVE_KEY (a set with a key that is none), InvalidArg (a value of another type),
//   GenericFailure (a bug of the addon; the process lives on).
// - Calls are synchronous and keep no buffer. Objects belong to the thread that made them. A view of shared memory
//   may be passed as long as no other thread writes to it meanwhile.

/** The parsed keys of one validator set, with what its latest messages cost to hash. */
export type KeySet = Addon.KeySet;
/** The running sum of BLS votes over one message. */
export type VoteSum = Addon.VoteSum;
/** A secret key, in the addon's memory. */
export type SecretKey = Addon.SecretKey;

/** Relative to this file in `src` and, compiled, in `dist`. */
const ADDON = '../../../build/hotstuff-native.node';

/** What the addon calls the schemes. */
export const SCHEME_NUMBERS: { readonly [Name in SchemeName]: number } = { bls12381: 0, ed25519: 1 };

/** Verdict bytes: `valid`, or why not. No rule of the protocol depends on which of the others it is. */
export const VERDICT = {
  /** Good; for a vote inside a formed BLS certificate: counted, which does not mean that it verifies alone. */
  valid: 0,
  /** A bitmap or a list of signatures is not as long as the set demands. */
  badLength: 1,
  /** A bitmap names validators beyond the end of the set. */
  unusedBits: 2,
  /** Nobody signed. */
  noSigners: 3,
  /** A vote's index lies beyond the end of the set. */
  unknownSigner: 4,
  /** The same validator's vote was given before. */
  duplicateSigner: 5,
  /** Not the canonical encoding of a point of the curve. */
  malformed: 6,
  /** The point, or the sum of the signers' keys, is the identity. */
  identity: 7,
  /** On the curve, outside of the prime-order subgroup. */
  wrongSubgroup: 8,
  /** Well formed, but no signature of this message by these signers. */
  invalid: 9,
} as const;

/** Loads the addon `name`, relative to this file. Throws an `Error` that says how to get it. */
export function loadAddon(name: string = ADDON): typeof Addon {
  try {
    return createRequire(import.meta.url)(name) as typeof Addon;
  } catch (cause) {
    const file = fileURLToPath(new URL(name, import.meta.url));
    const missing = (cause as { code?: unknown }).code === 'MODULE_NOT_FOUND';
    const reason = missing ? 'is missing' : `cannot be loaded here: ${(cause as Error).message}`;
    throw new Error(
      `The native addon ${file} ${reason}. Build it with "npm run build:native" in the directory of hotstuff-ts; ` +
        'that needs Rust (https://rustup.rs) and a C compiler.',
      { cause },
    );
  }
}

/** The addon. It is loaded with this module, so that a missing one is noticed at once. */
export const native: typeof Addon = loadAddon();
