import {
  PHASES,
  type Phase,
  type PhaseCertificate,
  type ProgressCertificate,
  type TimeoutCertificate,
} from '../model/certificate.ts';
import { asBlockHash, asChainId, asView } from '../model/ids.ts';
import {
  AGGREGATE_SIZE,
  NO_SIGNATURES,
  SCHEME_SIZES,
  type SchemeName,
  type SignatureSet,
} from '../model/scheme.ts';
import { allocate, copyOf } from './bytes.ts';
import {
  HASH_SIZE,
  isNext,
  malformed,
  type Reader,
  readBytes,
  readHex,
  readLength,
  readPresence,
  readU8,
  readU64,
  type WireFormat,
  type Writer,
  writeBytes,
  writeHex,
  writePart,
  writePresence,
  writeU8,
  writeU32,
  writeU64,
} from './primitives.ts';

// Certificates and the signature sets inside them (SPECIFICATION.md section 2), as Borsh. Each type has a size, a
// writer that writes exactly so many bytes, and a reader. Readers check form alone, never signatures.

const ED25519_SIGNATURE = SCHEME_SIZES.ed25519.vote;

const NO_AGGREGATE = new Uint8Array(AGGREGATE_SIZE);

function signatureSetSize(scheme: SchemeName, signatures: SignatureSet): number {
  if (scheme === 'bls12381') return 4 + (signatures.slots >> 3) + AGGREGATE_SIZE;
  return 4 + signatures.slots + signatures.bytes.length;
}

/** Throws `RangeError` when the parts of `signatures` do not fit together in `scheme`. */
function writeSignatureSet(writer: Writer, scheme: SchemeName, signatures: SignatureSet): void {
  if (scheme === 'bls12381') writeAggregate(writer, signatures);
  else writeSignatureList(writer, signatures);
}

/** `Vec<u8>` bitmap, then the aggregate; without a bitmap, an aggregate of zeros. */
function writeAggregate(writer: Writer, { slots, bitmap, bytes }: SignatureSet): void {
  if (slots % 8 !== 0) throw new RangeError(`an aggregate with ${slots} slots`);
  writeU32(writer, slots >> 3);
  writeBytes(writer, bitmap, slots >> 3);
  if (slots === 0 && bytes.length !== 0) throw new RangeError('an aggregate of nobody');
  writeBytes(writer, slots === 0 ? NO_AGGREGATE : bytes, AGGREGATE_SIZE);
}

/** `Vec<Option<[u8; 64]>>` */
function writeSignatureList(writer: Writer, { slots, bitmap, bytes }: SignatureSet): void {
  if (bitmap.length !== (slots + 7) >> 3)
    throw new RangeError(`a bitmap of ${bitmap.length} bytes for ${slots} slots`);
  writeU32(writer, slots);
  let next = 0;
  for (let slot = 0; slot < slots; slot++) {
    const present = (((bitmap[slot >> 3] as number) >> (slot & 7)) & 1) === 1;
    writePresence(writer, present);
    if (!present) continue;
    writePart(writer, bytes, next, ED25519_SIGNATURE);
    next += ED25519_SIGNATURE;
  }
  if (next !== bytes.length) throw new RangeError(`${bytes.length} bytes of signatures where ${next} belong`);
  if (slots % 8 !== 0 && (bitmap[slots >> 3] as number) >> (slots & 7) !== 0) {
    throw new RangeError(`signers beyond the ${slots} slots`);
  }
}

function readSignatureSet(reader: Reader, format: WireFormat): SignatureSet {
  return format.scheme === 'bls12381' ? readAggregate(reader, format) : readSignatureList(reader, format);
}

/**
 * Copied: certificates are remembered for long, and views would keep the frames alive that they came in, blocks included.
 */
function readAggregate(reader: Reader, { limits }: WireFormat): SignatureSet {
  const length = readLength(reader, (limits.maxValidators + 7) >> 3, 1, 'bytes of signers');
  const wire = readBytes(reader, length + AGGREGATE_SIZE);
  if (length > 0) {
    const own = copyOf(wire);
    return { slots: 8 * length, bitmap: own.subarray(0, length), bytes: own.subarray(length) };
  }
  if (!wire.every((byte) => byte === 0)) malformed('an aggregate of nobody');
  return NO_SIGNATURES;
}

/** Copied as well; they lie apart on the wire, each behind its tag. */
function readSignatureList(reader: Reader, { limits }: WireFormat): SignatureSet {
  const slots = readLength(reader, limits.maxValidators, 1, 'slots for signatures');
  if (slots === 0) return NO_SIGNATURES;
  const bitmap = new Uint8Array((slots + 7) >> 3);
  const start = reader.at;
  let present = 0;
  for (let slot = 0; slot < slots; slot++) {
    if (!readPresence(reader)) continue;
    readBytesAway(reader);
    bitmap[slot >> 3] = (bitmap[slot >> 3] as number) | (1 << (slot & 7));
    present++;
  }
  return { slots, bitmap, bytes: gatherSignatures(reader.bytes, start, slots, present) };
}

