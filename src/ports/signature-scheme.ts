import type { ChainId, ReplicaId } from '../model/ids.ts';
import type { SchemeName, SignatureSet } from '../model/scheme.ts';
import type { ValidatorSet } from '../model/validator-set.ts';

/** Holds one validator key; the key may live in an HSM. `sign` rejecting is a resource failure: the replica stops. */
export interface Signer {
  readonly id: ReplicaId;
  readonly scheme: SchemeName;
  /** The scheme's vote signature over `preimage` (SCHEME_SIZES.vote bytes). */
  sign(preimage: Uint8Array): Promise<Uint8Array>;
}

/** One signature or one certificate to verify, over a preimage from codec/signing.ts. */
export type SignatureCheck =
  | {
      readonly type: 'signature';
      readonly signer: ReplicaId;
      readonly preimage: Uint8Array;
      readonly signature: Uint8Array;
    }
  | {
      readonly type: 'certificate';
      readonly set: ValidatorSet;
      readonly preimage: Uint8Array;
      readonly signatures: SignatureSet;
    };

/** `now` is what the current view waits for; `sync` is what can wait. */
export type Priority = 'now' | 'soon' | 'sync';

export interface SignedVote {
  readonly signer: ReplicaId;
  readonly signature: Uint8Array;
}

export interface CertificateJob {
  readonly set: ValidatorSet;
  readonly preimage: Uint8Array;
  /** At most one vote per member; in any order. */
  readonly votes: readonly SignedVote[];
}

/** A certificate of the valid votes, null if none was valid, and the signers whose votes were not. */
export interface FormedCertificate {
  readonly signatures: SignatureSet | null;
  readonly badSigners: readonly ReplicaId[];
}

export interface PossessedKey {
  readonly chainId: ChainId;
  readonly id: ReplicaId;
  /** Null is invalid in a scheme that needs possessions, and required in one that needs none. */
  readonly possession: Uint8Array | null;
}

/**
 * Takes back what was asked for. Every `AbortSignal` is one; a replica, which asks all the time, passes something
 * lighter, so that who needs a real one makes it from this.
 */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * Verifies signatures of one scheme. A verdict byte is 1 for valid and 0 for not; a rejected promise means that the
 * verifier itself broke (`PoolError`) or has no room for now (`PoolFullError`: the replica asks again), never that a
 * signature was bad.
 *
 * Certificates are checked for their shape against `set` and for their signatures; quorums are the caller's.
 */
export interface Verifier extends AsyncDisposable {
  readonly scheme: SchemeName;
  check(checks: readonly SignatureCheck[], priority: Priority, signal?: CancelSignal): Promise<Uint8Array>;
  formCertificate(job: CertificateJob, signal?: CancelSignal): Promise<FormedCertificate>;
  /**
   * Tells of a vote that may soon be part of a certificate of `set`, so that what can be done before the last one comes
   * is done by then. A hint: it must not have any influence on a verdict or a certificate, nor throw.
   */
  anticipate?(set: ValidatorSet, preimage: Uint8Array, vote: SignedVote): void;
  checkPossession(keys: readonly PossessedKey[], signal?: CancelSignal): Promise<Uint8Array>;
  /**
   * The keys of `set` in the form that the verifier reads fastest, for `learnKeys` in a later process: a replica keeps
   * them in its store. Not to be changed; null when it reads keys fast enough as they are.
   */
  parsedKeys?(set: ValidatorSet): Promise<Uint8Array | null>;
  /**
   * Takes what `parsedKeys` gave of a set with keys in common with those to come. A hint, from a disk: whatever the
   * bytes are, it must not have any influence on a verdict or a certificate, nor throw.
   */
  learnKeys?(parsed: Uint8Array): void;
}

/** Bulk hashing of the data path; a native implementation and a portable one exist. */
export interface Hasher {
  /** SHA-256 Merkle root over the datums (SPECIFICATION.md section 2): 32 bytes. */
  merkleRoot(datums: readonly Uint8Array[]): Uint8Array;
}
