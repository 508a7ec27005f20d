import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLmdbStore } from '../../../src/adapters/lmdb/index.ts';
import { StorageError } from '../../../src/model/errors.ts';
import type { KVStore } from '../../../src/ports/kv-store.ts';
import { scrub } from '../../../src/storage/scrub.ts';
import { faultsAfter, lastVoteOf } from './votes.ts';

// Flips one bit of the data file of a copy of a store, opens and reads it, for each of the bit positions on the command
// line: arguments 1 and 2 are the store and where to copy it, the others the positions. Says `start bit` before, and
// after it `detected`, `harmless n` with the last vote that it read, or `wrong n: what` when the store did not say what
// it must. LMDB itself may end the process on the way.

const [, , pristine = '', copy = '', ...positions] = process.argv;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function scrubAll(store: KVStore): void {
  using snapshot = store.snapshot();
  let at: Uint8Array | null = null;
  do at = scrub(snapshot, at, 100).next;
  while (at !== null);
}

async function outcome(): Promise<string> {
  try {
    const store = await openLmdbStore({ path: copy });
    try {
      const last = lastVoteOf(store);
      scrubAll(store);
      const faults = faultsAfter(store, last);
      return faults.length === 0 ? `harmless ${last}` : `wrong ${last}: ${faults.join(', ')}`;
    } finally {
      await store.close();
    }
  } catch (error) {
    if (error instanceof StorageError) return 'detected';
    throw error;
  }
}

for (const position of positions.map(Number)) {
  rmSync(copy, { recursive: true, force: true });
  cpSync(pristine, copy, { recursive: true });
  const file = join(copy, 'data.mdb');
  const data = readFileSync(file);
  data[position >> 3] = (data[position >> 3] as number) ^ (1 << (position & 7));
  writeFileSync(file, data);
  say(`start ${position}`);
  say(await outcome());
}
say('done');
