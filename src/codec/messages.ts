import { assertNever } from '../model/assert.ts';
import type { Block } from '../model/block.ts';
import type { ChainLimits } from '../model/chain.ts';
import { asBlockHash, asChainId, asHeight, asView } from '../model/ids.ts';
import type {
  BlockSyncAdvertisement,
  BlockSyncMessage,
  BlockSyncResponse,
  HotStuffMessage,
  Message,
  PacemakerMessage,
  ProgressMessage,
} from '../model/messages.ts';
import { AGGREGATE_SIZE, SCHEME_SIZES, type SchemeName } from '../model/scheme.ts';
import { blockSize, readBlock, writeBlock } from './block.ts';
import {
  phaseCertificateSize,
  progressCertificateSize,
  readPhase,
  readPhaseCertificate,
  readProgressCertificate,
  readShownCertificate,
  readTimeoutCertificate,
  timeoutCertificateSize,
  writePhase,
  writePhaseCertificate,
  writeProgressCertificate,
  writeTimeoutCertificate,
} from './certificate.ts';
import {
  createWriter,
  type Decoded,
  decode,
  finish,
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
} from './primitives.ts';

/** The nested enums' variant numbers that lead to each message, outermost first (SPECIFICATION.md section 2). */
const TAGS: { readonly [Type in Message['type']]: readonly number[] } = {
  proposal: [0, 0, 0],
  nudge: [0, 0, 1],
  'phase-vote': [0, 0, 2],
  'new-view': [0, 0, 3],
  'timeout-vote': [0, 1, 0],
  'advance-view': [0, 1, 1],
  'advertise-block': [0, 2, 0],
  'advertise-pc': [0, 2, 1],
  'block-sync-request': [1, 0],
  'block-sync-response': [1, 1],
};

const TAGGED = Object.entries(TAGS) as readonly (readonly [Message['type'], readonly number[]])[];

/** What the first bytes of `frame` say that it is, of which nothing else is looked at; null when that is nothing. */
export function messageTypeOf(frame: Uint8Array): Message['type'] | null {
  const found = TAGGED.find(([, tags]) => tags.every((tag, at) => frame[at] === tag));
  return found === undefined ? null : found[0];
}

/** Bytes of a certificate's signatures at most. */
function maxSignatureSetSize(scheme: SchemeName, { maxValidators }: ChainLimits): number {
  return scheme === 'bls12381'
    ? 4 + ((maxValidators + 7) >> 3) + AGGREGATE_SIZE
    : 4 + maxValidators * (1 + SCHEME_SIZES.ed25519.vote);
}

/**
 * No message of a chain is longer; longer frames are refused unread. The longest are sync responses, which may hold
 * `maxSyncBytes` of blocks, or one block more than fits, and a certificate.
 */
export function maxFrameSize({ scheme, limits }: WireFormat): number {
  const pc = 8 + 8 + HASH_SIZE + 1 + maxSignatureSetSize(scheme, limits);
  const block = 8 + HASH_SIZE + pc + HASH_SIZE + 4 + 4 * limits.maxDatums + limits.maxBlockBytes;
  return 2 + 4 + limits.maxSyncBytes + block + pc;
}

/**
 * The frame of `message`. Throws `RangeError` when a field does not fit its type (a signature of a wrong size, say):
 * nothing that came out of `decodeMessage` does.
 */
export function encodeMessage(scheme: SchemeName, message: Message): Uint8Array {
  const tags = TAGS[message.type];
  const writer = createWriter(tags.length + payloadSize(scheme, message));
  for (const tag of tags) writeU8(writer, tag);
  writePayload(writer, scheme, message);
  return finish(writer);
}

