import { ConfigError } from './errors.ts';

/** Signature schemes (SPECIFICATION.md section 3). A chain uses one, fixed at genesis. */
export type SchemeName = 'bls12381' | 'ed25519';

export interface SchemeSizes {
  /** Bytes of a verifying key; a ReplicaId has twice as many hex digits. */
  readonly publicKey: number;
  readonly secretKey: number;
  /** Bytes of the signature inside a vote or advertisement. */
  readonly vote: number;
  /** Bytes of a proof of possession; 0 where the scheme needs none. */
  readonly possession: number;
}

export const SCHEME_SIZES: { readonly [Name in SchemeName]: SchemeSizes } = {
  // Votes travel as uncompressed G1 points: they are read once, at once, and decompression costs 50 times the parsing.
  bls12381: { publicKey: 96, secretKey: 32, vote: 96, possession: 48 },
  ed25519: { publicKey: 32, secretKey: 32, vote: 64, possession: 0 },
};

/** Throws `ConfigError` about `field` unless `value` is the name of a scheme: callers in JavaScript may say anything. */
export function demandScheme(value: SchemeName, field = 'scheme'): SchemeName {
  if (Object.hasOwn(SCHEME_SIZES, value)) return value;
  const names = Object.keys(SCHEME_SIZES).map((name) => `"${name}"`);
  throw new ConfigError(field, `is ${JSON.stringify(value)}; give ${names.join(' or ')}`);
}

/** Bytes of the aggregate in a BLS certificate: one compressed G1 point. */
export const AGGREGATE_SIZE = 48;

/**
 * The signatures of a certificate, in one shape for both schemes.
 *
 * `bitmap` bit i (byte i >> 3, bit i & 7) says that validator i, in ascending key order, signed. `bytes` is, for
 * Ed25519, the 64-byte signatures of the set bits in ascending order; for BLS the 48-byte compressed aggregate.
 * `slots` is the number of validators that the encoding has room for: n for Ed25519, 8 * ceil(n / 8) for BLS.
 * The genesis certificate has no slots and no bytes.
 */
export interface SignatureSet {
  readonly slots: number;
  readonly bitmap: Uint8Array;
  readonly bytes: Uint8Array;
}

export const NO_SIGNATURES: SignatureSet = { slots: 0, bitmap: new Uint8Array(0), bytes: new Uint8Array(0) };

/** The `slots` that a certificate of a set of `n` validators has. */
export function slotsFor(scheme: SchemeName, n: number): number {
  return scheme === 'ed25519' ? n : ((n + 7) >> 3) << 3;
}
