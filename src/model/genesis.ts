import type { ChainParameters } from './chain.ts';
import type { Validator } from './validator-set.ts';

/**
 * What every replica of a chain starts from (SPECIFICATION.md section 1). By default `chain.chainId` is the first 53
 * bits of the hash of the document's canonical bytes without it; peers compare the whole hash when they connect.
 */
export interface GenesisDocument {
  readonly chain: ChainParameters;
  /** With proofs of possession in the BLS scheme. */
  readonly validators: readonly (Validator & { readonly possession: Uint8Array | null })[];
  /** The app's initial state, keys ascending and unique. */
  readonly appState: readonly (readonly [key: Uint8Array, value: Uint8Array])[];
}
