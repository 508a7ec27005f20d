import type { LastVote } from '../core/block-tree/delta.ts';
import type { Block, BlockHeader, Datum } from '../model/block.ts';
import type { PhaseCertificate, TimeoutCertificate } from '../model/certificate.ts';
import { asHeight, asView, type BlockHash, type Height, type View, ZERO_HASH } from '../model/ids.ts';
import type { ValidatorSet, ValidatorSets, ValidatorSetUpdates } from '../model/validator-set.ts';
import type { KVSnapshot } from '../ports/kv-store.ts';
import { readIdentityVariable, type StoredChain } from './genesis.ts';
import {
  findBlock,
  findCommittedAt,
  isCommitted,
  readCommitPc,
  readData,
  readDataPayload,
  readHighestPc,
  readLockedPc,
  readPendingUpdates,
  readSets,
  readStateVariable,
  readTc,
  readValidatorUpdates,
  readViewEntry,
} from './reads.ts';
import { type BlockId, datumCountOf, datumOf, type StoredBlock } from './records.ts';
import { appStateKey, blockOfHeaderKey, headerRange, readRecord } from './schema.ts';

/** How far a block's validator-set updates have come. */
export type ValidatorSetUpdatesStatus =
  | { readonly status: 'none' }
  | { readonly status: 'pending' | 'committed'; readonly updates: ValidatorSetUpdates };

/**
 * The block tree as it was at one moment: the counterpart of HotStuff-rs's `BlockTreeSnapshot`. Blocks are named by
 * their hash; of an unknown one every read says null. Bytes that come out are views, not to be changed.
 *
 * Close it soon: a store may hold back space for it. Reads throw `StorageError` when a record is damaged or the
 * snapshot is closed.
 */
export interface BlockTreeSnapshot extends Disposable {
  /** The chain, whose store this is. */
  readonly chain: StoredChain;

  block(hash: BlockHash): Block | null;
  header(hash: BlockHash): BlockHeader | null;
  height(hash: BlockHash): Height | null;
  justify(hash: BlockHash): PhaseCertificate | null;
  data(hash: BlockHash): readonly Datum[] | null;
  datumCount(hash: BlockHash): number | null;
  /** One datum, without making the others; null also when the block has fewer. */
  datum(hash: BlockHash, index: number): Datum | null;
  /** Stored blocks that `hash` is the parent of; of the zero hash, those of height 0. */
  children(hash: BlockHash): readonly BlockHash[];
  isCommitted(hash: BlockHash): boolean;
  /** The committed block at a height. */
  blockAtHeight(height: Height): BlockHash | null;
  highestCommittedBlock(): BlockId | null;
  /** The block that was inserted last. */
  newestBlock(): BlockId | null;

  /** A key of the committed app state. */
  appState(key: Uint8Array): Uint8Array | null;
  /** The app-state hash after the committed block at `height`, of 32 bytes; after none, with null. */
  appStateHash(height: Height | null): Uint8Array | null;
  /** What an uncommitted block does to a key: undefined when it leaves it alone. */
  pendingAppState(hash: BlockHash, key: Uint8Array): Uint8Array | null | undefined;

  validatorSets(): ValidatorSets;
  committedValidatorSet(): ValidatorSet;
  previousValidatorSet(): ValidatorSet;
  validatorSetUpdates(hash: BlockHash): ValidatorSetUpdatesStatus | null;
  /** The certificate that committed a validator-set-updating block (R10). */
  commitPc(hash: BlockHash): PhaseCertificate | null;

  lockedPc(): PhaseCertificate;
  highestPc(): PhaseCertificate;
  highestTc(): TimeoutCertificate | null;
  lastVote(): LastVote | null;
  highestViewEntered(): View;

  close(): void;
}

/**
 * Takes over `snapshot`: closing the one closes the other. Throws `StorageError` when its store is not initialised or
 * damaged; then `snapshot` is closed.
 */
