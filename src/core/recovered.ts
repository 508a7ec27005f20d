import type { BlockHeader } from '../model/block.ts';
import type { PhaseCertificate, RankedPc, TimeoutCertificate } from '../model/certificate.ts';
import type { View } from '../model/ids.ts';
import type { ValidatorSets, ValidatorSetUpdates } from '../model/validator-set.ts';
import type { KeptPc, LastVote, ViewEntry } from './block-tree/delta.ts';

/** A stored block as the core needs it: everything but its data and app-state updates. */
export interface RecoveredBlock {
  readonly header: BlockHeader;
  readonly validatorSetUpdates: ValidatorSetUpdates | null;
  readonly hasCommands: boolean;
  readonly updatesBefore: number;
}

/** The persistent state (SPECIFICATION.md section 5) as read from disk; of a fresh store, that of genesis. */
export interface Recovered {
  readonly validatorSets: ValidatorSets;
  /** The block of the latest validator-set update, with its Commit certificate; null while there was none. */
  readonly latestUpdate: { readonly block: RecoveredBlock; readonly commitPc: PhaseCertificate } | null;
  readonly highestCommitted: RecoveredBlock | null;
  /** All uncommitted blocks, parents before children. */
  readonly uncommitted: readonly RecoveredBlock[];
  readonly lockedPc: RankedPc;
  readonly highestPc: RankedPc;
  readonly highestTc: TimeoutCertificate | null;
  readonly entry: ViewEntry | null;
  readonly keptPcs: readonly KeptPc[];
  readonly lastVote: LastVote | null;
  readonly proposeUpTo: View;
}
