import type { ChainLimits, ChainParameters } from '../model/chain.ts';
import type { GenesisDocument } from '../model/genesis.ts';
import { asChainId, type ChainId } from '../model/ids.ts';
import { SCHEME_SIZES, type SchemeName } from '../model/scheme.ts';
import {
  createWriter,
  finish,
  sha256,
  type Writer,
  writeBytes,
  writeHex,
  writePresence,
  writeU8,
  writeU32,
  writeU64,
} from './primitives.ts';

// The genesis document's canonical bytes, as Borsh, in this order: format (u8, 1), chain id (u64; left out of what the
// chain id is derived from, as are the possessions), scheme (u8), epochLength and leaderTenure (u32), the limits (five u64), the validators in
// ascending key order (Vec of key, power u64, Option of possession), the app state in ascending key order (Vec of
// Vec<u8>, Vec<u8>). Documents that say the same have the same bytes.

const FORMAT = 1;

/** Wire numbers of the schemes. */
const SCHEME_TAGS: { readonly [Name in SchemeName]: number } = { bls12381: 0, ed25519: 1 };

/** The order of the limits in the bytes. */
const LIMIT_FIELDS: readonly (keyof ChainLimits)[] = [
  'maxBlockBytes',
  'maxDatums',
  'maxValidators',
  'maxSyncBlocks',
  'maxSyncBytes',
];

/** The canonical bytes of `document`, chain id included. Throws `RangeError` when a field does not fit its type. */
export function encodeGenesis(document: GenesisDocument): Uint8Array {
  return encode(document, document.chain.chainId);
}

/** SHA-256 of the whole document, chain id included: what peers compare when they connect. 32 bytes. */
export function genesisHash(document: GenesisDocument): Uint8Array {
  return sha256(encodeGenesis(document));
}

/**
 * The chain id that a document has by default, whatever it says now: the first 53 bits of the SHA-256 of its bytes
 * without the chain id, so that a reset chain is another chain, and without the proofs of possession, which are over
 * the chain id themselves. Should they all be 0, which is the genesis certificate's chain id, it is 1.
 */
export function deriveChainId(document: GenesisDocument): ChainId {
  const validators = document.validators.map((validator) => ({ ...validator, possession: null }));
  return chainIdOf(sha256(encode({ ...document, validators }, null)));
}

/** The first 53 bits of `hash`, of 7 bytes or more, as a big-endian number; 1 in place of 0. */
export function chainIdOf(hash: Uint8Array): ChainId {
  let first48 = 0;
  for (let at = 0; at < 6; at++) first48 = first48 * 256 + (hash[at] as number);
  const id = first48 * 32 + ((hash[6] as number) >> 3);
  return asChainId(id === 0 ? 1 : id);
}

function encode(document: GenesisDocument, chainId: ChainId | null): Uint8Array {
  const { chain, validators, appState } = document;
  const sizes = SCHEME_SIZES[chain.scheme];
  let size = 1 + (chainId === null ? 0 : 8) + 1 + 4 + 4 + 8 * LIMIT_FIELDS.length + 4 + 4;
  for (const { possession } of validators) size += sizes.publicKey + 8 + 1 + (possession?.length ?? 0);
  for (const [key, value] of appState) size += 4 + key.length + 4 + value.length;
  const writer = createWriter(size);
  writeU8(writer, FORMAT);
  if (chainId !== null) writeU64(writer, chainId);
  writeParameters(writer, chain);
  writeValidators(writer, chain.scheme, validators);
  writeAppState(writer, appState);
  return finish(writer);
}

function writeParameters(writer: Writer, chain: ChainParameters): void {
  writeU8(writer, SCHEME_TAGS[chain.scheme]);
  writeU32(writer, chain.epochLength);
  writeU32(writer, chain.leaderTenure);
  for (const field of LIMIT_FIELDS) writeU64(writer, chain.limits[field]);
}

function writeValidators(
  writer: Writer,
  scheme: SchemeName,
  validators: GenesisDocument['validators'],
): void {
  const { publicKey, possession: possessionSize } = SCHEME_SIZES[scheme];
  writeU32(writer, validators.length);
  for (const { id, power, possession } of validators.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    writeHex(writer, id, publicKey);
    writeU64(writer, power);
    writePresence(writer, possession !== null);
    if (possession !== null) writeBytes(writer, possession, possessionSize);
  }
}

function writeAppState(writer: Writer, appState: GenesisDocument['appState']): void {
  writeU32(writer, appState.length);
  for (const pair of appState.toSorted(([a], [b]) => Buffer.compare(a, b))) {
    for (const bytes of pair) {
      writeU32(writer, bytes.length);
      writeBytes(writer, bytes, bytes.length);
    }
  }
}
