import type { PhaseCertificate } from '../../model/certificate.ts';
import { asHeight, type BlockHash } from '../../model/ids.ts';
import { isMember, updatedValidatorSet } from '../../model/validator-set.ts';
import { NO_WAIT } from '../effect.ts';
import { invariant } from '../invariant.ts';
import { emit, performAfter, send, THIS_STEP, write } from '../output.ts';
import type { Core } from '../state.ts';
import { branchTo, moveRoot, type TreeBlock } from './tree.ts';

/**
 * Commits `target` and its uncommitted ancestors, oldest first, in the writes of this step (SPECIFICATION.md section
 * 6, Committing). `pc` is the certificate that caused it: a validator-set-updating block commits by a Commit
 * certificate of its own alone, which is stored with it (R10).
 */
export function commitUpTo(core: Core, target: BlockHash, pc: PhaseCertificate): void {
  for (const block of branchTo(core.tree, target)) commitBlock(core, block, pc);
  core.sync.movedAt = core.now;
  core.out.applied = true;
}

function commitBlock(core: Core, block: TreeBlock, pc: PhaseCertificate): void {
  const { hash, height } = block.header;
  invariant(height === core.tree.rootHeight + 1, `block ${height} commits on top of ${core.tree.rootHeight}`);
  const isUpdate = block.validatorSetUpdates !== null;
  invariant(
    !isUpdate || (pc.phase === 'commit' && pc.block === hash),
    'an update of the validator set commits by its own Commit certificate',
  );
  core.out.delta.commits.push({ hash, height, commitPc: isUpdate ? pc : null });
  core.out.dirty = true;
  for (const { header } of moveRoot(core.tree, hash)) {
    core.out.delta.prunes.push({ hash: header.hash, height: header.height });
    emit(core, { type: 'block-pruned', block: header.hash, height: header.height }, THIS_STEP);
  }
  emit(core, { type: 'block-committed', block: hash, height }, THIS_STEP);
  // Clients wait for the durable commit of their commands; a vote in this step flushes anyway.
  if (block.hasCommands) core.out.committedCommands = true;
  if (isUpdate) commitValidatorSetUpdate(core, block, pc);
}

function commitValidatorSetUpdate(core: Core, block: TreeBlock, commitPc: PhaseCertificate): void {
  const updates = block.validatorSetUpdates;
  invariant(updates !== null, 'only called for a block with updates');
  invariant(core.sets.decided, 'the update before is decided before the next one commits');
  const { hash, height } = block.header;
  const next = updatedValidatorSet(core.sets.committed, updates);
  invariant(typeof next !== 'string', `a validated update makes a set, not: ${next as string}`);
  const wasMember = isMember(core.sets.committed, core.config.me);
  core.sets = {
    committed: next,
    previous: core.sets.committed,
    updateHeight: asHeight(height),
    decided: false,
  };
  core.latestUpdate = { hash, height, updatesBefore: block.updatesBefore, commitPc };
  write(core, 'validatorSets', core.sets);
  emit(core, { type: 'validator-set-updated', block: hash, updates, sets: core.sets }, THIS_STEP);
  performAfter(core, { type: 'update-validators', sets: core.sets, after: THIS_STEP });
  if (!wasMember) return;
  // Section 8: whoever commits an update while in the previous set passes its Commit certificate on, once.
  send(core, 'all', { type: 'advance-view', certificate: { type: 'pc', pc: commitPc } }, NO_WAIT);
  emit(core, { type: 'view-advanced', view: commitPc.view, why: 'commit' });
}

/** The latest update is decided: the previous set is retired (R11). */
export function decideUpdate(core: Core): void {
  core.sets = { ...core.sets, decided: true };
  core.out.applied = true;
  for (const known of [core.seenViews, core.answered]) {
    for (const id of known.keys()) if (!isMember(core.sets.committed, id)) known.delete(id);
  }
  write(core, 'validatorSets', core.sets);
  emit(core, { type: 'validator-set-decided', sets: core.sets }, THIS_STEP);
  performAfter(core, { type: 'update-validators', sets: core.sets, after: THIS_STEP });
}
