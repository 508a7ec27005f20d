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
  readU8,
  readU32,
  readU64,
  writeBytes,
  writeHex,
  writeU8,
  writeU32,
  writeU64,
} from '../../codec/primitives.ts';
import { asChainId, asReplicaId, type ChainId, type ReplicaId } from '../../model/ids.ts';
import { type RefusalCode, refusalCode, refusalNumber } from './refusal.ts';

/**
 * Introduces a node. Everything up to `maxVersion` keeps its place in all versions of the protocol, and so does the
 * refusal, so that nodes of any two versions understand why they do not. Later versions may append fields; an older
 * reader passes over them, and both signatures cover them.
 */
export interface Hello {
  readonly type: 'hello';
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly chainId: ChainId;
  /** Hash of the whole genesis document: 32 bytes. */
  readonly genesisHash: Uint8Array;
  readonly scheme: string;
  readonly id: ReplicaId;
}

/** The control messages of a link, by tag: 0 hello, 1 proof, 2 accepted, 3 refused, 4 heartbeat. */
export type ControlMessage =
  | Hello
  | { readonly type: 'proof'; readonly signature: Uint8Array }
  | { readonly type: 'accepted' }
  | { readonly type: 'refused'; readonly code: RefusalCode; readonly detail: string }
  | { readonly type: 'heartbeat' };

const MAGIC = Buffer.from('hotstuff', 'latin1');

/** Beyond the longest name, key and signature of any scheme; a peer's words are cut to MAX_DETAIL_BYTES. */
const MAX_NAME_BYTES = 32;
const MAX_KEY_BYTES = 256;
const MAX_SIGNATURE_BYTES = 256;
const MAX_DETAIL_BYTES = 512;

export function encodeHello(hello: Hello): Uint8Array {
  const scheme = Buffer.from(hello.scheme, 'latin1');
  const keySize = hello.id.length >> 1;
  const writer = createWriter(1 + MAGIC.length + 4 + 4 + 8 + HASH_SIZE + 4 + scheme.length + 4 + keySize);
  writeU8(writer, 0);
  writeBytes(writer, MAGIC, MAGIC.length);
  writeU32(writer, hello.minVersion);
  writeU32(writer, hello.maxVersion);
  writeU64(writer, hello.chainId);
  writeBytes(writer, hello.genesisHash, HASH_SIZE);
  writeU32(writer, scheme.length);
  writeBytes(writer, scheme, scheme.length);
  writeU32(writer, keySize);
  writeHex(writer, hello.id, keySize);
  return finish(writer);
}

export function encodeProof(signature: Uint8Array): Uint8Array {
  const writer = createWriter(1 + 4 + signature.length);
  writeU8(writer, 1);
  writeU32(writer, signature.length);
  writeBytes(writer, signature, signature.length);
  return finish(writer);
}

export const ACCEPTED: Uint8Array = Uint8Array.of(2);
export const HEARTBEAT: Uint8Array = Uint8Array.of(4);

export function encodeRefusal(code: RefusalCode, detail: string): Uint8Array {
  const words = new TextEncoder().encode(detail).subarray(0, MAX_DETAIL_BYTES);
  const writer = createWriter(1 + 1 + 4 + words.length);
  writeU8(writer, 3);
  writeU8(writer, refusalNumber(code));
  writeU32(writer, words.length);
  writeBytes(writer, words, words.length);
  return finish(writer);
}

/** Never throws on any bytes. */
export function decodeControl(bytes: Uint8Array): Decoded<ControlMessage> {
  return decode(bytes, readControl);
}

function readControl(reader: Reader): ControlMessage {
  const tag = readU8(reader);
  switch (tag) {
    case 0:
      return readHello(reader);
    case 1:
      return { type: 'proof', signature: readSized(reader, MAX_SIGNATURE_BYTES, 'bytes of a signature') };
    case 2:
      return { type: 'accepted' };
    case 3:
      return { type: 'refused', code: refusalCode(readU8(reader)), detail: readWords(reader) };
    case 4:
      return { type: 'heartbeat' };
    default:
      return malformed(`no control message has the tag ${tag}`);
  }
}

function readHello(reader: Reader): Hello {
  if (!MAGIC.equals(readBytes(reader, MAGIC.length))) malformed('not a node of hotstuff-ts');
  const minVersion = readU32(reader);
  const maxVersion = readU32(reader);
  const chainId = asChainId(readU64(reader));
  const genesisHash = readBytes(reader, HASH_SIZE);
  const scheme = printable(readSized(reader, MAX_NAME_BYTES, 'bytes of a scheme name'));
  const keySize = readLength(reader, MAX_KEY_BYTES, 1, 'bytes of a key');
  const id = asReplicaId(readHex(reader, keySize));
  readBytes(reader, reader.bytes.length - reader.at);
  return { type: 'hello', minVersion, maxVersion, chainId, genesisHash, scheme, id };
}

const readSized = (reader: Reader, limit: number, what: string): Uint8Array =>
  readBytes(reader, readLength(reader, limit, 1, what));

/** The reason of a refusal; what comes after it is for later versions. */
function readWords(reader: Reader): string {
  const words = printable(readSized(reader, MAX_DETAIL_BYTES, 'bytes of a reason'));
  readBytes(reader, reader.bytes.length - reader.at);
  return words;
}

/** A stranger's words go into logs and terminals: nothing in them may act there. */
const printable = (bytes: Uint8Array): string =>
  new TextDecoder().decode(bytes).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
