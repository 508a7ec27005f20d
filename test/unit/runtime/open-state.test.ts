import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/adapters/memory/index.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { StorageError } from '../../../src/model/errors.ts';
import { asBlockHash, asChainId, asPower, asReplicaId, ZERO_HASH } from '../../../src/model/ids.ts';
import type { KVSnapshot } from '../../../src/ports/kv-store.ts';
import { openState } from '../../../src/runtime/open-state.ts';
import { initializeStorage } from '../../../src/storage/genesis.ts';

const id = asReplicaId('a'.repeat(64));
const key = Buffer.from('key');

async function snapshotOfGenesis(): Promise<{ snapshot: KVSnapshot; isOpen: () => boolean }> {
  const store = createMemoryStore();
  await initializeStorage(store, {
    chain: {
      chainId: asChainId(7),
      scheme: 'ed25519',
      epochLength: 10,
      leaderTenure: 4,
      limits: DEFAULT_LIMITS,
    },
    validators: [{ id, power: asPower(3), possession: null }],
    appState: [[key, Buffer.from('value')]],
  });
  const snapshot = store.snapshot();
  let open = true;
  return {
    snapshot: {
      get: (at) => snapshot.get(at),
      range: (range) => snapshot.range(range),
      close: () => {
        open = false;
        snapshot.close();
      },
      [Symbol.dispose]: () => {},
    },
    isOpen: () => open,
  };
}

describe("an app's view of the state", () => {
  it('reads until it is closed, and says so afterwards without calling it a failure of the store', async () => {
    const { snapshot, isOpen } = await snapshotOfGenesis();
    const state = openState(snapshot, ZERO_HASH);
    expect(Buffer.from(state?.view.get(key) ?? []).toString()).toBe('value');
    expect(state?.view.validatorSet.totalPower).toBe(3);
    expect(state?.view).toMatchObject({ block: ZERO_HASH, height: null });
    state?.close();
    state?.close();
    expect(isOpen()).toBe(false);
    expect(() => state?.view.get(key)).toThrow(/during the call that it was given to/);
    expect(() => state?.view.validatorSet).toThrow(/during the call/);
    expect(state?.failure).toBeNull();
  });

  it('gives copies: an app that counts up in place what it read has changed nothing', async () => {
    const { snapshot } = await snapshotOfGenesis();
    const state = openState(snapshot, ZERO_HASH);
    state?.view.get(key)?.fill(0);
    expect(Buffer.from(state?.view.get(key) ?? []).toString()).toBe('value');
    expect(Buffer.from(state?.view.get(key) ?? []).toString()).toBe('value');
  });

  it('is none after a block that is not there, and holds no snapshot then', async () => {
    const { snapshot, isOpen } = await snapshotOfGenesis();
    expect(openState(snapshot, asBlockHash('b'.repeat(64)))).toBeNull();
    expect(isOpen()).toBe(false);
  });

  it('remembers that the store failed, whatever the app makes of it', async () => {
    const { snapshot } = await snapshotOfGenesis();
    const failure = new StorageError('cannot read');
    let isBroken = false;
    const breaking: KVSnapshot = {
      ...snapshot,
      get(at) {
        if (isBroken) throw failure;
        return snapshot.get(at);
      },
    };
    const state = openState(breaking, ZERO_HASH);
    isBroken = true;
    expect(() => state?.view.get(key)).toThrow(failure);
    expect(state?.failure).toBe(failure);
  });
});
