/**
 * Identifiers and counters (SPECIFICATION.md sections 1 and 2).
 *
 * Numbers are u64 on the wire and kept as `number` up to 2^53 - 1; the codec refuses larger ones.
 * Hashes and keys are lower-case hex strings, so that they compare, sort (in byte order) and key maps by value.
 */

declare const brand: unique symbol;
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** A view of the pacemaker's logical clock; only grows. View 0 carries no proposal. */
export type View = Brand<number, 'View'>;
/** Distance from genesis; the first block has height 0. */
export type Height = Brand<number, 'Height'>;
/** Voting weight of one validator, or a sum of such. */
export type Power = Brand<number, 'Power'>;
/** Names a chain; by default derived from its genesis document. */
export type ChainId = Brand<number, 'ChainId'>;
/** Milliseconds of a monotonic clock with an arbitrary origin. */
export type Millis = Brand<number, 'Millis'>;
/** SHA-256 of a block's header fields: 64 hex digits. */
export type BlockHash = Brand<string, 'BlockHash'>;
/** Hash of a block's data: 64 hex digits. */
export type DataHash = Brand<string, 'DataHash'>;
/** A replica's verifying key as hex: 64 digits for Ed25519, 192 for BLS12-381. */
export type ReplicaId = Brand<string, 'ReplicaId'>;

export const asView = (value: number): View => value as View;
export const asHeight = (value: number): Height => value as Height;
export const asPower = (value: number): Power => value as Power;
export const asChainId = (value: number): ChainId => value as ChainId;
export const asMillis = (value: number): Millis => value as Millis;
export const asBlockHash = (value: string): BlockHash => value as BlockHash;
export const asDataHash = (value: string): DataHash => value as DataHash;
export const asReplicaId = (value: string): ReplicaId => value as ReplicaId;

/** The parent of every block of height 0; counts as committed while nothing is (SPECIFICATION.md section 1). */
export const ZERO_HASH: BlockHash = asBlockHash('0'.repeat(64));

/** The largest integer that the protocol accepts. */
export const MAX_INTEGER: number = Number.MAX_SAFE_INTEGER;
