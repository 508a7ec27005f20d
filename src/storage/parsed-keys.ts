import { writeBytes } from '../codec/primitives.ts';
import { StorageError } from '../model/errors.ts';
import { encodeRecord, openRecord, type Records, sealedSize, TABLES } from './schema.ts';

// The keys of the committed validators as the verifier parsed them: what it would otherwise do again at each start. The
// only record that nothing depends on. It may be missing, as it is in stores of versions that knew no such table; it
// may be of another set, damaged or forged, since the verifier takes nothing from it that does not fit the keys.

const KEY = Uint8Array.of(TABLES.parsedKeys);

/** 65,536 keys of 192 bytes, the largest set that the addon takes: what is longer is none. */
const MAX_BYTES = 65_536 * 192;

export interface ParsedKeysRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** The record of `parsed`; null when that is longer than any set makes it. */
export function encodeParsedKeys(parsed: Uint8Array): ParsedKeysRecord | null {
  if (parsed.length > MAX_BYTES) return null;
  return {
    key: KEY,
    value: encodeRecord(KEY, parsed.length, (writer) => writeBytes(writer, parsed, parsed.length)),
  };
}

/** What was kept, perhaps as a view; null when there is nothing, or nothing that could be used. */
export function readParsedKeys(records: Records): Uint8Array | null {
  const value = records.get(KEY);
  if (value === null || value.length > sealedSize(MAX_BYTES)) return null;
  try {
    return openRecord(KEY, value);
  } catch (error) {
    // Of any other record it would be a reason to stop: this one is made anew.
    if (error instanceof StorageError) return null;
    throw error;
  }
}