function payloadSize(scheme: SchemeName, message: Message): number {
  switch (message.type) {
    case 'proposal':
      return 8 + 8 + blockSize(scheme, message.block);
    case 'nudge':
      return 8 + 8 + phaseCertificateSize(scheme, message.justify);
    case 'phase-vote':
      return 8 + 8 + HASH_SIZE + 1 + SCHEME_SIZES[scheme].vote;
    case 'new-view':
      return 8 + 8 + phaseCertificateSize(scheme, message.highestPc);
    case 'timeout-vote': {
      const { highestTc } = message;
      const tcSize = highestTc === null ? 0 : timeoutCertificateSize(scheme, highestTc);
      return 8 + 8 + SCHEME_SIZES[scheme].vote + 1 + tcSize;
    }
    case 'advance-view':
      return progressCertificateSize(scheme, message.certificate);
    case 'advertise-block':
      return 8 + 8 + SCHEME_SIZES[scheme].vote;
    case 'advertise-pc':
      return phaseCertificateSize(scheme, message.highestPc);
    case 'block-sync-request':
      return 8 + 8 + 4;
    case 'block-sync-response': {
      const blocks = message.blocks.reduce((size, block) => size + blockSize(scheme, block), 4);
      return blocks + phaseCertificateSize(scheme, message.highestPc);
    }
    default:
      return assertNever(message);
  }
}

function writePayload(writer: Writer, scheme: SchemeName, message: Message): void {
  switch (message.type) {
    case 'advance-view':
      writeProgressCertificate(writer, scheme, message.certificate);
      return;
    case 'advertise-pc':
      writePhaseCertificate(writer, scheme, message.highestPc);
      return;
    case 'block-sync-response':
      writeU32(writer, message.blocks.length);
      for (const block of message.blocks) writeBlock(writer, scheme, block);
      writePhaseCertificate(writer, scheme, message.highestPc);
      return;
    default:
      writeU64(writer, message.chainId);
      writeAfterChainId(writer, scheme, message);
      return;
  }
}

type WithChainId = Extract<Message, { readonly chainId: unknown }>;

function writeAfterChainId(writer: Writer, scheme: SchemeName, message: WithChainId): void {
  switch (message.type) {
    case 'proposal':
      writeU64(writer, message.view);
      writeBlock(writer, scheme, message.block);
      return;
    case 'nudge':
      writeU64(writer, message.view);
      writePhaseCertificate(writer, scheme, message.justify);
      return;
    case 'phase-vote':
      writeU64(writer, message.view);
      writeHex(writer, message.block, HASH_SIZE);
      writePhase(writer, message.phase);
      writeBytes(writer, message.signature, SCHEME_SIZES[scheme].vote);
      return;
    case 'new-view':
      writeU64(writer, message.view);
      writePhaseCertificate(writer, scheme, message.highestPc);
      return;
    case 'timeout-vote':
      writeU64(writer, message.view);
      writeBytes(writer, message.signature, SCHEME_SIZES[scheme].vote);
      writePresence(writer, message.highestTc !== null);
      if (message.highestTc !== null) writeTimeoutCertificate(writer, scheme, message.highestTc);
      return;
    case 'advertise-block':
      writeU64(writer, message.height);
      writeBytes(writer, message.signature, SCHEME_SIZES[scheme].vote);
      return;
    case 'block-sync-request':
      writeU64(writer, message.startHeight);
      writeU32(writer, message.limit);
      return;
    default:
      assertNever(message);
  }
}

/**
 * Reads one frame. Never throws, whatever the bytes: they are refused for unknown tags, trailing bytes, lengths beyond
 * the rest or beyond the limits (before anything of that length is allocated), options that are neither 0 nor 1, and
 * integers above 2^53 - 1. What is accepted encodes to the same bytes again. Hashes and signatures are not checked.
 *
 * The frame passes to the message: datums and signatures are views of it.
 */
export function decodeMessage(format: WireFormat, frame: Uint8Array): Decoded<Message> {
  const limit = maxFrameSize(format);
  if (frame.length > limit) {
    return {
      rejection: { code: 'malformed', detail: `a frame of ${frame.length} bytes, of ${limit} at most` },
    };
  }
  return decode(frame, (reader) => readMessage(reader, format));
}