export function createBlockTreeSnapshot(snapshot: KVSnapshot): BlockTreeSnapshot {
  try {
    return treeIn(snapshot);
  } catch (error) {
    snapshot.close();
    throw error;
  }
}

function treeIn(snapshot: KVSnapshot): BlockTreeSnapshot {
  const chain = readIdentityVariable(snapshot);
  const state = readStateVariable(snapshot);
  const { scheme } = state;

  const find = (hash: BlockHash): StoredBlock | null => findBlock(snapshot, scheme, hash);
  const ofBlock = <T>(hash: BlockHash, read: (block: StoredBlock) => T): T | null => {
    const block = find(hash);
    return block === null ? null : read(block);
  };

  return {
    chain,
    block: (hash) => ofBlock(hash, (block) => ({ ...block.header, data: readData(snapshot, block) })),
    header: (hash) => ofBlock(hash, ({ header }) => header),
    height: (hash) => ofBlock(hash, ({ header }) => header.height),
    justify: (hash) => ofBlock(hash, ({ header }) => header.justify),
    data: (hash) => ofBlock(hash, (block) => readData(snapshot, block)),
    datumCount: (hash) => ofBlock(hash, (block) => countOf(readDataPayload(snapshot, block))),
    datum: (hash, index) =>
      ofBlock(hash, (block) => {
        const payload = readDataPayload(snapshot, block);
        return payload === null ? null : datumOf(payload, index);
      }),
    children(hash) {
      if (hash === ZERO_HASH) return childrenOf(snapshot, { hash, height: asHeight(-1) }, find);
      return ofBlock(hash, ({ header }) => childrenOf(snapshot, header, find)) ?? [];
    },
    isCommitted: (hash) => ofBlock(hash, (block) => isCommitted(snapshot, block)) ?? false,
    blockAtHeight: (height) => findCommittedAt(snapshot, state, height)?.hash ?? null,
    highestCommittedBlock: () => state.highestCommitted,
    newestBlock: () => state.newestBlock,

    appState: (key) => readRecord(snapshot, appStateKey(key)),
    appStateHash: (height) =>
      height === null
        ? chain.genesisAppStateHash
        : (findCommittedAt(snapshot, state, height)?.appStateHash ?? null),
    pendingAppState: (hash, key) =>
      ofBlock(hash, (block) =>
        isCommitted(snapshot, block) ? undefined : readPendingUpdates(snapshot, block)?.get(key),
      ),

    validatorSets: () => readSets(snapshot, state),
    committedValidatorSet: () => readSets(snapshot, state).committed,
    previousValidatorSet: () => readSets(snapshot, state).previous,
    validatorSetUpdates: (hash) =>
      ofBlock(hash, (block): ValidatorSetUpdatesStatus => {
        const updates = readValidatorUpdates(snapshot, block);
        if (updates === null) return { status: 'none' };
        return { status: isCommitted(snapshot, block) ? 'committed' : 'pending', updates };
      }),
    commitPc: (hash) => ofBlock(hash, (block) => readCommitPc(snapshot, scheme, block)),

    lockedPc: () => readLockedPc(snapshot, state).pc,
    highestPc: () => readHighestPc(snapshot, state).pc,
    highestTc: () => readTc(snapshot, state),
    lastVote: () => state.lastVote,
    highestViewEntered: () => readViewEntry(snapshot, state)?.view ?? asView(0),

    close: () => snapshot.close(),
    [Symbol.dispose]: () => snapshot.close(),
  };
}

const countOf = (payload: Uint8Array | null): number => (payload === null ? 0 : datumCountOf(payload));

function childrenOf(
  snapshot: KVSnapshot,
  { hash, height }: BlockId,
  find: (hash: BlockHash) => StoredBlock | null,
): readonly BlockHash[] {
  const next = asHeight(height + 1);
  const candidates = Array.from(
    snapshot.range(headerRange(next, next)),
    ([key]) => blockOfHeaderKey(key).hash,
  );
  return candidates.filter((candidate) => find(candidate)?.header.justify.block === hash);
}
