import {
  appendFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLmdbStore } from '../../../src/adapters/lmdb/index.ts';
import { ConfigError, StorageError } from '../../../src/model/errors.ts';
import type { KVSnapshot, KVStore, WriteBatch } from '../../../src/ports/kv-store.ts';
import { text } from './support/fixtures.ts';

const batch = (key: string, value: string): WriteBatch => ({ sets: [[text(key), text(value)]], deletes: [] });

const valueOfKey = (store: KVStore, key: string): string | null => {
  using snapshot = store.snapshot();
  const value = snapshot.get(text(key));
  return value === null ? null : Buffer.from(value).toString();
};

let base: string;
let path: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'hotstuff-lmdb-'));
  path = join(base, 'data');
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

/** Opens the store, writes, closes. */
async function written(...batches: readonly WriteBatch[]): Promise<void> {
  const store = await openLmdbStore({ path });
  for (const each of batches) await store.write(each);
  await store.close();
}

const ownersIn = (directory: string): string[] =>
  readdirSync(directory).filter((name) => name.endsWith('.sock'));

describe('opening an LMDB store', () => {
  it('makes the directory and files that only their owner can read', async () => {
    await written(batch('a', '1'));
    expect(statSync(path).mode & 0o777).toBe(0o700);
    for (const name of ['data.mdb', 'lock.mdb', 'last-write']) {
      expect([name, statSync(join(path, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
  });

  it.each([
    [{ path: '' }, 'path'],
    [{ path: '/tmp/x', mapSize: 0 }, 'mapSize'],
    [{ path: '/tmp/x', mapSize: 1.5 }, 'mapSize'],
    [{ path: '/tmp/x', mapSize: 2 ** 50 }, 'mapSize'],
  ])('refuses %j, naming the field', async (options, field) => {
    const opening = openLmdbStore(options);
    await expect(opening).rejects.toThrow(ConfigError);
    await expect(opening).rejects.toMatchObject({ field });
  });

  it('has room for hundreds of snapshots of its states at once', async () => {
    const store = await openLmdbStore({ path });
    const snapshots: KVSnapshot[] = [];
    for (let at = 0; at < 200; at++) {
      await store.write(batch('a', String(at)));
      snapshots.push(store.snapshot());
    }
    const values = snapshots.map((snapshot) => Buffer.from(snapshot.get(text('a')) ?? []).toString());
    expect(values).toEqual(snapshots.map((_, at) => String(at)));
    for (const snapshot of snapshots) snapshot.close();
    await store.close();
  });

  it('grows beyond the size that it began with, under an open snapshot', async () => {
    const store = await openLmdbStore({ path, mapSize: 1024 * 1024 });
    await store.write(batch('a', 'old'));
    const snapshot = store.snapshot();
    for (let at = 0; at < 20; at++) {
      await store.write({ sets: [[text(`big ${at}`), new Uint8Array(500_000).fill(at)]], deletes: [] });
    }
    await store.write(batch('a', 'new'));
    expect(Buffer.from(snapshot.get(text('a')) as Uint8Array).toString()).toBe('old');
    snapshot.close();
    expect(valueOfKey(store, 'a')).toBe('new');
    await store.close();
  });

  it('says in one line that the path is a file', async () => {
    writeFileSync(path, 'not a directory');
    await expect(openLmdbStore({ path })).rejects.toThrow(/^cannot make the directory .*data: EEXIST/);
  });

  /** Opening must not end the process, which is what lmdb does when LMDB refuses. */
  const refusalOf = async (damage: (data: Buffer) => Uint8Array, keepWitness = true): Promise<unknown> => {
    await written({
      sets: Array.from({ length: 200 }, (_, at) => [text(`k${at}`), new Uint8Array(500)]),
      deletes: [],
    });
    const file = join(path, 'data.mdb');
    writeFileSync(file, damage(readFileSync(file)));
    if (!keepWitness) rmSync(join(path, 'last-write'));
    const error = await openLmdbStore({ path }).then(
      () => null,
      (refusal: unknown) => refusal,
    );
    expect(error).toBeInstanceOf(StorageError);
    expect(ownersIn(path)).toEqual([]);
    return (error as Error).message;
  };

  it.each([
    ['garbage', (data: Buffer) => Buffer.alloc(data.length, 7), /there is no header at byte 0/],
    ['zeros', (data: Buffer) => Buffer.alloc(data.length), /there is no header at byte 0/],
    ['text', () => Buffer.from('hello'), /it ends at byte 5/],
    [
      'another version of the format',
      (data: Buffer) => patched(data, 28, 1),
      /its format has version 1, not 2/,
    ],
    [
      'an impossible page size',
      (data: Buffer) => patched(data, 49, 17),
      /its pages are said to have 4352 bytes/,
    ],
    ['one page', (data: Buffer) => data.subarray(0, 4_096), /it ends at byte 4096/],
    [
      'a damaged second header',
      (data: Buffer) => patched(data, 4_096 + 24, 0),
      /there is no header at byte 4096/,
    ],
    ['half a page too few', (data: Buffer) => data.subarray(0, data.length - 2_048), /it was cut short/],
    ['the headers alone', (data: Buffer) => data.subarray(0, 8_192), /it has 2 pages and begins at page/],
  ])('says in one line that the data file is %s', async (_, damage, why) => {
    const message = await refusalOf(damage, false);
    expect(message).toMatch(/data\.mdb is damaged or not a store: /);
    expect(message).toMatch(why);
  });

  it('says in one line that the data file was cut short at a page', async () => {
    const message = await refusalOf((data) => data.subarray(0, data.length - 4_096));
    expect(message).toMatch(/is damaged .*: data\.mdb has \d+ bytes where it had \d+/);
  });

  it.each([1, 1_024, 4_095])(
    'takes %i bytes behind the last page for a write that failed',
    async (length) => {
      await written(batch('a', '1'), batch('b', '2'));
      appendFileSync(join(path, 'data.mdb'), new Uint8Array(length).fill(7));
      const store = await openLmdbStore({ path });
      expect([valueOfKey(store, 'a'), valueOfKey(store, 'b')]).toEqual(['1', '2']);
      await store.write({ sets: [[text('c'), new Uint8Array(20_000).fill(3)]], deletes: [] });
      await store.close();
      await written(batch('d', '4'));
      const again = await openLmdbStore({ path });
      expect([valueOfKey(again, 'a'), valueOfKey(again, 'd')]).toEqual(['1', '4']);
      expect(valueOfKey(again, 'c')).toBe('\x03'.repeat(20_000));
      await again.close();
    },
  );

  const patched = (data: Buffer, at: number, byte: number): Buffer => {
    data[at] = byte;
    return data;
  };
});

describe('group commit', () => {
  it('flushes batches that wait for a flush together', async () => {
    const store = await openLmdbStore({ path });
    await Promise.all(Array.from({ length: 500 }, (_, at) => store.write(batch(`key ${at}`, `${at}`))));
    expect(store.flushes).toBeLessThanOrEqual(3);
    for (const at of [0, 250, 499]) expect(valueOfKey(store, `key ${at}`)).toBe(`${at}`);
    await store.close();
  });

  it('flushes one by one what is written one by one', async () => {
    const store = await openLmdbStore({ path });
    for (let at = 0; at < 20; at++) await store.write(batch('key', `${at}`));
    expect(store.flushes).toBe(20);
    await store.close();
  });

  it('bounds the bytes that share a flush', async () => {
    const store = await openLmdbStore({ path });
    const big = (at: number): WriteBatch => ({
      sets: [[text(`${at}`), new Uint8Array(6_000_000)]],
      deletes: [],
    });
    await Promise.all(Array.from({ length: 9 }, (_, at) => store.write(big(at))));
    expect(store.flushes).toBeGreaterThanOrEqual(4);
    await store.close();
  });

  it('takes a batch of a hundred thousand keys', async () => {
    const store = await openLmdbStore({ path });
    const sets = Array.from({ length: 100_000 }, (_, at) => [text(`key ${at}`), text(`${at}`)] as const);
    await store.write({ sets, deletes: [] });
    expect(store.flushes).toBe(1);
    expect(valueOfKey(store, 'key 99999')).toBe('99999');
    await store.write({ sets: [], deletes: sets.map(([key]) => key) });
    expect(valueOfKey(store, 'key 99999')).toBeNull();
    await store.close();
  });
});

describe('the owner of an LMDB store', () => {
  it('is one: a second opening is refused by name, until the first closes', async () => {
    const first = await openLmdbStore({ path });
    const second = openLmdbStore({ path });
    await expect(second).rejects.toThrow(StorageError);
    await expect(second).rejects.toThrow(
      `${path} is in use by process ${process.pid}: a store has one owner at a time`,
    );
    await first.write(batch('a', '1'));
    await first.close();
    const third = await openLmdbStore({ path });
    expect(valueOfKey(third, 'a')).toBe('1');
    await third.close();
  });

  it('is at most one of many that start at once', async () => {
    const openings = await Promise.allSettled(Array.from({ length: 8 }, () => openLmdbStore({ path })));
    const opened = openings.filter((opening) => opening.status === 'fulfilled');
    expect(opened.length).toBeLessThanOrEqual(1);
    for (const { value } of opened) await value.close();
    expect(ownersIn(path)).toEqual([]);
    await (await openLmdbStore({ path })).close();
  });

  it('may be known by another path', async () => {
    const store = await openLmdbStore({ path });
    await expect(openLmdbStore({ path: join(path, '..', 'data') })).rejects.toThrow(/is in use by process/);
    await store.close();
  });

  it('leaves nothing that keeps others out when it dies: a socket that nobody listens on is cleared away', async () => {
    await written();
    const dead = join(path, `owner-1-${'0'.repeat(16)}.sock`);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(dead, resolve));
    await expect(openLmdbStore({ path })).rejects.toThrow(/is in use by process 1:/);
    // Closing would delete the file; a dying process leaves it.
    const left = join(base, 'left.sock');
    linkSync(dead, left);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    linkSync(left, dead);
    const store = await openLmdbStore({ path });
    expect(existsSync(dead)).toBe(false);
    await store.close();
  });

  it('can be in a directory with a name longer than a socket may have', async () => {
    path = join(base, 'x'.repeat(120), 'y'.repeat(120));
    const store = await openLmdbStore({ path });
    await expect(openLmdbStore({ path })).rejects.toThrow(/is in use by process/);
    await store.write(batch('a', '1'));
    await store.close();
    expect(ownersIn(path)).toEqual([]);
  });
});

describe('a store that went back in time', () => {
  const GONE_BACK = /is damaged or was taken back to an older state/;

  it('is refused when its data file is an older one', async () => {
    // After some writes freed pages are used again, and the file is as long as before.
    await written(...Array.from({ length: 10 }, (_, at) => batch('vote', `${at}`)));
    cpSync(join(path, 'data.mdb'), join(base, 'older.mdb'));
    await written(batch('vote', '10'));
    cpSync(join(base, 'older.mdb'), join(path, 'data.mdb'));
    await expect(openLmdbStore({ path })).rejects.toThrow(GONE_BACK);
    await expect(openLmdbStore({ path })).rejects.toThrow(/it has 10 transactions where 11 were written/);
  });

  it('is refused when its data file is gone', async () => {
    await written(batch('vote', '1'));
    rmSync(join(path, 'data.mdb'));
    await expect(openLmdbStore({ path })).rejects.toThrow(GONE_BACK);
  });

  it('is refused when it counts as many transactions, but holds another value', async () => {
    await written(batch('vote', '1'));
    cpSync(path, join(base, 'other'), { recursive: true });
    await written(batch('vote', '2'));
    const other = join(base, 'other');
    const store = await openLmdbStore({ path: other });
    await store.write(batch('vote', '3'));
    await store.close();
    cpSync(join(other, 'data.mdb'), join(path, 'data.mdb'));
    await expect(openLmdbStore({ path })).rejects.toThrow(/the value of key 766f7465 is not the last one/);
  });

  it.each([
    ['is gone', (witness: string) => rmSync(witness)],
    ['is empty', (witness: string) => writeFileSync(witness, '')],
    ['is torn', (witness: string) => writeFileSync(witness, Buffer.alloc(40, 1))],
  ])('is opened when its witness %s: a power cut may do that', async (_, damage) => {
    await written(batch('vote', '1'));
    damage(join(path, 'last-write'));
    await written(batch('vote', '2'));
    const store = await openLmdbStore({ path });
    expect(valueOfKey(store, 'vote')).toBe('2');
    await store.close();
  });

  it('is opened when its witness is behind: a power cut may take that back too', async () => {
    await written(batch('vote', '1'));
    cpSync(join(path, 'last-write'), join(base, 'older'));
    await written(batch('vote', '2'), batch('vote', '3'));
    cpSync(join(base, 'older'), join(path, 'last-write'));
    const store = await openLmdbStore({ path });
    expect(valueOfKey(store, 'vote')).toBe('3');
    await store.close();
  });

  it('is watched by the lowest keys of what was written, whatever their order and number', async () => {
    const many = (vote: string): WriteBatch => ({
      sets: [
        ...Array.from({ length: 100 }, (_, at) => [text(`key ${at}`), text('same')] as const),
        [new Uint8Array([0]), text(vote)] as const,
        ...Array.from({ length: 100 }, (_, at) => [text(`later ${at}`), text('same')] as const),
      ],
      deletes: [],
    });
    await written(many('1'));
    cpSync(path, join(base, 'other'), { recursive: true });
    await written(many('2'));
    const store = await openLmdbStore({ path: join(base, 'other') });
    await store.write(many('3'));
    await store.close();
    cpSync(join(base, 'other', 'data.mdb'), join(path, 'data.mdb'));
    await expect(openLmdbStore({ path })).rejects.toThrow(/the value of key 00 is not the last one/);
  });
});
