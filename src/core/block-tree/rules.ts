import {
  compareRanks,
  GENESIS_RANK,
  isGenesisPc,
  type PhaseCertificate,
  type Rank,
  rankOf,
} from '../../model/certificate.ts';
import { asHeight, type BlockHash, type Height, ZERO_HASH } from '../../model/ids.ts';
import type { ValidatorSet } from '../../model/validator-set.ts';
import type { Core } from '../state.ts';
import { pcVerdict } from '../verdicts.ts';
import { isKnown, isPending, isSameOrAncestor } from './tree.ts';

/**
 * Who must have signed a certificate, by the place of its block in the chain (SPECIFICATION.md section 6; the first
 * row that fits holds):
 *
 * | block of the PC                         | phase                        | answer                                  |
 * |-----------------------------------------|------------------------------|-----------------------------------------|
 * | a pending update                        | Decide                       | `commit-pc-missing` (R10): sync         |
 * | not known here, or no update ever       | any                          | CVS                                     |
 * | below the latest update's height        | any                          | `retired` (R11)                         |
 * | above it                                | any                          | CVS                                     |
 * | the latest update, not decided          | Prepare, Precommit           | `superseded`: its Commit PC outranks it |
 * | the latest update, not decided          | Commit                       | PVS                                     |
 * | the latest update, decided              | Prepare, Precommit, Commit   | `retired` (R11)                         |
 * | the latest update, decided or not       | Decide                       | CVS                                     |
 * | a pending update                        | Prepare, Precommit, Commit   | CVS                                     |
 */
export type Assignment = ValidatorSet | 'commit-pc-missing' | 'retired' | 'superseded';

export function assignedSet(core: Core, { block: hash, phase }: PhaseCertificate): Assignment {
  const { committed, previous, updateHeight, decided } = core.sets;
  const block = core.tree.blocks.get(hash);
  const isUpdate = block !== undefined && block.validatorSetUpdates !== null;
  if (isUpdate && phase === 'decide' && isPending(core.tree, hash)) return 'commit-pc-missing';
  const isLatestUpdate = core.latestUpdate?.hash === hash;
  const isUnknown = block === undefined && !isLatestUpdate;
  if (isUnknown || updateHeight === null) return committed;
  if (isLatestUpdate) {
    if (phase === 'decide') return committed;
    if (decided) return 'retired';
    return phase === 'commit' ? previous : 'superseded';
  }
  return block !== undefined && block.header.height < updateHeight ? 'retired' : committed;
}

/** Whether the phase fits the block: Generic iff it does not update the validator set. Its block must be known. */
function isFittingPhase(core: Core, { block: hash, phase }: PhaseCertificate): boolean {
  if (hash === ZERO_HASH) return phase === 'generic';
  const block = core.tree.blocks.get(hash);
  const isUpdate = block?.validatorSetUpdates !== null && block !== undefined;
  return (phase === 'generic') === !isUpdate;
}

/**
 * acceptable(PC), SPECIFICATION.md section 6: ours, of a known block on the committed branch (R2), of a fitting
 * phase, and verified as signed by a quorum of the assigned set. `unverified` when only the last is open.
 */
export function acceptability(core: Core, pc: PhaseCertificate): 'acceptable' | 'unverified' | 'refused' {
  if (isGenesisPc(pc)) return core.tree.root === ZERO_HASH ? 'acceptable' : 'refused';
  if (pc.chainId !== core.config.chain.chainId || pc.block === ZERO_HASH) return 'refused';
  if (!isKnown(core.tree, pc.block) || !isFittingPhase(core, pc)) return 'refused';
  const set = assignedSet(core, pc);
  if (typeof set === 'string') return 'refused';
  const valid = pcVerdict(core, set, pc);
  if (valid === undefined) return 'unverified';
  return valid ? 'acceptable' : 'refused';
}

/** Rank of a certificate of a known block (R1). */
export function rankOfKnown(core: Core, pc: PhaseCertificate): Rank {
  if (isGenesisPc(pc)) return GENESIS_RANK;
  return rankOf(pc, core.tree.blocks.get(pc.block)?.updatesBefore ?? 0);
}

/** The height that a block justified by `justify`, whose block is known, must have (R4). */
export function heightOn(core: Core, justify: PhaseCertificate): Height {
  const parent = core.tree.blocks.get(justify.block);
  return asHeight(parent === undefined ? 0 : parent.header.height + 1);
}

/** How many validator-set-updating blocks lie strictly before a child of `parent`. */
export function updatesBeforeChildOf(core: Core, parent: BlockHash): number {
  const block = core.tree.blocks.get(parent);
  return block === undefined ? 0 : block.updatesBefore + (block.validatorSetUpdates === null ? 0 : 1);
}

/**
 * The lock clause, which governs voting only: the justify outranks the lock, or the block extends (or is) the locked
 * block, walked without a depth limit (R3), or highestPc certifies the block itself and outranks the lock (R25).
 * `parent` is known; `block` may not be inserted yet.
 */
export function isLockClauseSatisfied(
  core: Core,
  justify: PhaseCertificate,
  block: BlockHash,
  parent: BlockHash,
): boolean {
  const { lockedPc, highestPc } = core;
  if (compareRanks(rankOfKnown(core, justify), lockedPc.rank) > 0) return true;
  if (block === lockedPc.pc.block || isSameOrAncestor(core.tree, lockedPc.pc.block, parent)) return true;
  return highestPc.pc.block === block && compareRanks(highestPc.rank, lockedPc.rank) > 0;
}
