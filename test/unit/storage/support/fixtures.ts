import { createHash } from 'node:crypto';
import { blockHash } from '../../../../src/codec/block.ts';
import { merkleRoot } from '../../../../src/codec/data-hash.ts';
import { deriveChainId } from '../../../../src/codec/genesis.ts';
import type { InsertedBlock, TreeDelta } from '../../../../src/core/block-tree/delta.ts';
import { type BlockEffects, NO_APP_STATE_UPDATES } from '../../../../src/model/app.ts';
import type { Block, BlockHeader } from '../../../../src/model/block.ts';
import {
  GENESIS_PC,
  type Phase,
  type PhaseCertificate,
  type RankedPc,
  rankOf,
  type TimeoutCertificate,
} from '../../../../src/model/certificate.ts';
import { DEFAULT_LIMITS } from '../../../../src/model/chain.ts';
import type { GenesisDocument } from '../../../../src/model/genesis.ts';
import { bytesToHex } from '../../../../src/model/hex.ts';
import {
  asChainId,
  asDataHash,
  asHeight,
  asPower,
  asReplicaId,
  asView,
  type BlockHash,
  type ReplicaId,
} from '../../../../src/model/ids.ts';
import {
  AGGREGATE_SIZE,
  SCHEME_SIZES,
  type SchemeName,
  type SignatureSet,
  slotsFor,
} from '../../../../src/model/scheme.ts';

/** Bytes that follow from `seed`. */
export function bytesFrom(seed: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 32) {
    const part = createHash('sha256').update(`${seed}/${at}`).digest();
    bytes.set(part.subarray(0, Math.min(32, length - at)), at);
  }
  return bytes;
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export const replicaId = (scheme: SchemeName, index: number): ReplicaId =>
  asReplicaId(bytesToHex(bytesFrom(`replica ${index}`, SCHEME_SIZES[scheme].publicKey)));

export function genesisOf(scheme: SchemeName, n = 4): GenesisDocument {
  const { possession } = SCHEME_SIZES[scheme];
  const document: GenesisDocument = {
    chain: { chainId: asChainId(1), scheme, epochLength: 10, leaderTenure: 4, limits: DEFAULT_LIMITS },
    validators: Array.from({ length: n }, (_, index) => ({
      id: replicaId(scheme, index),
      power: asPower(index + 1),
      possession: possession === 0 ? null : bytesFrom(`possession ${index}`, possession),
    })),
    appState: [
      [text('a'), text('first')],
      [text('b'), text('')],
    ],
  };
  return { ...document, chain: { ...document.chain, chainId: deriveChainId(document) } };
}

/** Signatures of the right shape, by all but the last of `n`; nobody could have made them. */
function signaturesOf(scheme: SchemeName, seed: string, n = 4): SignatureSet {
  const bitmap = new Uint8Array((n + 7) >> 3);
  for (let signer = 0; signer < n - 1; signer++) bitmap[signer >> 3]! |= 1 << (signer & 7);
  const size = scheme === 'ed25519' ? (n - 1) * SCHEME_SIZES.ed25519.vote : AGGREGATE_SIZE;
  return { slots: slotsFor(scheme, n), bitmap, bytes: bytesFrom(seed, size) };
}

export const pcOf = (
  scheme: SchemeName,
  view: number,
  block: BlockHash,
  phase: Phase = 'generic',
): PhaseCertificate => ({
  chainId: asChainId(7),
  view: asView(view),
  block,
  phase,
  signatures: signaturesOf(scheme, `${view} ${block} ${phase}`),
});

export const tcOf = (scheme: SchemeName, view: number): TimeoutCertificate => ({
  chainId: asChainId(7),
  view: asView(view),
  signatures: signaturesOf(scheme, `timeout ${view}`),
});

export const rankedPc = (pc: PhaseCertificate, updatesBefore: number): RankedPc => ({
  pc,
  rank: rankOf(pc, updatesBefore),
});

const NO_EFFECTS: BlockEffects = {
  appStateUpdates: NO_APP_STATE_UPDATES,
  validatorSetUpdates: null,
  hasCommands: false,
};

export interface BlockOptions {
  /** View of the justify. */
  readonly view?: number;
  readonly phase?: Phase;
  readonly data?: readonly Uint8Array[];
  readonly effects?: Partial<BlockEffects>;
  readonly updatesBefore?: number;
}

/** A block on `parent`, or on nothing, with a right hash. */
export function blockOn(
  scheme: SchemeName,
  parent: BlockHeader | null,
  options: BlockOptions = {},
): InsertedBlock {
  const { data = [], view = (parent?.height ?? 0) + 1, phase = 'generic' } = options;
  const justify = parent === null ? GENESIS_PC : pcOf(scheme, view, parent.hash, phase);
  const height = asHeight(parent === null ? 0 : parent.height + 1);
  const dataHash = asDataHash(bytesToHex(merkleRoot(data)));
  const block: Block = {
    height,
    hash: blockHash(scheme, height, justify, dataHash),
    justify,
    dataHash,
    data,
  };
  return {
    block,
    effects: { ...NO_EFFECTS, hasCommands: data.length > 0, ...options.effects },
    updatesBefore: options.updatesBefore ?? 0,
  };
}

export const EMPTY_DELTA: TreeDelta = { inserts: [], commits: [], prunes: [] };

export const delta = (fields: Partial<TreeDelta>): TreeDelta => ({ ...EMPTY_DELTA, ...fields });

export const commitOf = ({ block }: InsertedBlock, commitPc: PhaseCertificate | null = null) => ({
  hash: block.hash,
  height: block.height,
  commitPc,
});

export const setting = (key: string, value: string): Partial<BlockEffects> => ({
  appStateUpdates: { sets: [[text(key), text(value)]], deletes: [] },
});
