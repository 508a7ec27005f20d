import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StorageError } from '../../model/errors.ts';

/** Makes the directory, and those above it, where they are missing; returns the highest one that was made. */
export function makeDirectory(path: string): string | null {
  try {
    return mkdirSync(path, { recursive: true, mode: 0o700 }) ?? null;
  } catch (cause) {
    throw new StorageError(`cannot make the directory ${path}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Makes the names of the files in `path` durable, and those of directories that were made for it: a file's own flush
 * does not cover its name, and a store whose file is gone after a power cut is an empty one. Windows has no such flush.
 */
export function syncDirectories(path: string, made: string | null): void {
  if (process.platform === 'win32') return;
  const last = made === null ? resolve(path) : dirname(resolve(made));
  for (let at = resolve(path); ; at = dirname(at)) {
    syncDirectory(at);
    if (at === last || at === dirname(at)) return;
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
