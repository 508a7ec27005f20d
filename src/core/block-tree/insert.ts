import type { BlockEffects } from '../../model/app.ts';
import { type Block, headerOf } from '../../model/block.ts';
import { updatedValidatorSet } from '../../model/validator-set.ts';
import { invariant } from '../invariant.ts';
import { emit, THIS_STEP } from '../output.ts';
import type { Core } from '../state.ts';
import { updatesBeforeChildOf } from './rules.ts';
import { insertIntoTree, isKnown } from './tree.ts';

/** Uncommitted blocks kept at once; a chain that grows so far without a commit has lost its quorum long before. */
export const MAX_UNCOMMITTED_BLOCKS = 8_192;

/** Whether what executing a block does is acceptable where the block stands (R21). */
export function areEffectsAcceptable(core: Core, effects: BlockEffects): boolean {
  const updates = effects.validatorSetUpdates;
  if (updates === null) return true;
  const next = updatedValidatorSet(core.sets.committed, updates);
  return typeof next !== 'string' && next.validators.length <= core.config.chain.limits.maxValidators;
}

/** Inserts a validated block whose parent is known, in the writes of this step; a known one changes nothing (R16). */
export function insertBlock(core: Core, block: Block, effects: BlockEffects): void {
  const parent = block.justify.block;
  invariant(isKnown(core.tree, parent), 'blocks are inserted below their parents only');
  const updatesBefore = updatesBeforeChildOf(core, parent);
  const { validatorSetUpdates, hasCommands } = effects;
  const header = headerOf(block);
  if (!insertIntoTree(core.tree, { header, validatorSetUpdates, hasCommands, updatesBefore })) return;
  core.out.delta.inserts.push({ block, effects, updatesBefore });
  core.out.dirty = true;
  core.out.inserted = true;
  emit(core, { type: 'block-inserted', block: header }, THIS_STEP);
}
