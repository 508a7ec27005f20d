import { hash } from 'node:crypto';
import { createWriter, finish, writeBytes, writeU32 } from '../../codec/primitives.ts';
import type { SignatureSet } from '../../model/scheme.ts';

/**
 * Valid certificates that are remembered: those of the latest views, which the next proposals, NewViews and sync
 * answers show again. An entry takes some 200 bytes. Invalid ones are not kept, or a peer could push the valid ones out.
 */
const MAX_CERTIFICATES = 4_096;

/** Certificates known to be valid, the ones not seen for longest forgotten first. */
export class VerdictCache {
  readonly #valid = new Set<string>();

  has(key: string): boolean {
    if (!this.#valid.delete(key)) return false;
    this.#valid.add(key);
    return true;
  }

  add(key: string): void {
    this.#valid.add(key);
    if (this.#valid.size > MAX_CERTIFICATES) this.#valid.delete(this.#valid.values().next().value as string);
  }
}

/**
 * Names a certificate by everything that its verdict depends on: the set (R15: the same keys with other powers are
 * another set), the message and the signatures, each with its length.
 */
export function certificateKey(
  setId: number,
  message: Uint8Array,
  { slots, bitmap, bytes }: SignatureSet,
): string {
  const writer = createWriter(4 * 5 + message.length + bitmap.length + bytes.length);
  writeU32(writer, setId);
  writeU32(writer, slots);
  for (const part of [message, bitmap, bytes]) {
    writeU32(writer, part.length);
    writeBytes(writer, part, part.length);
  }
  return hash('sha256', finish(writer));
}
