import type { BlockEffects } from '../../model/app.ts';
import { type Block, headerOf } from '../../model/block.ts';
import type { BlockHash } from '../../model/ids.ts';
import { updatedValidatorSet } from '../../model/validator-set.ts';
import { invariant } from '../invariant.ts';
import { emit, THIS_STEP } from '../output.ts';
import type { Core } from '../state.ts';
import { updatesBeforeChildOf } from './rules.ts';
import { insertIntoTree, isKnown, removeLeaf } from './tree.ts';

/**
 * Uncommitted blocks kept at once. Leaders propose in every view, also while too few can vote (an app that fails at
 * some replicas): after some hours so many proposals have piled up. Then the oldest makes room for the newest, since a
 * replica that took no more would never see a commit again, even after a restart.
 */
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
  if (core.tree.blocks.has(block.hash)) return;
  const parent = block.justify.block;
  invariant(isKnown(core.tree, parent), 'blocks are inserted below their parents only');
  const updatesBefore = updatesBeforeChildOf(core, parent);
  const { validatorSetUpdates, hasCommands } = effects;
  const header = headerOf(block);
  if (core.tree.blocks.size >= MAX_UNCOMMITTED_BLOCKS) makeRoom(core, parent);
  insertIntoTree(core.tree, { header, validatorSetUpdates, hasCommands, updatesBefore });
  core.out.delta.inserts.push({ block, effects, updatesBefore });
  core.out.dirty = true;
  core.out.inserted = true;
  emit(core, { type: 'block-inserted', block: header }, THIS_STEP);
}

/**
 * Forgets the oldest block that has no children and is not needed: nothing that it certifies is known, and if a quorum
 * has certified it all the same, it will be fetched again (R15). Blocks with children are certified by a quorum each,
 * so what cannot be forgotten grows by no peer's will.
 */
function makeRoom(core: Core, parent: BlockHash): void {
  const needed = [
    parent,
    core.highestPc.pc.block,
    core.lockedPc.pc.block,
    core.lastVote?.block,
    core.tree.root,
  ];
  for (const [hash, { children }] of core.tree.blocks) {
    if (children.length > 0 || needed.includes(hash)) continue;
    const { height } = removeLeaf(core.tree, hash).header;
    core.out.delta.prunes.push({ hash, height });
    emit(core, { type: 'block-pruned', block: hash, height }, THIS_STEP);
    return;
  }
}
