import { genesisHash } from '../codec/genesis.ts';
import { checkGenesis } from '../codec/genesis-json.ts';
import {
  HASH_SIZE,
  type Reader,
  readBytes,
  readU32,
  readU64,
  type Writer,
  writeBytes,
  writeU32,
  writeU64,
} from '../codec/primitives.ts';
import { GENESIS_RANKED_PC } from '../model/certificate.ts';
import type { ChainLimits, ChainParameters } from '../model/chain.ts';
import { ConfigError, StorageError } from '../model/errors.ts';
import type { GenesisDocument } from '../model/genesis.ts';
import { asChainId, asView, type ReplicaId } from '../model/ids.ts';
import { SCHEME_SIZES } from '../model/scheme.ts';
import { createValidatorSet, type ValidatorSet } from '../model/validator-set.ts';
import type { KVSnapshot, KVStore, WriteBatch } from '../ports/kv-store.ts';
import type { PossessedKey } from '../ports/signature-scheme.ts';
import { genesisAppStateHash } from './app-state.ts';
import {
  encodeEntry,
  encodeHighestTc,
  encodeKeptPcs,
  encodeRankedPc,
  encodeState,
  type GuardedVariable,
  idSize,
  readId,
  readScheme,
  writeId,
  writeScheme,
} from './records.ts';
import {
  ALL_KEYS,
  appStateKey,
  checksumOf,
  decodeRecord,
  demandRecord,
  encodeRecord,
  type Records,
  readRecord,
  SCHEMA_VERSION,
  variableKey,
} from './schema.ts';
import { encodeValidatorSets } from './validator-records.ts';

/** What a store is bound to, from its first write on. */
export interface StoredChain {
  readonly chain: ChainParameters;
  /** SHA-256 of the genesis document; 32 bytes. */
  readonly genesisHash: Uint8Array;
  /** Hash of the app's state before the first block; 32 bytes. */
  readonly genesisAppStateHash: Uint8Array;
  /** Whose store it is; null when it was made for nobody in particular. */
  readonly replica: ReplicaId | null;
}

/**
 * Writes the state of a chain's beginning, in one atomic write, into an empty store, which is `replica`'s from then on.
 *
 * `checkPossession` says whether a key may be a validator's: `possessionCheck` of `hotstuff-ts/native` makes one. A chain
 * of `bls12381` does not begin without it: a key that was made of others' keys could sign in their names (R22).
 *
 * Throws `ConfigError` when the store is not empty (a replica never starts anew on a store that may hold its votes) or
 * `genesis` is not in order, naming the field, and `StorageError` when the write fails.
 */
export async function initializeStorage(
  store: KVStore,
  genesis: GenesisDocument,
  replica?: ReplicaId,
  checkPossession?: (key: PossessedKey) => boolean,
): Promise<void> {
  checkGenesis(genesis);
  checkReplica(genesis, replica);
  checkPossessions(genesis, checkPossession);
  const snapshot = store.snapshot();
  try {
    if (!isEmpty(snapshot)) {
      throw new ConfigError(
        'store',
        'is not empty; a chain begins in an empty one, an initialised one is only started',
      );
    }
  } finally {
    snapshot.close();
  }
  await store.write(genesisBatch(genesis, replica));
}

function checkReplica({ chain: { scheme } }: GenesisDocument, replica: ReplicaId | undefined): void {
  const digits = 2 * SCHEME_SIZES[scheme].publicKey;
  if (replica === undefined || (replica.length === digits && /^[0-9a-f]*$/.test(replica))) return;
  throw new ConfigError(
    'replica',
    `is no id of the scheme ${scheme}, which has ${digits} lower-case hex digits`,
  );
}

function checkPossessions(
  { chain: { scheme, chainId }, validators }: GenesisDocument,
  check: ((key: PossessedKey) => boolean) | undefined,
): void {
  if (check === undefined) {
    if (SCHEME_SIZES[scheme].possession === 0) return;
    throw new ConfigError(
      'checkPossession',
      `is missing; a ${scheme} chain needs it: give possessionCheck('${scheme}') of hotstuff-ts/native`,
    );
  }
  const bad = validators.findIndex(({ id, possession }) => !check({ chainId, id, possession }));
  if (bad < 0) return;
  throw new ConfigError(
    `genesis.validators[${bad}]`,
    `its key, or its proof of possession, is not valid for the chain ${chainId}; have its owner prove it again`,
  );
}

