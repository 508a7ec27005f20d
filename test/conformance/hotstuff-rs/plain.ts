import { bytesToHex } from '../../../src/model/hex.ts';
import type { SignatureSet } from '../../../src/model/scheme.ts';

/** Plain JSON, the same from both implementations: numbers as decimal text, bytes as hex, a slot per validator. */
export type Plain = string | boolean | null | readonly Plain[] | { readonly [field: string]: Plain };

/** What a decoded message, or a part of one, says. */
export function plain(value: unknown): Plain {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return String(value);
  if (value instanceof Uint8Array) return bytesToHex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object') throw new TypeError(`no plain form of ${typeof value}`);
  if ('slots' in value) return plainSignatures(value as SignatureSet);
  return Object.fromEntries(Object.entries(value).map(([field, part]) => [field, plain(part)]));
}

function plainSignatures({ slots, bitmap, bytes }: SignatureSet): Plain {
  let next = 0;
  return Array.from({ length: slots }, (_, slot) => {
    if ((((bitmap[slot >> 3] as number) >> (slot & 7)) & 1) === 0) return null;
    next += 64;
    return bytesToHex(bytes.subarray(next - 64, next));
  });
}
