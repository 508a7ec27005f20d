import { createHash } from 'node:crypto';
import { type KeySet, native, SCHEME_NUMBERS, type SecretKey } from '../../../src/adapters/native/binding.ts';
import type { SchemeName } from '../../../src/model/scheme.ts';

/** Reproducible bytes: 32 for each label. */
export const bytesFor = (label: string): Uint8Array =>
  new Uint8Array(createHash('sha256').update(label).digest());

export const concat = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

export interface Signers {
  readonly secrets: readonly SecretKey[];
  readonly keys: Uint8Array;
  readonly set: KeySet;
}

/** `n` keys made from `label`, and their set. */
export function signersOf(scheme: SchemeName, n: number, label = 'signer'): Signers {
  const number = SCHEME_NUMBERS[scheme];
  const secrets = Array.from({ length: n }, (_, at) =>
    native.SecretKey.generate(number, bytesFor(`${label} ${at}`)),
  );
  const keys = concat(secrets.map((secret) => secret.publicKey()));
  return { secrets, keys, set: new native.KeySet(number, keys, false) };
}

/** The verdict byte on one signature by a key of no set. */
export function verdictOn(
  scheme: SchemeName,
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): number | undefined {
  const offsets = Uint32Array.of(0, message.length);
  return native.checkSignatures(SCHEME_NUMBERS[scheme], key, message, offsets, signature)[0];
}

export const indexes = (from: number, to: number): Uint32Array =>
  Uint32Array.from({ length: to - from }, (_, at) => from + at);
