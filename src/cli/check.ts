import { existsSync } from 'node:fs';
import { openLmdbStore } from '../adapters/lmdb/index.ts';
import { checkStorage, type StorageCheck, StorageError } from '../index.ts';
import { CommandFailure } from './failure.ts';
import type { Home } from './home.ts';

/** How often whoever waits is told how far it has come. */
const PROGRESS_MS = 1_000;

/**
 * `hotstuff check`: reads all of a stopped node's store. `progress` gets a line now and then. Throws `CommandFailure`
 * that names what is damaged and what to do; nothing is changed.
 */
export async function checkHome(home: Home, progress: (line: string) => void): Promise<StorageCheck> {
  if (!existsSync(home.data)) {
    throw new CommandFailure(
      `${home.data}: there is no store; make one with: hotstuff init --home ${home.dir}`,
    );
  }
  const store = await openLmdbStore({ path: home.data });
  try {
    let toldAt = performance.now();
    return await checkStorage(store, {
      onProgress({ records, blocks }) {
        if (performance.now() - toldAt < PROGRESS_MS) return;
        toldAt = performance.now();
        progress(blocks === 0 ? `${records} records` : `${records} records, ${blocks} blocks`);
      },
    });
  } catch (cause) {
    if (!(cause instanceof StorageError)) throw cause;
    throw new CommandFailure(
      `${home.data}: ${cause.message}; keep the node stopped, put a new one with a new key in its place ` +
        '(hotstuff join), and vote this one out (hotstuff validators remove)',
      { cause },
    );
  } finally {
    await store.close();
  }
}

/** One line for people. */
export function describeCheck(home: Home, { records, committed, appStateHash }: StorageCheck): string {
  const chain =
    committed === null
      ? 'no block is committed'
      : `committed up to height ${committed.height}, block ${committed.hash}`;
  return `${home.data}: in order: ${records} records, ${chain}, app state ${appStateHash}\n`;
}
