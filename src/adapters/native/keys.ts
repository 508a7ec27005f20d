import { webcrypto } from 'node:crypto';
import { bytesToHex } from '../../model/hex.ts';
import { asReplicaId, type ReplicaId } from '../../model/ids.ts';
import { demandScheme, SCHEME_SIZES, type SchemeName } from '../../model/scheme.ts';
import type { Signer } from '../../ports/signature-scheme.ts';
import { native, SCHEME_NUMBERS, type SecretKey, VERDICT } from './binding.ts';
import { flatten } from './flat.ts';

/** Bytes of randomness that a key is made of. */
const RANDOMNESS_SIZE = 32;

/** A validator's key pair. */
export interface KeyPair {
  readonly scheme: SchemeName;
  /** 32 bytes to keep secret. */
  readonly secretKey: Uint8Array;
  /** 96 bytes (BLS12-381) or 32 (Ed25519). */
  readonly publicKey: Uint8Array;
  /** The public key in hex. */
  readonly id: ReplicaId;
}

/**
 * Makes a key pair from 32 secret random bytes, by default the operating system's; the same bytes give the same keys.
 *
 * Throws an `Error` with code `ERR_NATIVE_MISUSE` on another number of bytes, `ConfigError` on another scheme.
 */
export function generateKeys(
  scheme: SchemeName,
  randomness: Uint8Array = webcrypto.getRandomValues(new Uint8Array(RANDOMNESS_SIZE)),
): KeyPair {
  const key = native.SecretKey.generate(numberOf(scheme), randomness);
  const publicKey = key.publicKey();
  return { scheme, secretKey: key.toBytes(), publicKey, id: idOf(publicKey) };
}

/**
 * The public key of a secret one.
 *
 * Throws an `Error` with code `ERR_NATIVE_MISUSE` if `secretKey` is none of this scheme.
 */
export function publicKeyOf(scheme: SchemeName, secretKey: Uint8Array): Uint8Array {
  return read(scheme, secretKey).publicKey();
}

/**
 * Signs with a key in memory: the port `Signer`. The key is copied into the addon's memory, which is wiped when the
 * signer is collected; the caller may overwrite `secretKey` afterwards.
 *
 * Throws an `Error` with code `ERR_NATIVE_MISUSE` if `secretKey` is none of this scheme.
 */
export function createSigner(scheme: SchemeName, secretKey: Uint8Array): Signer {
  const key = read(scheme, secretKey);
  return {
    id: idOf(key.publicKey()),
    scheme,
    sign: async (preimage) => key.sign(preimage),
  };
}

/**
 * A proof over `preimage` (`possessionPreimage` of the codec) that one holds the secret key; null in a scheme that
 * needs none.
 */
export function provePossession(
  scheme: SchemeName,
  secretKey: Uint8Array,
  preimage: Uint8Array,
): Uint8Array | null {
  const key = read(scheme, secretKey);
  return SCHEME_SIZES[scheme].possession === 0 ? null : key.provePossession(preimage);
}

/** A BLS12-381 key with its proof of possession over `preimage`. */
export interface PossessionClaim {
  readonly publicKey: Uint8Array;
  readonly preimage: Uint8Array;
  readonly proof: Uint8Array;
}

/**
 * Validates BLS12-381 keys (R22) and their proofs of possession, all in one go: whether each may enter a set. Keys and
 * proofs of a wrong length may not.
 */
export function checkPossessions(claims: readonly PossessionClaim[]): boolean[] {
  const sizes = SCHEME_SIZES.bls12381;
  const fits = claims.map(
    ({ publicKey, proof }) => publicKey.length === sizes.publicKey && proof.length === sizes.possession,
  );
  const sound = claims.filter((_, index) => fits[index]);
  const messages = flatten(sound.map(({ preimage }) => preimage));
  const verdicts = native.checkPossessions(
    flatten(sound.map(({ publicKey }) => publicKey)).bytes,
    messages.bytes,
    messages.offsets,
    flatten(sound.map(({ proof }) => proof)).bytes,
  );
  let next = 0;
  return fits.map((fit) => fit && verdicts[next++] === VERDICT.valid);
}

function read(scheme: SchemeName, secretKey: Uint8Array): SecretKey {
  return native.SecretKey.fromBytes(numberOf(scheme), secretKey);
}

const numberOf = (scheme: SchemeName): number => SCHEME_NUMBERS[demandScheme(scheme)];

const idOf = (publicKey: Uint8Array): ReplicaId => asReplicaId(bytesToHex(publicKey));
