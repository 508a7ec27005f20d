import { readPhaseCertificate } from '../codec/certificate.ts';
import type { Reader, WireFormat } from '../codec/primitives.ts';
import type { RecoveredBlock } from '../core/recovered.ts';
import type { Datum } from '../model/block.ts';
import type { PhaseCertificate } from '../model/certificate.ts';
import { type BlockHash, type Height, ZERO_HASH } from '../model/ids.ts';
import type { SchemeName } from '../model/scheme.ts';
import type { ValidatorSetUpdates } from '../model/validator-set.ts';

import { type PendingUpdates, pendingUpdates } from './app-state.ts';
import {
  type BlockId,
  type CommittedRecord,
  type GuardedVariable,
  readCommitted,
  readDatums,
  readEntry,
  readHeight,
  readHighestTc,
  readKeptPcs,
  readRankedPc,
  readState,
  readStoredBlock,
  type StateRecord,
  type StoredBlock,
} from './records.ts';
import {
  blockAtHeightKey,
  blockKey,
  checksumOf,
  damaged,
  decodeRecord,
  demandRecord,
  heightOfKey,
  openRecord,
  type Records,
  readRecord,
  variableKey,
} from './schema.ts';
import { readValidatorSets, readValidatorSetUpdates } from './validator-records.ts';

// Typed reads of single records. All throw `StorageError`, which names the record, when one is damaged or missing
// that must be there. What they return may be views of the store's bytes: not to be changed.

/** Above all that was ever accepted: a chain's limits were kept to when a record was written. */
const NO_LIMIT = 0x7fff_fff0;

const STORED_LIMITS = {
  maxBlockBytes: NO_LIMIT,
  maxDatums: NO_LIMIT,
  maxValidators: NO_LIMIT,
  maxSyncBlocks: NO_LIMIT,
  maxSyncBytes: NO_LIMIT,
} as const;

const STORED_FORMATS: { readonly [Scheme in SchemeName]: WireFormat } = {
  ed25519: { scheme: 'ed25519', limits: STORED_LIMITS },
  bls12381: { scheme: 'bls12381', limits: STORED_LIMITS },
};

/** How stored certificates are read. */
const storedFormat = (scheme: SchemeName): WireFormat => STORED_FORMATS[scheme];

/**
 * What `make` makes of the record's payload, null when there is no such record. Of one record always the same thing:
 * a store that keeps it in memory keeps that too.
 */
function findRecord<T extends object | number>(
  records: Records,
  key: Uint8Array,
  make: (payload: Uint8Array) => T,
): T | null {
  if (records.kept === undefined) {
    const payload = readRecord(records, key);
    return payload === null ? null : make(payload);
  }
  const record = records.kept(key);
  if (record === null) return null;
  record.decoded ??= make(openRecord(key, record.value));
  return record.decoded as T;
}

/** The same of a record that must be there. */
function demand<T extends object | number>(
  records: Records,
  key: Uint8Array,
  make: (payload: Uint8Array) => T,
): T {
  return findRecord(records, key, make) ?? make(demandRecord(records, key));
}

const STATE_KEY = variableKey('state');

export const readStateVariable = (snapshot: Records): StateRecord =>
  demand(snapshot, STATE_KEY, (payload) => decodeRecord(STATE_KEY, payload, readState));

/** A reader of the variable `name`, which must be the one that `state` was written with. */
function guarded<T>(name: GuardedVariable, read: (reader: Reader, format: WireFormat) => T) {
  const key = variableKey(name);
  return (snapshot: Records, state: StateRecord): T => {
    const value = snapshot.get(key);
    if (value === null) throw damaged(key, 'it is missing');
    const payload = openRecord(key, value);
    if (checksumOf(value) !== state.checksums[name]) {
      throw damaged(key, 'it is not the one that was written last');
    }
    return decodeRecord(key, payload, (reader) => read(reader, storedFormat(state.scheme)));
  };
}

