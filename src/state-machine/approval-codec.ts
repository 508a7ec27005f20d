import { createHash } from 'node:crypto';
import { hexToBytes } from '../model/hex.ts';
import { asPower, asReplicaId, type ChainId, type ReplicaId } from '../model/ids.ts';
import { SCHEME_SIZES, type SchemeName } from '../model/scheme.ts';
import type { ValidatorSetUpdates } from '../model/validator-set.ts';
import { readU64, writeU64 } from './envelope.ts';

/*
 * The bytes of approvals. Integers are little-endian; keys, proofs and signatures have the sizes of the chain's scheme.
 *
 * - proposed update: format (u8, 1), number (u64), count (u32) of inserts, each a key, a power (u64) and a proof of
 *   possession behind a flag (u8, 0 or 1), count (u32) of deletes, each a key. Keys ascend, so that equal updates have
 *   equal bytes.
 * - approval: the signer's key, the turn (u64), the signature, the proposed update.
 */

/** An update of the validator set that validators may approve. Without inserts and deletes it is a withdrawal. */
export interface ProposedUpdate {
  /** Counts the updates that approvals make, from 1: only those of the next one count. */
  readonly number: number;
  readonly updates: ValidatorSetUpdates;
}

export interface Approval {
  readonly signer: ReplicaId;
  /**
   * Counts what the signer has said about the update of this number, withdrawals included, from 1: commands can be read
   * by everybody, and an old one says what the signer has thought better of.
   */
  readonly turn: number;
  /** Over `approvalPreimage`. */
  readonly signature: Uint8Array;
  readonly proposed: ProposedUpdate;
}

const FORMAT = 1;
const HASH_BYTES = 32;

/**
 * Begins what a validator signs to approve. No other preimage of a validator key begins so: the protocol's own begin
 * with a byte from 1 to 4 (BLS) or are shorter (Ed25519).
 */
const DOMAIN = Buffer.from('hotstuff-ts approval of a validator-set update\0', 'latin1');

/** What a validator signs to approve an update, which `encodeProposed` has encoded, on one chain in one turn. */
export function approvalPreimage(chainId: ChainId, turn: number, proposed: Uint8Array): Uint8Array {
  const preimage = new Uint8Array(DOMAIN.length + 8 + 8 + HASH_BYTES);
  preimage.set(DOMAIN, 0);
  writeU64(preimage, DOMAIN.length, chainId);
  writeU64(preimage, DOMAIN.length + 8, turn);
  preimage.set(createHash('sha256').update(proposed).digest(), DOMAIN.length + 8 + 8);
  return preimage;
}

export function encodeProposed(scheme: SchemeName, { number, updates }: ProposedUpdate): Uint8Array {
  const sizes = SCHEME_SIZES[scheme];
  const inserts = updates.inserts.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const deletes = updates.deletes.toSorted();
  const parts: Uint8Array[] = [Uint8Array.of(FORMAT), u64(number), u32(inserts.length)];
  for (const { id, power, possession } of inserts) {
    parts.push(sized(hexToBytes(id), sizes.publicKey), u64(power));
    parts.push(Uint8Array.of(possession === null ? 0 : 1));
    if (possession !== null) parts.push(sized(possession, sizes.possession));
  }
  parts.push(u32(deletes.length), ...deletes.map((id) => sized(hexToBytes(id), sizes.publicKey)));
  return new Uint8Array(Buffer.concat(parts));
}

export function encodeApproval(
  scheme: SchemeName,
  { signer, turn, signature, proposed }: Approval,
): Uint8Array {
  const sizes = SCHEME_SIZES[scheme];
  const key = sized(hexToBytes(signer), sizes.publicKey);
  const parts = [key, u64(turn), sized(signature, sizes.vote), encodeProposed(scheme, proposed)];
  return new Uint8Array(Buffer.concat(parts));
}

/** The bytes of the proposed update in an approval, from which `decodeApproval` has read one: a view. */
export function proposedIn(scheme: SchemeName, approval: Uint8Array): Uint8Array {
  const { publicKey, vote } = SCHEME_SIZES[scheme];
  return approval.subarray(publicKey + 8 + vote);
}

/** Null when the bytes are no approval, or not the ones that `encodeApproval` makes of it. Never throws. */
export function decodeApproval(scheme: SchemeName, bytes: Uint8Array): Approval | null {
  const { publicKey, vote } = SCHEME_SIZES[scheme];
  const signatureAt = publicKey + 8;
  if (bytes.length < signatureAt + vote) return null;
  const turn = readU64(bytes, publicKey);
  const proposed = decodeProposed(scheme, proposedIn(scheme, bytes));
  if (turn === null || proposed === null) return null;
  const signer = idOf(bytes.subarray(0, publicKey));
  return { signer, turn, signature: bytes.subarray(signatureAt, signatureAt + vote), proposed };
}

/** Null when the bytes are not those of a proposed update. Never throws. */
export function decodeProposed(scheme: SchemeName, bytes: Uint8Array): ProposedUpdate | null {
  const sizes = SCHEME_SIZES[scheme];
  const cursor = createCursor(bytes);
  if (cursor.u8() !== FORMAT) return null;
  const number = cursor.u64();
  const inserts: ValidatorSetUpdates['inserts'][number][] = [];
  for (let left = cursor.u32(); left > 0 && !cursor.failed; left--) {
    const id = idOf(cursor.take(sizes.publicKey));
    const power = asPower(cursor.u64());
    const flag = cursor.u8();
    if (flag > 1) return null;
    inserts.push({ id, power, possession: flag === 0 ? null : cursor.take(sizes.possession) });
  }
  const deletes: ReplicaId[] = [];
  for (let left = cursor.u32(); left > 0 && !cursor.failed; left--) {
    deletes.push(idOf(cursor.take(sizes.publicKey)));
  }
  const isCanonical =
    !cursor.failed && cursor.left === 0 && ascends(inserts.map(({ id }) => id)) && ascends(deletes);
  return isCanonical ? { number, updates: { inserts, deletes } } : null;
}

/** Node's own hex: an approval may name a thousand keys, and anybody can have a leader read it. */
const idOf = ({ buffer, byteOffset, length }: Uint8Array): ReplicaId =>
  asReplicaId(Buffer.from(buffer, byteOffset, length).toString('hex'));

/** Strictly: no id occurs twice. */
const ascends = (ids: readonly ReplicaId[]): boolean =>
  ids.every((id, index) => index === 0 || (ids[index - 1] as ReplicaId) < id);

/** Reads in order; beyond the end it gives zeros and nothing, and remembers. */
function createCursor(bytes: Uint8Array) {
  let at = 0;
  let failed = false;
  const take = (size: number): Uint8Array => {
    if (failed || at + size > bytes.length) {
      failed = true;
      return new Uint8Array(0);
    }
    at += size;
    return bytes.subarray(at - size, at);
  };
  return {
    take,
    u8: (): number => take(1)[0] ?? 0,
    u32(): number {
      const part = take(4);
      return failed ? 0 : new DataView(part.buffer, part.byteOffset).getUint32(0, true);
    },
    u64(): number {
      const part = take(8);
      const value = failed ? null : readU64(part, 0);
      if (value === null) failed = true;
      return value ?? 0;
    },
    get failed() {
      return failed;
    },
    get left() {
      return bytes.length - at;
    },
  };
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  writeU64(bytes, 0, value);
  return bytes;
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function sized(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length === size) return bytes;
  throw new RangeError(`${bytes.length} bytes where the chain's scheme has ${size}`);
}
