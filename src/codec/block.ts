import { hash } from 'node:crypto';
import type { Block, BlockHeader, Datum } from '../model/block.ts';
import type { PhaseCertificate } from '../model/certificate.ts';
import {
  asBlockHash,
  asDataHash,
  asHeight,
  type BlockHash,
  type DataHash,
  type Height,
} from '../model/ids.ts';
import type { SchemeName } from '../model/scheme.ts';
import { phaseCertificateSize, readPhaseCertificate, writePhaseCertificate } from './certificate.ts';
import {
  createWriter,
  finish,
  HASH_SIZE,
  type Reader,
  readBytes,
  readHex,
  readLength,
  readU64,
  type WireFormat,
  type Writer,
  writeBytes,
  writeHex,
  writeU32,
  writeU64,
} from './primitives.ts';

/** SHA-256(borsh(height) || borsh(justify) || borsh(dataHash)) (SPECIFICATION.md section 2). */
export function blockHash(
  scheme: SchemeName,
  height: Height,
  justify: PhaseCertificate,
  dataHash: DataHash,
): BlockHash {
  const writer = createWriter(8 + phaseCertificateSize(scheme, justify) + HASH_SIZE);
  writeU64(writer, height);
  writePhaseCertificate(writer, scheme, justify);
  writeHex(writer, dataHash, HASH_SIZE);
  return asBlockHash(hash('sha256', finish(writer)));
}

/** Blocks, which never change, that have the hash of their header. */
const rightlyHashed = new WeakMap<Block, SchemeName>();

/** A block with the hash of its header. */
export function makeBlock(
  scheme: SchemeName,
  { height, justify, dataHash, data }: Omit<Block, 'hash'>,
): Block {
  const block = { height, hash: blockHash(scheme, height, justify, dataHash), justify, dataHash, data };
  rightlyHashed.set(block, scheme);
  return block;
}

/**
 * Whether a block's hash is that of its header. A block that has it is not hashed again: proposals are tried again when
 * what they lacked has come, a leader's own comes back to it, and replicas of a simulated world all get the same block.
 */
export function hasRightHash(scheme: SchemeName, block: Block): boolean {
  if (rightlyHashed.get(block) === scheme) return true;
  if (blockHash(scheme, block.height, block.justify, block.dataHash) !== block.hash) return false;
  rightlyHashed.set(block, scheme);
  return true;
}

/** Bytes of a block without its data. */
export function headerSize(scheme: SchemeName, header: BlockHeader): number {
  return 8 + HASH_SIZE + phaseCertificateSize(scheme, header.justify) + HASH_SIZE;
}

/** Everything of a block but its data, in the block's order: height, hash, justify, data hash. */
function writeHeader(writer: Writer, scheme: SchemeName, header: BlockHeader): void {
  writeU64(writer, header.height);
  writeHex(writer, header.hash, HASH_SIZE);
  writePhaseCertificate(writer, scheme, header.justify);
  writeHex(writer, header.dataHash, HASH_SIZE);
}

/** Checks form alone: whether `hash` is the header's is for the caller to see. */
function readHeader(reader: Reader, format: WireFormat): BlockHeader {
  const height = asHeight(readU64(reader));
  const hash = asBlockHash(readHex(reader, HASH_SIZE));
  const justify = readPhaseCertificate(reader, format);
  return { height, hash, justify, dataHash: asDataHash(readHex(reader, HASH_SIZE)) };
}

/** Bytes of `Vec<Datum>`. */
export function dataSize(data: readonly Datum[]): number {
  let size = 4;
  for (const datum of data) size += 4 + datum.length;
  return size;
}

function writeData(writer: Writer, data: readonly Datum[]): void {
  writeU32(writer, data.length);
  for (const datum of data) {
    writeU32(writer, datum.length);
    writeBytes(writer, datum, datum.length);
  }
}

/** At most `maxDatums` datums with `maxBlockBytes` bytes in all; each is a view of the bytes being read. */
function readData(reader: Reader, { limits }: WireFormat): Datum[] {
  const count = readLength(reader, limits.maxDatums, 4, 'datums');
  const data: Datum[] = [];
  let left = limits.maxBlockBytes;
  for (let index = 0; index < count; index++) {
    const length = readLength(reader, left, 1, 'bytes of data');
    left -= length;
    data.push(readBytes(reader, length));
  }
  return data;
}

export function blockSize(scheme: SchemeName, block: Block): number {
  return headerSize(scheme, block) + dataSize(block.data);
}

export function writeBlock(writer: Writer, scheme: SchemeName, block: Block): void {
  writeHeader(writer, scheme, block);
  writeData(writer, block.data);
}

/** Checks form alone: neither of the two hashes. */
export function readBlock(reader: Reader, format: WireFormat): Block {
  const { height, hash, justify, dataHash } = readHeader(reader, format);
  return { height, hash, justify, dataHash, data: readData(reader, format) };
}
