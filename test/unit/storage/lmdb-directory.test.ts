import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it, vi } from 'vitest';
import { openLmdbStore } from '../../../src/adapters/lmdb/index.ts';

const { paths, flushed } = vi.hoisted(() => ({
  paths: new Map<number, unknown>(),
  flushed: [] as unknown[],
}));

vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs')>();
  return {
    ...fs,
    openSync(...args: Parameters<typeof fs.openSync>) {
      const file = fs.openSync(...args);
      paths.set(file, args[0]);
      return file;
    },
    fsyncSync(file: number) {
      flushed.push(paths.get(file));
      fs.fsyncSync(file);
    },
  };
});

const base = mkdtempSync(join(tmpdir(), 'hotstuff-directory-'));
afterAll(() => rmSync(base, { recursive: true }));
beforeEach(() => void flushed.splice(0));

it('a new store’s files and directories have durable names before it is handed out', async () => {
  const path = join(base, 'a', 'b', 'data');
  const store = await openLmdbStore({ path });
  expect(flushed).toEqual([path, join(base, 'a', 'b'), join(base, 'a'), base]);
  await store.close();
});

it('in a directory that was there, its own files are enough', async () => {
  const store = await openLmdbStore({ path: base });
  expect(flushed).toEqual([base]);
  await store.close();
});
