import { openLmdbStore } from '../../../src/adapters/lmdb/index.ts';
import type { KVStore } from '../../../src/ports/kv-store.ts';
import { openVotes, writeVote } from './votes.ts';

// Votes as fast as it can, until it is killed, a write fails, or it has given as many votes as argument 2 says; then it
// closes the store, or holds it with `hold` as argument 3. Argument 1 is the store's directory. Says `ready n` with the
// number of the last vote in the store, then each vote's number when its write resolved: stdout is a pipe, written
// synchronously, so what was said has left this process. Says `rejected: why` for each of two writes after a failure.

const [, , path = '', votes = 'Infinity', afterwards] = process.argv;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function vote(store: KVStore, n: number): Promise<boolean> {
  try {
    await writeVote(store, n);
    say(`${n}`);
    return true;
  } catch (error) {
    say(`rejected: ${String(error)}`);
    return false;
  }
}

try {
  const store = await openLmdbStore({ path });
  let n = await openVotes(store);
  say(`ready ${n}`);
  const last = n + Number(votes);
  while (n < last && (await vote(store, n + 1))) n++;
  if (n < last) await vote(store, n + 1);
  if (afterwards === 'hold') setInterval(() => {}, 1_000);
  else await store.close();
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
}
