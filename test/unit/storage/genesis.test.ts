import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/adapters/memory/index.ts';
import { genesisHash } from '../../../src/codec/genesis.ts';
import { GENESIS_RANKED_PC } from '../../../src/model/certificate.ts';
import { ConfigError, StorageError } from '../../../src/model/errors.ts';
import { asPower } from '../../../src/model/ids.ts';
import { genesisAppStateHash } from '../../../src/storage/app-state.ts';
import { genesisBatch, initializeStorage, readChain } from '../../../src/storage/genesis.ts';
import { recover } from '../../../src/storage/recovery.ts';
import { encodeRecord, variableKey } from '../../../src/storage/schema.ts';
import { createBlockTreeSnapshot } from '../../../src/storage/snapshot.ts';
import { genesisOf, replicaId, text } from './support/fixtures.ts';
import { MemoryMap } from './support/memory-map.ts';
import { storeWith } from './support/tree.ts';

describe.each(['bls12381', 'ed25519'] as const)('a store at the beginning of a %s chain', (scheme) => {
  const genesis = genesisOf(scheme);

  it('knows its chain, its genesis and its replica', async () => {
    const store = createMemoryStore();
    expect(readChain(store.snapshot())).toBeNull();
    await initializeStorage(store, genesis, replicaId(scheme, 2), () => true);
    expect(readChain(store.snapshot())).toEqual({
      chain: genesis.chain,
      genesisHash: genesisHash(genesis),
      genesisAppStateHash: genesisAppStateHash(genesis.appState),
      replica: replicaId(scheme, 2),
    });
    expect(store.flushes).toBe(1);
  });

  it('belongs to nobody in particular when no replica is named', () => {
    expect(readChain(storeWith(scheme).snapshot())?.replica).toBeNull();
  });

  it('recovers to what the core starts from, and holds the app state', () => {
    const store = storeWith(scheme);
    const { validatorSets, ...rest } = recover(store.snapshot());
    expect(rest).toEqual({
      latestUpdate: null,
      highestCommitted: null,
      uncommitted: [],
      lockedPc: GENESIS_RANKED_PC,
      highestPc: GENESIS_RANKED_PC,
      highestTc: null,
      entry: null,
      keptPcs: [],
      lastVote: null,
      proposeUpTo: 0,
    });
    expect(validatorSets.previous).toBe(validatorSets.committed);
    expect(validatorSets).toMatchObject({ updateHeight: null, decided: true });
    expect(new Set(validatorSets.committed.validators.map(({ id }) => id))).toEqual(
      new Set(genesis.validators.map(({ id }) => id)),
    );
    const tree = createBlockTreeSnapshot(store.snapshot());
    expect(tree.appState(text('a'))).toEqual(text('first'));
    expect(tree.appState(text('b'))).toEqual(text(''));
    expect(tree.appState(text('c'))).toBeNull();
    expect(tree.appStateHash(null)).toEqual(genesisAppStateHash(genesis.appState));
  });
});

describe('initializeStorage', () => {
  const genesis = genesisOf('ed25519');

  it('refuses a store that is not empty, whatever is in it, and changes nothing', async () => {
    const initialised = createMemoryStore();
    await initializeStorage(initialised, genesis);
    const foreign = createMemoryStore();
    await foreign.write({ sets: [[new Uint8Array([0xfe, 1]), text('x')]], deletes: [] });
    for (const store of [initialised, foreign]) {
      const flushes = store.flushes;
      await expect(initializeStorage(store, genesis)).rejects.toThrow(ConfigError);
      await expect(initializeStorage(store, genesis)).rejects.toThrow(/^store: is not empty/);
      expect(store.flushes).toBe(flushes);
    }
  });

  it('refuses a genesis without a validator set', () => {
    const validators = genesis.validators.map((validator) => ({ ...validator, power: asPower(0) }));
    expect(() => genesisBatch({ ...genesis, validators })).toThrow(ConfigError);
  });
});

describe('readChain', () => {
  it('refuses a store of something else', () => {
    const store = new MemoryMap([['ff01', text('x')]]);
    expect(() => readChain(store.snapshot())).toThrow(StorageError);
    expect(() => recover(store.snapshot())).toThrow(StorageError);
  });

  it('refuses a store of another schema version, by its number', () => {
    const store = storeWith('ed25519');
    const key = variableKey('identity');
    const identity = encodeRecord(key, 4, (writer) => {
      writer.bytes.set([2, 0, 0, 0]);
      writer.at = 4;
    });
    store.apply({ sets: [[key, identity]], deletes: [] });
    expect(() => readChain(store.snapshot())).toThrow(
      'the store has schema version 2; this library reads version 1',
    );
  });

  it('is null for an empty store, which cannot be recovered', () => {
    const store = new MemoryMap();
    expect(readChain(store.snapshot())).toBeNull();
    expect(() => recover(store.snapshot())).toThrow(/never initialised/);
  });
});
