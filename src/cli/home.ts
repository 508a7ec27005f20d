import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLmdbStore } from '../adapters/lmdb/index.ts';
import { createVerifier } from '../adapters/piscina/index.ts';
import {
  ConfigError,
  createBlockTreeSnapshot,
  type GenesisDocument,
  genesisHash,
  initializeStorage,
  isMember,
  type KVStore,
  parseGenesis,
  readChain,
} from '../index.ts';
import type { NodeConfig } from './config.ts';
import { CommandFailure } from './failure.ts';
import { markAsUsed, readValidatorKey, type TlsPaths, type ValidatorKey } from './keys.ts';

/** The files of a node. */
export interface Home {
  readonly dir: string;
  readonly config: string;
  readonly genesis: string;
  readonly keys: string;
  readonly validatorKey: string;
  readonly tls: TlsPaths;
  /** Whoever can read it may make the node approve updates of the validator set. */
  readonly adminToken: string;
  readonly data: string;
  readonly traces: string;
}

export function homeAt(dir: string): Home {
  const keys = join(dir, 'keys');
  return {
    dir,
    config: join(dir, 'config.json'),
    genesis: join(dir, 'genesis.json'),
    keys,
    validatorKey: join(keys, 'validator.json'),
    tls: { key: join(keys, 'tls-key.pem'), certificate: join(keys, 'tls-certificate.pem') },
    adminToken: join(keys, 'admin-token'),
    data: join(dir, 'data'),
    traces: join(dir, 'traces'),
  };
}

/** Throws `CommandFailure` when `dir` is no home. */
export function existingHome(dir: string): Home {
  const home = homeAt(dir);
  if (existsSync(home.config)) return home;
  throw new CommandFailure(
    `${dir}: is no home of a node, since it has no config.json; make some with: hotstuff testnet`,
  );
}

/** Reads genesis.json. Throws `ConfigError` that names the file, the field and what is allowed. */
export function readGenesis({ genesis }: Home): GenesisDocument {
  let text: string;
  try {
    text = readFileSync(genesis, 'utf8');
  } catch (cause) {
    throw unreadable(genesis, cause as Error);
  }
  try {
    return parseGenesis(text);
  } catch (cause) {
    throw cause instanceof ConfigError
      ? new CommandFailure(`${genesis}: ${cause.message}`, { cause })
      : cause;
  }
}

const unreadable = (path: string, cause: Error): CommandFailure =>
  new CommandFailure(`${path}: cannot be read: ${cause.message}`, { cause });

/**
 * Makes the node's store from its genesis, after marking its key as used: from then on the key never starts on an
 * empty store again, because it may have voted. Proofs of possession are checked here, once for all starts.
 */
export async function initializeHome(home: Home): Promise<void> {
  const genesis = readGenesis(home);
  const key = readValidatorKey(home.validatorKey);
  checkScheme(home, key, genesis);
  await checkPossessions(home, genesis);
  const store = await openLmdbStore({ path: home.data });
  try {
    await initializeStore(home, { store, key, genesis });
  } finally {
    await store.close();
  }
}

interface Parts {
  readonly store: KVStore;
  readonly key: ValidatorKey;
  readonly genesis: GenesisDocument;
}

async function initializeStore(home: Home, { store, key, genesis }: Parts): Promise<void> {
  if (storedChainOf(store) !== null) {
    throw new CommandFailure(`${home.data}: the store is initialised already; start it with: hotstuff run`);
  }
  if (key.usedSince !== null) throw usedKeyFailure(home, key);
  markAsUsed(home.validatorKey, key);
  // The proofs were checked before the key was marked.
  await initializeStorage(store, genesis, key.id, () => true);
}

const usedKeyFailure = (home: Home, { usedSince }: ValidatorKey): CommandFailure =>
  new CommandFailure(
    `${home.data}: the store is empty, but the key in ${home.validatorKey} is in use since ${usedSince} and may have ` +
      'voted: put the store back, or take a new key into the validator set',
  );

function storedChainOf(store: KVStore) {
  const snapshot = store.snapshot();
  try {
    return readChain(snapshot);
  } finally {
    snapshot.close();
  }
}

/** Throws `CommandFailure` unless the open `store` is this key's, of this genesis. */
export function checkStore(home: Home, { store, key, genesis }: Parts): void {
  checkScheme(home, key, genesis);
  const stored = storedChainOf(store);
  if (stored === null) {
    if (key.usedSince !== null) throw usedKeyFailure(home, key);
    throw new CommandFailure(
      `${home.data}: the store is empty; make it with: hotstuff init --home ${home.dir}`,
    );
  }
  if (Buffer.compare(stored.genesisHash, genesisHash(genesis)) !== 0) {
    throw new CommandFailure(
      `${home.data}: the store is of another chain (${stored.chain.chainId}) than ${home.genesis} ` +
        `(${genesis.chain.chainId}); put back the genesis.json that it was made from`,
    );
  }
  if (stored.replica !== null && stored.replica !== key.id) {
    throw new CommandFailure(
      `${home.validatorKey}: the key ${short(key.id)} is not that of the store, which belongs to ` +
        `${short(stored.replica)}; put that key back`,
    );
  }
}

/**
 * Whoever says what a node is wants to hear when it is not: a validator that is in no set would wait to be asked; a
 * listener with a validator's key would vote. Throws `CommandFailure`. With `auto` the chain says what the node is.
 */
export function checkRole(
  home: Home,
  role: NodeConfig['role'],
  { store, key }: Pick<Parts, 'store' | 'key'>,
): void {
  if (role === 'auto') return;
  const snapshot = createBlockTreeSnapshot(store.snapshot());
  try {
    const { committed, previous } = snapshot.validatorSets();
    const isValidator = isMember(committed, key.id) || isMember(previous, key.id);
    if (isValidator === (role === 'validator')) return;
  } finally {
    snapshot.close();
  }
  const named = `the key ${short(key.id)} of ${home.validatorKey}`;
  throw new CommandFailure(
    role === 'validator'
      ? `role: is validator, but ${named} is not in the validator set: set role to auto in ${home.config}, to ` +
          'follow until it is, or use the key of a validator'
      : `role: is listener, but ${named} is in the validator set and would vote: set role to auto in ${home.config}`,
  );
}

/** Enough of an id for a person to tell it from others. */
export const short = (id: string): string => `${id.slice(0, 16)}…`;

function checkScheme(home: Home, key: ValidatorKey, genesis: GenesisDocument): void {
  const { scheme } = genesis.chain;
  if (key.scheme === scheme) return;
  throw new CommandFailure(
    `${home.validatorKey}: scheme: is ${key.scheme}, but ${home.genesis} is of ${scheme}; use a key of that scheme`,
  );
}

async function checkPossessions(home: Home, { chain, validators }: GenesisDocument): Promise<void> {
  const verifier = createVerifier({ scheme: chain.scheme, workers: 0 });
  try {
    const keys = validators.map(({ id, possession }) => ({ chainId: chain.chainId, id, possession }));
    const verdicts = await verifier.checkPossession(keys);
    const bad = keys[verdicts.findIndex((verdict) => verdict !== 1)];
    if (bad === undefined) return;
    throw new CommandFailure(
      `${home.genesis}: validators: the proof of possession of ${short(bad.id)} is not valid for chain ` +
        `${chain.chainId}; take the genesis.json that the others have`,
    );
  } finally {
    await verifier.close();
  }
}
