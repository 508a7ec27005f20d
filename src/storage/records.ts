import {
  phaseCertificateSize,
  progressCertificateSize,
  readPhase,
  readPhaseCertificate,
  readProgressCertificate,
  readTimeoutCertificate,
  timeoutCertificateSize,
  writePhase,
  writePhaseCertificate,
  writeProgressCertificate,
  writeTimeoutCertificate,
} from '../codec/certificate.ts';
import {
  HASH_SIZE,
  malformed,
  type Reader,
  readBytes,
  readHex,
  readLength,
  readPresence,
  readU8,
  readU32,
  readU64,
  type WireFormat,
  type Writer,
  writeBytes,
  writeHex,
  writePresence,
  writeU8,
  writeU32,
  writeU64,
} from '../codec/primitives.ts';
import type { KeptPc, LastVote, ViewEntry } from '../core/block-tree/delta.ts';
import type { BlockEffects } from '../model/app.ts';
import type { BlockHeader, Datum } from '../model/block.ts';
import type { PhaseCertificate, RankedPc, TimeoutCertificate } from '../model/certificate.ts';
import {
  asBlockHash,
  asDataHash,
  asHeight,
  asReplicaId,
  asView,
  type BlockHash,
  type Height,
  type ReplicaId,
  type View,
} from '../model/ids.ts';
import type { SchemeName } from '../model/scheme.ts';
import { encodeRecord, type Variable } from './schema.ts';

// The payloads of the records about blocks and of the small variables, as Borsh; validator sets have a file of their
// own. Readers throw through `decode` alone: what they refuse was not written by this library.

/** A block named with its height, which its keys begin with. */
export interface BlockId {
  readonly height: Height;
  readonly hash: BlockHash;
}

/** What is stored of a block beside its data and updates. */
export interface StoredBlock {
  readonly header: BlockHeader;
  readonly hasCommands: boolean;
  readonly hasData: boolean;
  readonly changesAppState: boolean;
  readonly updatesValidators: boolean;
  /** Validator-set-updating blocks strictly before it on its branch. */
  readonly updatesBefore: number;
  /** 32 bytes; see app-state.ts. */
  readonly appStateHash: Uint8Array;
}

/** Bits of the flags, by what they say. */
const FLAGS = { hasCommands: 1, hasData: 2, changesAppState: 4, updatesValidators: 8 } as const;

const ALL_FLAGS = 15;

export const flagsOf = (
  data: readonly Datum[],
  effects: BlockEffects,
): Pick<StoredBlock, 'hasCommands' | 'hasData' | 'changesAppState' | 'updatesValidators'> => ({
  hasCommands: effects.hasCommands,
  hasData: data.length > 0,
  changesAppState: effects.appStateUpdates.sets.length + effects.appStateUpdates.deletes.length > 0,
  updatesValidators: effects.validatorSetUpdates !== null,
});

/** Height and hash are the key's. */
export function encodeStoredBlock(key: Uint8Array, scheme: SchemeName, block: StoredBlock): Uint8Array {
  const { justify, dataHash } = block.header;
  const size = 1 + 8 + HASH_SIZE + HASH_SIZE + phaseCertificateSize(scheme, justify);
  return encodeRecord(key, size, (writer) => {
    const { hasCommands, hasData, changesAppState, updatesValidators } = FLAGS;
    let flags = 0;
    if (block.hasCommands) flags |= hasCommands;
    if (block.hasData) flags |= hasData;
    if (block.changesAppState) flags |= changesAppState;
    if (block.updatesValidators) flags |= updatesValidators;
    writeU8(writer, flags);
    writeU64(writer, block.updatesBefore);
    writeBytes(writer, block.appStateHash, HASH_SIZE);
    writeHex(writer, dataHash, HASH_SIZE);
    writePhaseCertificate(writer, scheme, justify);
  });
}

export function readStoredBlock(reader: Reader, format: WireFormat, { height, hash }: BlockId): StoredBlock {
  const flags = readU8(reader);
  if (flags > ALL_FLAGS) malformed(`flags ${flags}`);
  const updatesBefore = readU64(reader);
  const appStateHash = readBytes(reader, HASH_SIZE);
  const dataHash = asDataHash(readHex(reader, HASH_SIZE));
  const justify = readPhaseCertificate(reader, format);
  return {
    header: { height, hash, justify, dataHash },
    hasCommands: (flags & FLAGS.hasCommands) !== 0,
    hasData: (flags & FLAGS.hasData) !== 0,
    changesAppState: (flags & FLAGS.changesAppState) !== 0,
    updatesValidators: (flags & FLAGS.updatesValidators) !== 0,
    updatesBefore,
    appStateHash,
  };
}