function unknownTag(tag: number, what: string): never {
  return malformed(`unknown tag ${tag} of ${what}`);
}

function readMessage(reader: Reader, format: WireFormat): Message {
  const tag = readU8(reader);
  if (tag === 0) return readProgressMessage(reader, format);
  if (tag === 1) return readBlockSyncMessage(reader, format);
  return unknownTag(tag, 'a message');
}

function readProgressMessage(reader: Reader, format: WireFormat): ProgressMessage {
  const tag = readU8(reader);
  if (tag === 0) return readHotStuffMessage(reader, format);
  if (tag === 1) return readPacemakerMessage(reader, format);
  if (tag === 2) return readAdvertisement(reader, format);
  return unknownTag(tag, 'a progress message');
}

function readHotStuffMessage(reader: Reader, format: WireFormat): HotStuffMessage {
  const tag = readU8(reader);
  if (tag > 3) unknownTag(tag, 'a HotStuff message');
  const chainId = asChainId(readU64(reader));
  const view = asView(readU64(reader));
  if (tag === 0) return { type: 'proposal', chainId, view, block: readBlock(reader, format) };
  if (tag === 1) return { type: 'nudge', chainId, view, justify: readPhaseCertificate(reader, format) };
  if (tag === 3) return { type: 'new-view', chainId, view, highestPc: readShownCertificate(reader, format) };
  const block = asBlockHash(readHex(reader, HASH_SIZE));
  const phase = readPhase(reader);
  return { type: 'phase-vote', chainId, view, block, phase, signature: readVoteSignature(reader, format) };
}

function readVoteSignature(reader: Reader, { scheme }: WireFormat): Uint8Array {
  return readBytes(reader, SCHEME_SIZES[scheme].vote);
}

function readPacemakerMessage(reader: Reader, format: WireFormat): PacemakerMessage {
  const tag = readU8(reader);
  if (tag === 1) return { type: 'advance-view', certificate: readProgressCertificate(reader, format) };
  if (tag !== 0) unknownTag(tag, 'a pacemaker message');
  const chainId = asChainId(readU64(reader));
  const view = asView(readU64(reader));
  const signature = readVoteSignature(reader, format);
  const highestTc = readPresence(reader) ? readTimeoutCertificate(reader, format) : null;
  return { type: 'timeout-vote', chainId, view, signature, highestTc };
}

function readAdvertisement(reader: Reader, format: WireFormat): BlockSyncAdvertisement {
  const tag = readU8(reader);
  if (tag === 1) return { type: 'advertise-pc', highestPc: readPhaseCertificate(reader, format) };
  if (tag !== 0) unknownTag(tag, 'an advertisement');
  const chainId = asChainId(readU64(reader));
  const height = asHeight(readU64(reader));
  return { type: 'advertise-block', chainId, height, signature: readVoteSignature(reader, format) };
}

function readBlockSyncMessage(reader: Reader, format: WireFormat): BlockSyncMessage {
  const tag = readU8(reader);
  if (tag === 1) return readBlockSyncResponse(reader, format);
  if (tag !== 0) unknownTag(tag, 'a block sync message');
  const chainId = asChainId(readU64(reader));
  const startHeight = asHeight(readU64(reader));
  return { type: 'block-sync-request', chainId, startHeight, limit: readU32(reader) };
}

/** Bytes of the shortest block: two hashes, the genesis certificate without signatures, no data. */
const MIN_BLOCK_SIZE = 8 + HASH_SIZE + (8 + 8 + HASH_SIZE + 1 + 4) + HASH_SIZE + 4;

function readBlockSyncResponse(reader: Reader, format: WireFormat): BlockSyncResponse {
  const count = readLength(reader, format.limits.maxSyncBlocks, MIN_BLOCK_SIZE, 'blocks');
  const blocks: Block[] = [];
  for (let index = 0; index < count; index++) blocks.push(readBlock(reader, format));
  return { type: 'block-sync-response', blocks, highestPc: readPhaseCertificate(reader, format) };
}