export const readSets = guarded('validatorSets', (reader) =>
  readValidatorSets(reader, variableKey('validatorSets')),
);
export const readLockedPc = guarded('lockedPc', readRankedPc);
export const readHighestPc = guarded('highestPc', readRankedPc);
export const readTc = guarded('highestTc', readHighestTc);
export const readViewEntry = guarded('entry', readEntry);
export const readKept = guarded('keptPcs', readKeptPcs);

/** The height of a stored block, null when there is no such block. */
export function heightOf(snapshot: Records, hash: BlockHash): Height | null {
  const key = heightOfKey(hash);
  return findRecord(snapshot, key, (payload) => decodeRecord(key, payload, readHeight));
}

/** A block that is stored. */
export function readBlock(snapshot: Records, scheme: SchemeName, id: BlockId): StoredBlock {
  const key = blockKey('headers', id.height, id.hash);
  return demand(snapshot, key, (payload) =>
    decodeRecord(key, payload, (reader) => readStoredBlock(reader, storedFormat(scheme), id)),
  );
}

/** A block that may not be stored. */
export function findBlock(snapshot: Records, scheme: SchemeName, hash: BlockHash): StoredBlock | null {
  if (hash === ZERO_HASH) return null;
  const height = heightOf(snapshot, hash);
  return height === null ? null : readBlock(snapshot, scheme, { height, hash });
}

export function readCommittedAt(snapshot: Records, height: Height): CommittedRecord | null {
  const key = blockAtHeightKey(height);
  return findRecord(snapshot, key, (payload) => decodeRecord(key, payload, readCommitted));
}

/** The same, of a height that may be committed: up to the highest one, all are. */
export function findCommittedAt(
  snapshot: Records,
  { highestCommitted }: StateRecord,
  height: Height,
): CommittedRecord | null {
  const committed = readCommittedAt(snapshot, height);
  if (committed === null && height >= 0 && height <= (highestCommitted?.height ?? -1)) {
    throw damaged(blockAtHeightKey(height), 'it is missing');
  }
  return committed;
}

/** The payload of the block's data record; null for a block without data. */
export function readDataPayload(snapshot: Records, { header, hasData }: StoredBlock): Uint8Array | null {
  return hasData ? demandRecord(snapshot, blockKey('data', header.height, header.hash)) : null;
}

export function readData(snapshot: Records, block: StoredBlock): readonly Datum[] {
  const payload = readDataPayload(snapshot, block);
  const { height, hash } = block.header;
  return payload === null ? [] : decodeRecord(blockKey('data', height, hash), payload, readDatums);
}

/** The app-state updates of an uncommitted block; null for one without. */
export function readPendingUpdates(snapshot: Records, block: StoredBlock): PendingUpdates | null {
  if (!block.changesAppState) return null;
  const { height, hash } = block.header;
  return demand(snapshot, blockKey('appStateUpdates', height, hash), pendingUpdates);
}

export function readValidatorUpdates(snapshot: Records, block: StoredBlock): ValidatorSetUpdates | null {
  if (!block.updatesValidators) return null;
  const key = blockKey('validatorSetUpdates', block.header.height, block.header.hash);
  return decodeRecord(key, demandRecord(snapshot, key), readValidatorSetUpdates);
}

export function isCommitted(snapshot: Records, { header: { height, hash } }: StoredBlock): boolean {
  return readCommittedAt(snapshot, height)?.hash === hash;
}

/** The certificate that committed a validator-set-updating block; null while it is not committed, and of others. */
export function readCommitPc(
  snapshot: Records,
  scheme: SchemeName,
  block: StoredBlock,
): PhaseCertificate | null {
  if (!block.updatesValidators || !isCommitted(snapshot, block)) return null;
  const key = blockKey('commitPcs', block.header.height, block.header.hash);
  return decodeRecord(key, demandRecord(snapshot, key), (reader) =>
    readPhaseCertificate(reader, storedFormat(scheme)),
  );
}

export const recoveredBlock = (snapshot: Records, block: StoredBlock): RecoveredBlock => ({
  header: block.header,
  validatorSetUpdates: readValidatorUpdates(snapshot, block),
  hasCommands: block.hasCommands,
  updatesBefore: block.updatesBefore,
});
