import { describe, expect, it } from 'vitest';
import { StorageError } from '../../../src/model/errors.ts';
import type { KVSnapshot } from '../../../src/ports/kv-store.ts';
import { encodeParsedKeys, type ParsedKeysRecord, readParsedKeys } from '../../../src/storage/parsed-keys.ts';
import { scrub } from '../../../src/storage/scrub.ts';
import { MemoryMap } from './support/memory-map.ts';

const MAX_BYTES = 65_536 * 192;

const storeOf = ({ key, value }: ParsedKeysRecord): MemoryMap => {
  const store = new MemoryMap();
  store.apply({ sets: [[key, value]], deletes: [] });
  return store;
};

describe('the record of the parsed keys', () => {
  it('is frozen', () => {
    const { key, value } = encodeParsedKeys(Uint8Array.of(1, 2, 3)) as ParsedKeysRecord;
    expect(Buffer.from(key).toString('hex')).toBe('09');
    expect(Buffer.from(value).toString('hex')).toBe('01020399c9b1f6');
  });

  it('gives what was put into it, from memory that threads share too', () => {
    const parsed = new Uint8Array(new SharedArrayBuffer(2 * 192)).fill(7);
    const record = encodeParsedKeys(parsed) as ParsedKeysRecord;
    expect(record.value.buffer).toBeInstanceOf(ArrayBuffer);
    expect(readParsedKeys(storeOf(record).snapshot())).toEqual(new Uint8Array(2 * 192).fill(7));
  });

  it('is none where there is none', () => {
    expect(readParsedKeys(new MemoryMap().snapshot())).toBeNull();
  });

  it('is no larger than the keys of the largest set', () => {
    expect(encodeParsedKeys(new Uint8Array(MAX_BYTES))).not.toBeNull();
    expect(encodeParsedKeys(new Uint8Array(MAX_BYTES + 1))).toBeNull();
    const { key } = encodeParsedKeys(new Uint8Array(0)) as ParsedKeysRecord;
    const store = storeOf({ key, value: new Uint8Array(MAX_BYTES + 5) });
    expect(readParsedKeys(store.snapshot())).toBeNull();
  });

  it('is named by who finds it damaged', () => {
    const record = encodeParsedKeys(new Uint8Array(192)) as ParsedKeysRecord;
    const store = storeOf({ key: record.key, value: record.value.fill(1, 3, 4) });
    expect(() => scrub(store.snapshot(), null, 10)).toThrow(
      /^the store is damaged: the parsed keys cannot be used/,
    );
  });

  it('does not hide that the store cannot be read', () => {
    const failing = {
      get: () => {
        throw new StorageError('a read failed');
      },
    } as Pick<KVSnapshot, 'get'>;
    expect(() => readParsedKeys(failing)).toThrow('a read failed');
  });
});