/** u32 count, the end of each datum among the bytes as u32, then the bytes: one datum is found without the others. */
export function encodeData(key: Uint8Array, data: readonly Datum[]): Uint8Array {
  const bytes = data.reduce((sum, { length }) => sum + length, 0);
  return encodeRecord(key, 4 + 4 * data.length + bytes, (writer) => {
    writeU32(writer, data.length);
    let end = 0;
    for (const { length } of data) {
      end += length;
      writeU32(writer, end);
    }
    for (const datum of data) writeBytes(writer, datum, datum.length);
  });
}

/** The datums, as views. */
export function readDatums(reader: Reader): Datum[] {
  const ends = readEnds(reader);
  let start = 0;
  return Array.from(ends, (end) => {
    if (end < start) malformed('the ends of the datums are not in order');
    const datum = readBytes(reader, end - start);
    start = end;
    return datum;
  });
}

function readEnds(reader: Reader): Uint32Array {
  const count = readLength(reader, 0xffff_ffff, 4, 'datums');
  const ends = new Uint32Array(count);
  for (let at = 0; at < count; at++) ends[at] = readU32(reader);
  return ends;
}

export const datumCountOf = (payload: Uint8Array): number => u32At(payload, 0);

/** Datum `index` of a data record's payload, as a view; null when there is none. */
export function datumOf(payload: Uint8Array, index: number): Datum | null {
  const count = datumCountOf(payload);
  if (!(Number.isInteger(index) && index >= 0 && index < count)) return null;
  const bytes = payload.subarray(4 + 4 * count);
  return bytes.subarray(index === 0 ? 0 : u32At(payload, 4 * index), u32At(payload, 4 + 4 * index));
}

const u32At = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);

export interface CommittedRecord {
  readonly hash: BlockHash;
  readonly appStateHash: Uint8Array;
}

export function encodeCommitted(key: Uint8Array, { hash, appStateHash }: CommittedRecord): Uint8Array {
  return encodeRecord(key, 2 * HASH_SIZE, (writer) => {
    writeHex(writer, hash, HASH_SIZE);
    writeBytes(writer, appStateHash, HASH_SIZE);
  });
}

export const readCommitted = (reader: Reader): CommittedRecord => ({
  hash: asBlockHash(readHex(reader, HASH_SIZE)),
  appStateHash: readBytes(reader, HASH_SIZE),
});

export const encodeHeight = (key: Uint8Array, height: Height): Uint8Array =>
  encodeRecord(key, 8, (writer) => writeU64(writer, height));

export const readHeight = (reader: Reader): Height => asHeight(readU64(reader));

export const encodePc = (key: Uint8Array, scheme: SchemeName, pc: PhaseCertificate): Uint8Array =>
  encodeRecord(key, phaseCertificateSize(scheme, pc), (writer) => writePhaseCertificate(writer, scheme, pc));

/** updates u64, commit u8, view u64, then the certificate. */
export function encodeRankedPc(key: Uint8Array, scheme: SchemeName, { pc, rank }: RankedPc): Uint8Array {
  return encodeRecord(key, 8 + 1 + 8 + phaseCertificateSize(scheme, pc), (writer) => {
    writeU64(writer, rank.updates);
    writePresence(writer, rank.commit === 1);
    writeU64(writer, rank.view);
    writePhaseCertificate(writer, scheme, pc);
  });
}

export function readRankedPc(reader: Reader, format: WireFormat): RankedPc {
  const updates = readU64(reader);
  const commit = readPresence(reader) ? 1 : 0;
  const view = asView(readU64(reader));
  return { pc: readPhaseCertificate(reader, format), rank: { updates, commit, view } };
}

export function encodeHighestTc(
  key: Uint8Array,
  scheme: SchemeName,
  tc: TimeoutCertificate | null,
): Uint8Array {
  return encodeRecord(key, 1 + (tc === null ? 0 : timeoutCertificateSize(scheme, tc)), (writer) => {
    writePresence(writer, tc !== null);
    if (tc !== null) writeTimeoutCertificate(writer, scheme, tc);
  });
}

export const readHighestTc = (reader: Reader, format: WireFormat): TimeoutCertificate | null =>
  readPresence(reader) ? readTimeoutCertificate(reader, format) : null;

/** Option of: view u64, Option of the certificate. */
export function encodeEntry(key: Uint8Array, scheme: SchemeName, entry: ViewEntry | null): Uint8Array {
  const certificate = entry?.certificate ?? null;
  const size =
    1 +
    (entry === null ? 0 : 8 + 1) +
    (certificate === null ? 0 : progressCertificateSize(scheme, certificate));
  return encodeRecord(key, size, (writer) => {
    writePresence(writer, entry !== null);
    if (entry === null) return;
    writeU64(writer, entry.view);
    writePresence(writer, certificate !== null);
    if (certificate !== null) writeProgressCertificate(writer, scheme, certificate);
  });
}

export function readEntry(reader: Reader, format: WireFormat): ViewEntry | null {
  if (!readPresence(reader)) return null;
  const view = asView(readU64(reader));
  return { view, certificate: readPresence(reader) ? readProgressCertificate(reader, format) : null };
}

