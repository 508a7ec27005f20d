import type { BlockEffects } from '../model/app.ts';
import type { Block, BlockHeader, Datum } from '../model/block.ts';
import type { BlockHash, DataHash, Height, View } from '../model/ids.ts';
import type { ValidatorSet } from '../model/validator-set.ts';

/** The app's state after a block, committed or pending: synchronous reads, valid during the call it was given to. */
export interface AppView {
  /** Hash of the block after which this is the state; the zero hash before any. */
  readonly block: BlockHash;
  /** Height of that block; null before any. */
  readonly height: Height | null;
  /** SHA-256 chain over all updates up to that block; 32 bytes. See SPECIFICATION.md section 5. */
  readonly appStateHash: Uint8Array;
  /** The validator set that a child of that block changes with its updates. */
  readonly validatorSet: ValidatorSet;
  /** A copy of the key's value, or null. */
  get(key: Uint8Array): Uint8Array | null;
}

export interface ProduceBlockRequest {
  readonly view: View;
  readonly parent: BlockHeader | null;
  readonly state: AppView;
  /** How long the app may wait for something to order, in milliseconds; 0: answer at once. */
  readonly waitMs: number;
}

export interface ValidateBlockRequest {
  /** Its data must not be changed: they are what is stored and served to others. */
  readonly block: Block;
  readonly state: AppView;
  /** `sync` blocks were certified by a quorum; a check that only makes sense live (clocks, mempools) is skipped there. */
  readonly context: 'proposal' | 'sync';
}

export interface ProduceBlockResult extends Partial<BlockEffects> {
  readonly data: readonly Datum[];
  /** Only with a `dataHash` function of the app's own; checked by every replica with that function. */
  readonly dataHash?: DataHash;
}

export type ValidateBlockResult =
  | ({ readonly valid: true } & Partial<BlockEffects>)
  | { readonly valid: false };

/**
 * The replicated state machine. Both calls must be deterministic functions of the block's data and the state; `valid`
 * blocks carry the updates that executing them makes. Throwing, hanging and nonsense are app faults: the replica then
 * proposes nothing or abstains, and says so by an `app-failed` event.
 *
 * What an answer holds is taken over in the turn of the event loop after it; from then on its memory is the app's again.
 */
export interface App {
  produceBlock(
    request: ProduceBlockRequest,
    signal: AbortSignal,
  ): Promise<ProduceBlockResult> | ProduceBlockResult;
  validateBlock(
    request: ValidateBlockRequest,
    signal: AbortSignal,
  ): Promise<ValidateBlockResult> | ValidateBlockResult;
  /** In place of the library's Merkle root, for chains whose data hash is the app's. Pure; 64 hex digits. */
  dataHash?(data: readonly Datum[]): DataHash;
}
