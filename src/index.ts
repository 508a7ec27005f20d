/**
 * Byzantine-fault-tolerant state machine replication: one replica per process, or several.
 *
 * `initializeStorage` once per store, then `startReplica` with an `App`, and adapters of the ports from the package's
 * other entry points, or of one's own.
 *
 * @module
 */
export { blockHash } from './codec/block.ts';
export {
  type MerkleProof,
  merkleProof,
  merkleRoot,
  portableHasher,
  verifyMerkleProof,
} from './codec/data-hash.ts';
export { chainIdOf, deriveChainId, encodeGenesis, genesisHash } from './codec/genesis.ts';
export {
  formatGenesis,
  type GenesisJson,
  genesisFromJson,
  genesisToJson,
  parseGenesis,
} from './codec/genesis-json.ts';
export { possessionPreimage, signingPreimage } from './codec/signing.ts';
export { InvariantViolation } from './core/invariant.ts';
export {
  type AppStateUpdates,
  type BlockEffects,
  NO_APP_STATE_UPDATES,
} from './model/app.ts';
export { type Block, type BlockHeader, type Datum, headerOf } from './model/block.ts';
export {
  GENESIS_PC,
  isGenesisPc,
  type Phase,
  type PhaseCertificate,
  type ProgressCertificate,
  type TimeoutCertificate,
} from './model/certificate.ts';
export {
  type ChainLimits,
  type ChainParameters,
  DEFAULT_LIMITS,
  defaultSettings,
  type LocalSettings,
} from './model/chain.ts';
export { ConfigError, PoolError, PoolFullError, StorageError } from './model/errors.ts';
export type { Rejection, RejectionCode, ReplicaEvent, ReplicaEventType } from './model/events.ts';
export type { GenesisDocument } from './model/genesis.ts';
export { bytesToHex, hexToBytes } from './model/hex.ts';
export {
  asBlockHash,
  asChainId,
  asDataHash,
  asHeight,
  asMillis,
  asPower,
  asReplicaId,
  asView,
  type BlockHash,
  type ChainId,
  type DataHash,
  type Height,
  type Millis,
  type Power,
  type ReplicaId,
  type View,
  ZERO_HASH,
} from './model/ids.ts';
export type { Subject, VoteSubject } from './model/messages.ts';
export { SCHEME_SIZES, type SchemeName, type SchemeSizes, type SignatureSet } from './model/scheme.ts';
export {
  createValidatorSet,
  isMember,
  NO_VALIDATOR_UPDATES,
  powerOf,
  updatedValidatorSet,
  type Validator,
  type ValidatorSet,
  type ValidatorSetFault,
  type ValidatorSets,
  type ValidatorSetUpdates,
} from './model/validator-set.ts';
export type {
  App,
  AppView,
  ProduceBlockRequest,
  ProduceBlockResult,
  ValidateBlockRequest,
  ValidateBlockResult,
} from './ports/app.ts';
export type { Clock } from './ports/clock.ts';
export type { KeyRange, KVSnapshot, KVStore, WriteBatch } from './ports/kv-store.ts';
export type { Channel, FrameReceiver, Network } from './ports/network.ts';
export type {
  CancelSignal,
  CertificateJob,
  FormedCertificate,
  Hasher,
  PossessedKey,
  Priority,
  SignatureCheck,
  SignedVote,
  Signer,
  Verifier,
} from './ports/signature-scheme.ts';
export { type CheckStorageOptions, checkStorage, type StorageCheck } from './runtime/check-storage.ts';
export { systemClock } from './runtime/clock.ts';
export type { CommandChannel, CommandReceiver } from './runtime/commands.ts';
export type { ReplicaCounters } from './runtime/counters.ts';
export type { EventListener, EventSubscription } from './runtime/event-stream.ts';
export { type Replay, type ReplayOptions, replayTrace } from './runtime/replay.ts';
export { type Replica, type ReplicaOptions, type ReplicaStatus, startReplica } from './runtime/replica.ts';
export type { StoredHead } from './storage/check.ts';
export { initializeStorage, readChain, type StoredChain } from './storage/genesis.ts';
export {
  type BlockTreeSnapshot,
  createBlockTreeSnapshot,
  type ValidatorSetUpdatesStatus,
} from './storage/snapshot.ts';