/** A u8 length, then the bytes of a key: of any scheme's length, and of none for nobody. */
export const idSize = (id: ReplicaId | null): number => 1 + (id === null ? 0 : id.length / 2);

export function writeId(writer: Writer, id: ReplicaId | null): void {
  const length = id === null ? 0 : id.length / 2;
  writeU8(writer, length);
  if (id !== null) writeHex(writer, id, length);
}

/** Null for nobody. */
export function readId(reader: Reader): ReplicaId | null {
  const length = readU8(reader);
  return length === 0 ? null : asReplicaId(readHex(reader, length));
}

/** Vec of: who sent it, the certificate. */
export function encodeKeptPcs(key: Uint8Array, scheme: SchemeName, kept: readonly KeptPc[]): Uint8Array {
  const size = kept.reduce((sum, { from, pc }) => sum + idSize(from) + phaseCertificateSize(scheme, pc), 4);
  return encodeRecord(key, size, (writer) => {
    writeU32(writer, kept.length);
    for (const { from, pc } of kept) {
      writeId(writer, from);
      writePhaseCertificate(writer, scheme, pc);
    }
  });
}

export function readKeptPcs(reader: Reader, format: WireFormat): KeptPc[] {
  const count = readLength(reader, 0xffff_ffff, 2, 'kept certificates');
  return Array.from({ length: count }, () => ({
    from: readId(reader),
    pc: readPhaseCertificate(reader, format),
  }));
}

/** The variables whose checksums `state` holds, in the order of the bytes. */
export const GUARDED_VARIABLES = [
  'validatorSets',
  'lockedPc',
  'highestPc',
  'highestTc',
  'entry',
  'keptPcs',
] as const satisfies readonly Variable[];

export type GuardedVariable = (typeof GUARDED_VARIABLES)[number];

/** The variable `state`: the small variables, and what tells whether the others are the ones written last. */
export interface StateRecord {
  readonly scheme: SchemeName;
  readonly highestCommitted: BlockId | null;
  /** The block inserted last that is still there. */
  readonly newestBlock: BlockId | null;
  readonly lastVote: LastVote | null;
  readonly proposeUpTo: View;
  /** Checksums that end the records of the guarded variables. */
  readonly checksums: { readonly [Name in GuardedVariable]: number };
}

const SCHEMES: readonly SchemeName[] = ['bls12381', 'ed25519'];

export const writeScheme = (writer: Writer, scheme: SchemeName): void =>
  writeU8(writer, SCHEMES.indexOf(scheme));

export const readScheme = (reader: Reader): SchemeName => {
  const tag = readU8(reader);
  return SCHEMES[tag] ?? malformed(`scheme ${tag}`);
};

const BLOCK_ID_SIZE = 8 + HASH_SIZE;

export function encodeState(key: Uint8Array, state: StateRecord): Uint8Array {
  const { scheme, highestCommitted, newestBlock, lastVote, proposeUpTo, checksums } = state;
  const blocks = [highestCommitted, newestBlock];
  let size = 1 + 1 + 8 + 4 * GUARDED_VARIABLES.length;
  for (const block of blocks) size += 1 + (block === null ? 0 : BLOCK_ID_SIZE);
  if (lastVote !== null) size += 8 + HASH_SIZE + 1;
  return encodeRecord(key, size, (writer) => {
    writeScheme(writer, scheme);
    for (const block of blocks) writeBlockId(writer, block);
    writePresence(writer, lastVote !== null);
    if (lastVote !== null) {
      writeU64(writer, lastVote.view);
      writeHex(writer, lastVote.block, HASH_SIZE);
      writePhase(writer, lastVote.phase);
    }
    writeU64(writer, proposeUpTo);
    for (const name of GUARDED_VARIABLES) writeU32(writer, checksums[name]);
  });
}

function writeBlockId(writer: Writer, block: BlockId | null): void {
  writePresence(writer, block !== null);
  if (block === null) return;
  writeU64(writer, block.height);
  writeHex(writer, block.hash, HASH_SIZE);
}

const readBlockId = (reader: Reader): BlockId | null =>
  readPresence(reader)
    ? { height: asHeight(readU64(reader)), hash: asBlockHash(readHex(reader, HASH_SIZE)) }
    : null;

const readLastVote = (reader: Reader): LastVote => ({
  view: asView(readU64(reader)),
  block: asBlockHash(readHex(reader, HASH_SIZE)),
  phase: readPhase(reader),
});

export function readState(reader: Reader): StateRecord {
  return {
    scheme: readScheme(reader),
    highestCommitted: readBlockId(reader),
    newestBlock: readBlockId(reader),
    lastVote: readPresence(reader) ? readLastVote(reader) : null,
    proposeUpTo: asView(readU64(reader)),
    checksums: {
      validatorSets: readU32(reader),
      lockedPc: readU32(reader),
      highestPc: readU32(reader),
      highestTc: readU32(reader),
      entry: readU32(reader),
      keptPcs: readU32(reader),
    },
  };
}