/** What `initializeStorage` writes. Throws `ConfigError` when `genesis` has no valid validator set. */
export function genesisBatch(genesis: GenesisDocument, replica?: ReplicaId): WriteBatch {
  const { scheme } = genesis.chain;
  const identity: StoredChain = {
    chain: genesis.chain,
    genesisHash: genesisHash(genesis),
    genesisAppStateHash: genesisAppStateHash(genesis.appState),
    replica: replica ?? null,
  };
  const committed = genesisValidators(genesis);
  const variables: { readonly [Name in GuardedVariable]: (key: Uint8Array) => Uint8Array } = {
    validatorSets: (key) =>
      encodeValidatorSets(key, { committed, previous: committed, updateHeight: null, decided: true }),
    lockedPc: (key) => encodeRankedPc(key, scheme, GENESIS_RANKED_PC),
    highestPc: (key) => encodeRankedPc(key, scheme, GENESIS_RANKED_PC),
    highestTc: (key) => encodeHighestTc(key, scheme, null),
    entry: (key) => encodeEntry(key, scheme, null),
    keptPcs: (key) => encodeKeptPcs(key, scheme, []),
  };
  const sets: [Uint8Array, Uint8Array][] = [];
  const checksums = { validatorSets: 0, lockedPc: 0, highestPc: 0, highestTc: 0, entry: 0, keptPcs: 0 };
  for (const name of Object.keys(variables) as GuardedVariable[]) {
    const key = variableKey(name);
    const value = variables[name](key);
    checksums[name] = checksumOf(value);
    sets.push([key, value]);
  }
  const stateKey = variableKey('state');
  const state = { highestCommitted: null, newestBlock: null, lastVote: null, proposeUpTo: asView(0) };
  sets.push([stateKey, encodeState(stateKey, { scheme, ...state, checksums })]);
  sets.push([variableKey('identity'), encodeIdentity(variableKey('identity'), identity)]);
  for (const [key, value] of genesis.appState) {
    const stored = appStateKey(key);
    sets.push([
      stored,
      encodeRecord(stored, value.length, (writer) => writeBytes(writer, value, value.length)),
    ]);
  }
  return { sets, deletes: [] };
}

function genesisValidators({ validators }: GenesisDocument): ValidatorSet {
  const set = createValidatorSet(validators.map(({ id, power }) => ({ id, power })));
  if (typeof set === 'string') throw new ConfigError('genesis.validators', `make no validator set: ${set}`);
  return set;
}

/**
 * What the store is bound to; null for an empty store. Throws `StorageError` when it holds something else, was written
 * by a version of this library with another schema, or is damaged.
 */
export function readChain(snapshot: KVSnapshot): StoredChain | null {
  const key = variableKey('identity');
  const payload = readRecord(snapshot, key);
  if (payload !== null) return decodeRecord(key, payload, readIdentity);
  if (isEmpty(snapshot)) return null;
  throw new StorageError(
    'the store holds something, but no identity: it is damaged, or not a store of this library',
  );
}

/** The same from a store that is known to be initialised. */
export function readIdentityVariable(records: Records): StoredChain {
  const key = variableKey('identity');
  return decodeRecord(key, demandRecord(records, key), readIdentity);
}

function isEmpty(snapshot: KVSnapshot): boolean {
  for (const _ of snapshot.range({ ...ALL_KEYS, limit: 1 })) return false;
  return true;
}

/** The order of the limits in the bytes. */
const LIMIT_FIELDS = [
  'maxBlockBytes',
  'maxDatums',
  'maxValidators',
  'maxSyncBlocks',
  'maxSyncBytes',
] as const satisfies readonly (keyof ChainLimits)[];

/** Schema version u32 first, so that every version can read that of every other. */
function encodeIdentity(key: Uint8Array, identity: StoredChain): Uint8Array {
  const { chain, replica } = identity;
  const size = 4 + 1 + 8 + 4 + 4 + 8 * LIMIT_FIELDS.length + 2 * HASH_SIZE + idSize(replica);
  return encodeRecord(key, size, (writer) => {
    writeU32(writer, SCHEMA_VERSION);
    writeChain(writer, chain);
    writeBytes(writer, identity.genesisHash, HASH_SIZE);
    writeBytes(writer, identity.genesisAppStateHash, HASH_SIZE);
    writeId(writer, replica);
  });
}

function writeChain(writer: Writer, chain: ChainParameters): void {
  writeScheme(writer, chain.scheme);
  writeU64(writer, chain.chainId);
  writeU32(writer, chain.epochLength);
  writeU32(writer, chain.leaderTenure);
  for (const field of LIMIT_FIELDS) writeU64(writer, chain.limits[field]);
}

function readIdentity(reader: Reader): StoredChain {
  const version = readU32(reader);
  if (version !== SCHEMA_VERSION) {
    throw new StorageError(
      `the store has schema version ${version}; this library reads version ${SCHEMA_VERSION}`,
    );
  }
  return {
    chain: {
      scheme: readScheme(reader),
      chainId: asChainId(readU64(reader)),
      epochLength: readU32(reader),
      leaderTenure: readU32(reader),
      limits: {
        maxBlockBytes: readU64(reader),
        maxDatums: readU64(reader),
        maxValidators: readU64(reader),
        maxSyncBlocks: readU64(reader),
        maxSyncBytes: readU64(reader),
      },
    },
    genesisHash: readBytes(reader, HASH_SIZE),
    genesisAppStateHash: readBytes(reader, HASH_SIZE),
    replica: readId(reader),
  };
}
