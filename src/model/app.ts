import type { Block, BlockHeader, Datum } from './block.ts';
import type { DataHash, Millis, View } from './ids.ts';
import type { ValidatorSetUpdates } from './validator-set.ts';

/** Changes to the app's key-value state, in any order; a key occurs once over both lists. Keys are 1 to 1,024 bytes. */
export interface AppStateUpdates {
  readonly sets: readonly (readonly [key: Uint8Array, value: Uint8Array])[];
  readonly deletes: readonly Uint8Array[];
}

export const NO_APP_STATE_UPDATES: AppStateUpdates = { sets: [], deletes: [] };

/** What executing a block does to the state; the same at every honest replica. */
export interface BlockEffects {
  readonly appStateUpdates: AppStateUpdates;
  readonly validatorSetUpdates: ValidatorSetUpdates | null;
  /**
   * Whether clients wait for this block to commit. While such a block is uncommitted, leaders propose at once to
   * commit it; otherwise they may wait for commands. Local advice: it need not be the same everywhere.
   */
  readonly hasCommands: boolean;
}

export interface ProducedBlock extends BlockEffects {
  readonly data: readonly Datum[];
  readonly dataHash: DataHash;
}

/** An app's verdict on a block. */
export type Validity = ({ readonly valid: true } & BlockEffects) | { readonly valid: false };

/** What the core asks of the app-runner for a new block on `justify`'s block. */
export interface ProduceRequest {
  readonly view: View;
  readonly parent: BlockHeader | null;
  /** Until when the app may wait for commands; at or before now: answer at once. */
  readonly waitUntil: Millis;
}

export interface ValidateRequest {
  readonly context: 'proposal' | 'sync';
  readonly block: Block;
}
