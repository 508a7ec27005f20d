import type { BlockEffects } from '../../model/app.ts';
import type { Block } from '../../model/block.ts';
import type {
  Phase,
  PhaseCertificate,
  ProgressCertificate,
  RankedPc,
  TimeoutCertificate,
} from '../../model/certificate.ts';
import type { BlockHash, Height, ReplicaId, View } from '../../model/ids.ts';
import type { ValidatorSets } from '../../model/validator-set.ts';

/** The vote that was last given; nothing is voted for in its view or an earlier one again (R6). */
export interface LastVote {
  readonly view: View;
  readonly block: BlockHash;
  readonly phase: Phase;
}

/** The highest view entered, with the certificate that caused the latest entry by certificate (R7, R14). */
export interface ViewEntry {
  readonly view: View;
  readonly certificate: ProgressCertificate | null;
}

/** A certificate of a block that was unknown when it came (R15); `from` null for those formed here. */
export interface KeptPc {
  readonly from: ReplicaId | null;
  readonly pc: PhaseCertificate;
}

export interface InsertedBlock {
  readonly block: Block;
  readonly effects: BlockEffects;
  /** Validator-set-updating blocks strictly before it on its branch: the first part of its certificates' rank. */
  readonly updatesBefore: number;
}

export interface CommittedBlock {
  readonly hash: BlockHash;
  readonly height: Height;
  /** Of a validator-set-updating block: the certificate that committed it (R10). */
  readonly commitPc: PhaseCertificate | null;
}

/**
 * Logical writes of one step, applied to storage in one atomic transaction, in the order of the fields. An absent
 * field leaves the stored value alone.
 */
export interface TreeDelta {
  readonly inserts: readonly InsertedBlock[];
  /** Oldest first; each block is inserted by this delta or an earlier one. App-state updates take effect here. */
  readonly commits: readonly CommittedBlock[];
  /** Uncommitted blocks that conflict with the commits, or make room: deleted with their data and pending updates. */
  readonly prunes: readonly { readonly hash: BlockHash; readonly height: Height }[];
  readonly validatorSets?: ValidatorSets | undefined;
  readonly lockedPc?: RankedPc | undefined;
  readonly highestPc?: RankedPc | undefined;
  readonly highestTc?: TimeoutCertificate | undefined;
  readonly entry?: ViewEntry | undefined;
  /** The whole list, replacing the stored one. */
  readonly keptPcs?: readonly KeptPc[] | undefined;
  readonly lastVote?: LastVote | undefined;
  readonly proposeUpTo?: View | undefined;
}
