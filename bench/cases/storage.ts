import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';
import { openLmdbStore } from '../../src/adapters/lmdb/index.ts';
import { blockHash } from '../../src/codec/block.ts';
import type { TreeDelta } from '../../src/core/block-tree/delta.ts';
import type { Block } from '../../src/model/block.ts';
import { GENESIS_PC, type PhaseCertificate, type RankedPc } from '../../src/model/certificate.ts';
import { DEFAULT_LIMITS } from '../../src/model/chain.ts';
import { asChainId, asDataHash, asHeight, asView } from '../../src/model/ids.ts';
import { SCHEME_SIZES } from '../../src/model/scheme.ts';
import { batchOf } from '../../src/storage/apply.ts';
import { initializeStorage } from '../../src/storage/genesis.ts';
import type { Case } from '../case.ts';
import { castOf } from '../cast.ts';
import { BUILD } from '../paths.ts';
import { isOnDisk } from '../report/machine.ts';

const SCHEME = 'bls12381';
const chainId = asChainId(1);

const durability = (): string => {
  mkdirSync(BUILD, { recursive: true });
  return isOnDisk(BUILD) ? 'durable' : 'not-durable';
};

/** The chain that a replica would vote on: each block on the one before, committing the one three before. */
function nextDeltas(count: number, size: number): () => TreeDelta {
  const { signatures } = { signatures: castOf(SCHEME, 4).views[0]!.certificate };
  const recent: Block[] = [];
  let height = 0;
  const certify = ({ hash, height: at }: Block): PhaseCertificate => ({
    chainId,
    view: asView(at + 1),
    block: hash,
    phase: 'generic',
    signatures,
  });
  const ranked = (pc: PhaseCertificate): RankedPc => ({ pc, rank: { updates: 0, commit: 0, view: pc.view } });
  return () => {
    const parent = recent.at(-1);
    const justify = parent === undefined ? GENESIS_PC : certify(parent);
    const dataHash = asDataHash('cd'.repeat(32));
    const hash = blockHash(SCHEME, asHeight(height), justify, dataHash);
    const data = Array.from({ length: count }, (_, index) => new Uint8Array(size).fill(index + height));
    const block: Block = { height: asHeight(height++), hash, justify, dataHash, data };
    recent.push(block);
    const committed = recent.length > 3 ? recent.shift() : undefined;
    const locked = recent.at(-2)?.justify;
    const sets = data.map((value, index) => [new Uint8Array([index >> 8, index, 1]), value] as const);
    return {
      inserts: [
        {
          block,
          effects: { appStateUpdates: { sets, deletes: [] }, validatorSetUpdates: null, hasCommands: true },
          updatesBefore: 0,
        },
      ],
      commits:
        committed === undefined ? [] : [{ hash: committed.hash, height: committed.height, commitPc: null }],
      prunes: [],
      highestPc: ranked(justify),
      ...(locked === undefined ? {} : { lockedPc: ranked(locked) }),
      lastVote: { view: asView(height), block: hash, phase: 'generic' },
      proposeUpTo: asView(height + 1),
    };
  };
}

/** What must be on disk before one vote leaves, against one flushed LMDB transaction of a value of the block's size. */
function voteCase(count: number, size: number): Case {
  return {
    name: `storage/vote/${count}x${size}B/${durability()}`,
    prepare: async () => {
      const { set, voters } = castOf(SCHEME, 4);
      const directory = mkdtempSync(join(BUILD, 'bench-'));
      const store = await openLmdbStore({ path: join(directory, 'store') });
      const chain = {
        chainId,
        scheme: SCHEME,
        epochLength: 10,
        leaderTenure: 4,
        limits: DEFAULT_LIMITS,
      } as const;
      // Nothing here asks for the proofs.
      const possession = new Uint8Array(SCHEME_SIZES[SCHEME].possession);
      const validators = set.validators.map((validator) => ({ ...validator, possession }));
      await initializeStorage(store, { chain, validators, appState: [] }, voters[0]!.id, () => true);
      const next = nextDeltas(count, size);
      const vote = async (): Promise<void> => {
        const snapshot = store.snapshot();
        const batch = batchOf(snapshot, next());
        snapshot.close();
        await store.write(batch);
      };
      const raw = open({ path: join(directory, 'raw'), encoding: 'binary', overlappingSync: false });
      const value = Buffer.alloc(Math.max(1_024, count * size), 1);
      let key = 0;
      const put = (): void => {
        raw.transactionSync(() => {
          raw.putSync(key++, value);
        });
      };
      return {
        run: { async: vote },
        rivals: [{ name: 'raw lmdb', run: { sync: put } }],
        close: async () => {
          await Promise.all([store.close(), raw.close()]);
          rmSync(directory, { recursive: true });
        },
      };
    },
  };
}

export const storageCases = (): readonly Case[] => [voteCase(1, 512), voteCase(400, 512)];
