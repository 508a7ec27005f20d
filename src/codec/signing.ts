import { assertNever } from '../model/assert.ts';
import type { ChainId, ReplicaId } from '../model/ids.ts';
import type { Subject } from '../model/messages.ts';
import type { SchemeName } from '../model/scheme.ts';
import { writePhase } from './certificate.ts';
import { createWriter, finish, HASH_SIZE, type Writer, writeHex, writeU8, writeU64 } from './primitives.ts';

/**
 * First bytes of what is signed in the BLS scheme, so that no signature of one type is ever valid as another (R9).
 * The Ed25519 scheme signs v0.4.0's bytes, which have none.
 */
const DOMAINS = { 'phase-vote': 1, 'timeout-vote': 2, 'advertise-block': 3, possession: 4 } as const;

/** What a signature of `subject` is over (SPECIFICATION.md section 2, signed bytes). */
export function signingPreimage(scheme: SchemeName, subject: Subject): Uint8Array {
  const tagSize = scheme === 'bls12381' ? 1 : 0;
  const writer = createWriter(tagSize + 16 + (subject.type === 'phase-vote' ? HASH_SIZE + 1 : 0));
  if (scheme === 'bls12381') writeU8(writer, DOMAINS[subject.type]);
  writeU64(writer, subject.chainId);
  writeSubject(writer, subject);
  return finish(writer);
}

function writeSubject(writer: Writer, subject: Subject): void {
  switch (subject.type) {
    case 'phase-vote':
      writeU64(writer, subject.view);
      writeHex(writer, subject.block, HASH_SIZE);
      writePhase(writer, subject.phase);
      return;
    case 'timeout-vote':
      writeU64(writer, subject.view);
      return;
    case 'advertise-block':
      writeU64(writer, subject.height);
      return;
    default:
      assertNever(subject);
  }
}

/** What a proof of possession of the key `id` is over, on one chain. */
export function possessionPreimage(chainId: ChainId, id: ReplicaId): Uint8Array {
  const keySize = id.length >> 1;
  const writer = createWriter(1 + 8 + keySize);
  writeU8(writer, DOMAINS.possession);
  writeU64(writer, chainId);
  writeHex(writer, id, keySize);
  return finish(writer);
}
