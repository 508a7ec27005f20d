import type { TreeDelta } from '../core/block-tree/delta.ts';
import type { Recovered, RecoveredBlock } from '../core/recovered.ts';
import { headerOf } from '../model/block.ts';
import { GENESIS_RANKED_PC, type PhaseCertificate } from '../model/certificate.ts';
import { asView, type BlockHash, type Height } from '../model/ids.ts';
import type { ValidatorSets } from '../model/validator-set.ts';

/**
 * The dumb twin of the storage: what a disk holds after some deltas, folded in memory. A recovery from the real
 * storage must say the same.
 */
export interface RecoveredModel {
  apply(delta: TreeDelta): void;
  recovered(): Recovered;
  /** Height and hash of every committed block. */
  readonly committed: ReadonlyMap<Height, BlockHash>;
}

type State = { -readonly [Field in Exclude<keyof Recovered, 'uncommitted'>]: Recovered[Field] };

export function createRecoveredModel(genesisSets: ValidatorSets): RecoveredModel {
  const uncommitted = new Map<BlockHash, RecoveredBlock>();
  const committed = new Map<Height, BlockHash>();
  const state: State = {
    validatorSets: genesisSets,
    latestUpdate: null,
    highestCommitted: null,
    lockedPc: GENESIS_RANKED_PC,
    highestPc: GENESIS_RANKED_PC,
    highestTc: null,
    entry: null,
    keptPcs: [],
    lastVote: null,
    proposeUpTo: asView(0),
  };

  const commit = (hash: BlockHash, commitPc: PhaseCertificate | null): void => {
    const block = uncommitted.get(hash);
    if (block === undefined) throw new RangeError(`commit of a block that was not inserted: ${hash}`);
    uncommitted.delete(hash);
    committed.set(block.header.height, hash);
    state.highestCommitted = block;
    if (commitPc !== null) state.latestUpdate = { block, commitPc };
  };

  return {
    committed,
    apply(delta) {
      for (const { block, effects, updatesBefore } of delta.inserts) {
        // Inserting a block again changes nothing (R16).
        if (uncommitted.has(block.hash) || committed.get(block.height) === block.hash) continue;
        const { validatorSetUpdates, hasCommands } = effects;
        uncommitted.set(block.hash, {
          header: headerOf(block),
          validatorSetUpdates,
          hasCommands,
          updatesBefore,
        });
      }
      for (const { hash, commitPc } of delta.commits) commit(hash, commitPc);
      for (const { hash } of delta.prunes) uncommitted.delete(hash);
      state.validatorSets = delta.validatorSets ?? state.validatorSets;
      state.lockedPc = delta.lockedPc ?? state.lockedPc;
      state.highestPc = delta.highestPc ?? state.highestPc;
      state.highestTc = delta.highestTc ?? state.highestTc;
      state.entry = delta.entry ?? state.entry;
      state.keptPcs = delta.keptPcs ?? state.keptPcs;
      state.lastVote = delta.lastVote ?? state.lastVote;
      state.proposeUpTo = delta.proposeUpTo ?? state.proposeUpTo;
    },
    recovered: () => ({ ...state, uncommitted: [...uncommitted.values()] }),
  };
}
