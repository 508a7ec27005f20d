import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  appStateHashAfter,
  encodeUpdates,
  genesisAppStateHash,
  type PendingUpdates,
  packUpdates,
  pendingUpdates,
} from '../../../src/storage/app-state.ts';
import { openRecord } from '../../../src/storage/schema.ts';
import { bytesFrom, text } from './support/fixtures.ts';

const sha256 = (...parts: readonly (string | Uint8Array)[]): Uint8Array => {
  const hash = createHash('sha256');
  for (const part of parts)
    hash.update(typeof part === 'string' ? Buffer.from(part.replaceAll(' ', ''), 'hex') : part);
  return new Uint8Array(hash.digest());
};

function allOf(updates: PendingUpdates): (readonly [Uint8Array, Uint8Array | null])[] {
  const all: (readonly [Uint8Array, Uint8Array | null])[] = [];
  updates.forEach((key, value) => {
    all.push([key, value]);
  });
  return all;
}

describe('the chain of app-state hashes', () => {
  const parent = bytesFrom('parent', 32);

  it('hashes the parent, the count and the updates in ascending order of the keys', () => {
    const updates = {
      sets: [
        [text('bb'), text('value')],
        [text('a'), text('')],
      ] as const,
      deletes: [text('b')],
    };
    expect(appStateHashAfter(parent, updates)).toEqual(
      sha256(
        parent,
        '0300000000000000',
        '01000000 61 01 00000000',
        '01000000 62 00',
        '02000000 6262 01 05000000 76616c7565',
      ),
    );
  });

  it('moves with a block that changes nothing', () => {
    expect(appStateHashAfter(parent, { sets: [], deletes: [] })).toEqual(sha256(parent, '0000000000000000'));
  });

  it('begins with the genesis state behind zeros', () => {
    expect(genesisAppStateHash([[text('a'), text('b')]])).toEqual(
      sha256(new Uint8Array(32), '0100000000000000', '01000000 61 01 01000000 62'),
    );
  });
});

describe('the record of pending updates', () => {
  const KEY = text('key');
  const pendingOf = (updates: Parameters<typeof encodeUpdates>[1]) =>
    pendingUpdates(openRecord(KEY, encodeUpdates(new Uint8Array(32), updates).record(KEY)));

  it('finds each key alone, and tells deletions from keys that it leaves alone', () => {
    const keys = Array.from({ length: 500 }, (_, at) => bytesFrom(`key ${at}`, 1 + (at % 40)));
    const distinct = [...new Map(keys.map((key) => [Buffer.from(key).toString('hex'), key])).values()];
    const sets = distinct
      .filter((_, at) => at % 3 === 0)
      .map((key, at) => [key, bytesFrom(`v${at}`, at)] as const);
    const deletes = distinct.filter((_, at) => at % 3 === 1);
    const pending = pendingOf({ sets, deletes });
    for (const [key, value] of sets) expect(pending.get(key)).toEqual(value);
    for (const key of deletes) expect(pending.get(key)).toBeNull();
    for (const key of distinct.filter((_, at) => at % 3 === 2)) expect(pending.get(key)).toBeUndefined();
    const all = allOf(pending);
    expect(all.length).toBe(sets.length + deletes.length);
    expect(all.every(([key], at) => at === 0 || Buffer.compare(all[at - 1]![0], key) < 0)).toBe(true);
  });

  it('is empty for no updates', () => {
    const pending = pendingOf({ sets: [], deletes: [] });
    expect(pending.get(text('a'))).toBeUndefined();
    expect(allOf(pending)).toEqual([]);
  });
});

describe('updates that were packed before their block is stored', () => {
  const updates = { sets: [[text('a'), text('1')]] as const, deletes: [text('b')] };
  const [first, second] = [text('first'), text('second')];
  const parent = bytesFrom('parent', 32);

  it('have the hash and the record that they had without', () => {
    const plain = encodeUpdates(parent, structuredClone(updates));
    packUpdates(updates);
    const encoded = encodeUpdates(parent, updates);
    expect(encoded.hash).toEqual(plain.hash);
    expect(encoded.record(first)).toEqual(plain.record(first));
  });

  it('can be those of several blocks, whose records stay as they are', () => {
    const packed = packUpdates(updates);
    const before = packed.slice();
    const records = [first, second].map((key, at) => {
      const record = encodeUpdates(bytesFrom(`parent ${at}`, 32), updates).record(key);
      return { key, record, copy: record.slice() };
    });
    for (const { key, record, copy } of records) {
      expect(record).toEqual(copy);
      expect(openRecord(key, record)).toEqual(before);
    }
    expect(packed).toEqual(before);
  });
});