function readBytesAway(reader: Reader): void {
  if (ED25519_SIGNATURE > reader.bytes.length - reader.at)
    malformed(`ends within a signature at byte ${reader.at}`);
  reader.at += ED25519_SIGNATURE;
}

function gatherSignatures(wire: Uint8Array, start: number, slots: number, present: number): Uint8Array {
  const bytes = allocate(present * ED25519_SIGNATURE);
  let from = start;
  let to = 0;
  for (let slot = 0; slot < slots; slot++) {
    if (wire[from++] === 0) continue;
    for (const end = from + ED25519_SIGNATURE; from < end; ) bytes[to++] = wire[from++] as number;
  }
  return bytes;
}

export function writePhase(writer: Writer, phase: Phase): void {
  writeU8(writer, PHASES.indexOf(phase));
}

export function readPhase(reader: Reader): Phase {
  const tag = readU8(reader);
  const phase = PHASES[tag];
  return phase ?? malformed(`phase ${tag} at byte ${reader.at - 1}`);
}

export function phaseCertificateSize(scheme: SchemeName, pc: PhaseCertificate): number {
  return 8 + 8 + HASH_SIZE + 1 + signatureSetSize(scheme, pc.signatures);
}

export function writePhaseCertificate(writer: Writer, scheme: SchemeName, pc: PhaseCertificate): void {
  writeU64(writer, pc.chainId);
  writeU64(writer, pc.view);
  writeHex(writer, pc.block, HASH_SIZE);
  writePhase(writer, pc.phase);
  writeSignatureSet(writer, scheme, pc.signatures);
}

export function readPhaseCertificate(reader: Reader, format: WireFormat): PhaseCertificate {
  const chainId = asChainId(readU64(reader));
  const view = asView(readU64(reader));
  const block = asBlockHash(readHex(reader, HASH_SIZE));
  const phase = readPhase(reader);
  return { chainId, view, block, phase, signatures: readSignatureSet(reader, format) };
}

interface ShownCertificate {
  readonly format: WireFormat;
  /** A copy, so that no frame lives on in it or decides what later ones mean. */
  readonly bytes: Uint8Array;
  readonly pc: PhaseCertificate;
}

/** What `readShownCertificate` read last. */
let shown: ShownCertificate | null = null;

/**
 * As `readPhaseCertificate`, for messages in which many peers show one certificate: while it comes in the very same
 * bytes it is one object, read once. Whoever gets it must not change it.
 */
export function readShownCertificate(reader: Reader, format: WireFormat): PhaseCertificate {
  if (shown !== null && shown.format === format && isNext(reader, shown.bytes)) {
    reader.at += shown.bytes.length;
    return shown.pc;
  }
  const start = reader.at;
  const pc = readPhaseCertificate(reader, format);
  shown = { format, bytes: copyOf(reader.bytes.subarray(start, reader.at)), pc };
  return pc;
}

export function timeoutCertificateSize(scheme: SchemeName, tc: TimeoutCertificate): number {
  return 8 + 8 + signatureSetSize(scheme, tc.signatures);
}

export function writeTimeoutCertificate(writer: Writer, scheme: SchemeName, tc: TimeoutCertificate): void {
  writeU64(writer, tc.chainId);
  writeU64(writer, tc.view);
  writeSignatureSet(writer, scheme, tc.signatures);
}

export function readTimeoutCertificate(reader: Reader, format: WireFormat): TimeoutCertificate {
  const chainId = asChainId(readU64(reader));
  const view = asView(readU64(reader));
  return { chainId, view, signatures: readSignatureSet(reader, format) };
}

/** Wire numbers of the progress certificates. */
const TC_TAG = 0;
const PC_TAG = 1;

export function progressCertificateSize(scheme: SchemeName, certificate: ProgressCertificate): number {
  return (
    1 +
    (certificate.type === 'tc'
      ? timeoutCertificateSize(scheme, certificate.tc)
      : phaseCertificateSize(scheme, certificate.pc))
  );
}

export function writeProgressCertificate(
  writer: Writer,
  scheme: SchemeName,
  certificate: ProgressCertificate,
): void {
  if (certificate.type === 'tc') {
    writeU8(writer, TC_TAG);
    writeTimeoutCertificate(writer, scheme, certificate.tc);
  } else {
    writeU8(writer, PC_TAG);
    writePhaseCertificate(writer, scheme, certificate.pc);
  }
}

export function readProgressCertificate(reader: Reader, format: WireFormat): ProgressCertificate {
  const tag = readU8(reader);
  if (tag === TC_TAG) return { type: 'tc', tc: readTimeoutCertificate(reader, format) };
  if (tag === PC_TAG) return { type: 'pc', pc: readPhaseCertificate(reader, format) };
  return malformed(`progress certificate ${tag} at byte ${reader.at - 1}`);
}
