import type { InsertedBlock, TreeDelta } from '../../../src/core/block-tree/delta.ts';
import type { Recovered } from '../../../src/core/recovered.ts';
import { asView } from '../../../src/model/ids.ts';
import type { KVStore } from '../../../src/ports/kv-store.ts';
import { batchOf } from '../../../src/storage/apply.ts';
import { initializeStorage, readChain } from '../../../src/storage/genesis.ts';
import { recover } from '../../../src/storage/recovery.ts';
import { createBlockTreeSnapshot } from '../../../src/storage/snapshot.ts';
import {
  blockOn,
  bytesFrom,
  commitOf,
  delta,
  genesisOf,
  pcOf,
  rankedPc,
  text,
} from '../../unit/storage/support/fixtures.ts';

// A replica reduced to its disk: vote n writes block n with its data, a lock, highestPc, the entry into view n, the vote
// itself and the commit of block n - 2, in one transaction. Everything in the store then follows from n.

const SCHEME = 'ed25519';

/** Bytes of the larger of a block's two datums: blocks take several pages. */
const DATUM_BYTES = 10_000;

/** The blocks that vote `n` needs, from their definition. */
function makeBlocks(): (height: number) => InsertedBlock {
  const blocks: InsertedBlock[] = [];
  return (height) => {
    while (blocks.length <= height) {
      const at = blocks.length;
      const effects = {
        appStateUpdates: {
          sets: [
            [text('n'), text(`${at}`)],
            [text(`n ${at}`), text('x')],
          ],
          deletes: [],
        },
      } as const;
      const data = [text(`block ${at}`), bytesFrom(`datum ${at}`, DATUM_BYTES)];
      blocks.push(blockOn(SCHEME, blocks.at(-1)?.block ?? null, { data, effects, view: at }));
    }
    return blocks[height] as InsertedBlock;
  };
}

const blockAt = makeBlocks();

/** Votes count from 1; block n - 1 is of vote n. */
function voteDelta(n: number): TreeDelta {
  const { hash } = blockAt(n - 1).block;
  const pc = pcOf(SCHEME, n, hash);
  return delta({
    inserts: [blockAt(n - 1)],
    commits: n > 2 ? [commitOf(blockAt(n - 3))] : [],
    lockedPc: rankedPc(pc, 0),
    highestPc: rankedPc(pc, 0),
    entry: { view: asView(n), certificate: { type: 'pc', pc } },
    lastVote: { view: asView(n), block: hash, phase: 'generic' },
    proposeUpTo: asView(n + 1),
  });
}

/** Initialises the store when it is empty. Returns the number of the last vote in it. */
export async function openVotes(store: KVStore): Promise<number> {
  const snapshot = store.snapshot();
  const chain = readChain(snapshot);
  snapshot.close();
  if (chain === null) await initializeStorage(store, genesisOf(SCHEME));
  return lastVoteOf(store);
}

export function lastVoteOf(store: KVStore): number {
  using snapshot = store.snapshot();
  return recover(snapshot).lastVote?.view ?? 0;
}

export async function writeVote(store: KVStore, n: number): Promise<void> {
  const snapshot = store.snapshot();
  const batch = batchOf(snapshot, voteDelta(n));
  snapshot.close();
  await store.write(batch);
}

/** What is wrong with a store whose last vote is `n`; empty when everything is as votes 1 to n leave it. */
export function faultsAfter(store: KVStore, n: number): string[] {
  using snapshot = store.snapshot();
  const tree = createBlockTreeSnapshot(snapshot);
  const faults = faultsOfVariables(recover(snapshot), n);
  const committed = Math.max(n - 2, 0);
  for (let height = Math.max(0, n - 50); height < n; height++) {
    const { block } = blockAt(height);
    const stored = tree.block(block.hash);
    if (stored === null) faults.push(`block ${height} is missing`);
    else if (Buffer.compare(stored.data[1] as Uint8Array, block.data[1] as Uint8Array) !== 0)
      faults.push(`data of block ${height}`);
    if (tree.isCommitted(block.hash) !== height < committed) faults.push(`block ${height} committed or not`);
    if ((tree.appState(text(`n ${height}`)) !== null) !== height < committed)
      faults.push(`app state of block ${height}`);
  }
  const last = Buffer.from(tree.appState(text('n')) ?? text('none')).toString();
  if (last !== (committed === 0 ? 'none' : `${committed - 1}`)) faults.push(`app state says ${last}`);
  return faults;
}

function faultsOfVariables(recovered: Recovered, n: number): string[] {
  const { lastVote, lockedPc, highestPc, entry, proposeUpTo, uncommitted, highestCommitted } = recovered;
  const expected = n === 0 ? [null, 0, 0, null, 0] : [n, n, n, n, n + 1];
  const found = [
    lastVote?.view ?? null,
    lockedPc.pc.view,
    highestPc.pc.view,
    entry?.view ?? null,
    proposeUpTo,
  ];
  const faults = expected.some((value, at) => value !== found[at])
    ? [`variables ${found} where ${expected} belong`]
    : [];
  if (uncommitted.length !== Math.min(n, 2)) faults.push(`${uncommitted.length} uncommitted blocks`);
  if ((highestCommitted?.header.height ?? -1) !== Math.max(n - 2, 0) - 1)
    faults.push('the highest committed block');
  return faults;
}
