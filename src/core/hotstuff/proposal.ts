import { hasRightHash } from '../../codec/block.ts';
import type { BlockEffects, Validity } from '../../model/app.ts';
import type { BlockHash, ReplicaId } from '../../model/ids.ts';
import type { Proposal } from '../../model/messages.ts';
import { isWanted, triggerSync } from '../block-sync/requests.ts';
import { applyCertificate } from '../block-tree/apply.ts';
import { areEffectsAcceptable, insertBlock } from '../block-tree/insert.ts';
import { acceptability, assignedSet, heightOn, isLockClauseSatisfied } from '../block-tree/rules.ts';
import { isKnown } from '../block-tree/tree.ts';
import {
  applyKeptPcs,
  askForVerdicts,
  assignedSetOrNull,
  fetchIfCertified,
  openQuestions,
} from '../certificates.ts';
import { emit, newRequest, perform } from '../output.ts';
import { type Continuation, MAX_PENDING, remember } from '../pending.ts';
import type { Core } from '../state.ts';
import { recordVerdict, subjectOfPc } from '../verdicts.ts';
import { claimSlot, isProposer, openSlot, reject, reopenSlot, waitFor } from './slot.ts';
import { mayVote, vote } from './vote.ts';

/**
 * A proposal of the current view whose justify was processed (R28); or an older one whose block a certificate
 * vouches for, which is inserted, not voted for (SPECIFICATION.md section 6, On a proposal).
 */
export function onProposal(core: Core, from: ReplicaId, message: Proposal): void {
  const { view, block } = message;
  if (view < core.view) {
    if (isWanted(core, block.hash) && !isBeingValidated(core, block.hash)) tryProposal(core, from, message);
    return;
  }
  emit(core, { type: 'proposal-received', from, view, block: block.hash });
  if (!isProposer(core, from)) return reject(core, from, message, 'not-the-proposer');
  if (openSlot(core, from, message) === null) return reject(core, from, message, 'duplicate');
  tryProposal(core, from, message);
}

/** Whether the app has the block already: many may bring what one fetch waits for. */
function isBeingValidated(core: Core, hash: BlockHash): boolean {
  for (const open of core.pending.values())
    if (open.type === 'validate-proposal' && open.message.block.hash === hash) return true;
  return false;
}

/** Tries a proposal, for the first time or again, now that something which it lacked may have come. */
export function tryProposal(core: Core, from: ReplicaId, message: Proposal): void {
  const { justify } = message.block;
  if (!hasRightHash(core.config.chain.scheme, message.block))
    return reject(core, from, message, 'bad-block-hash');
  if (justify.view >= message.view)
    return reject(core, from, message, 'bad-justify', 'not of an earlier view'); // R5
  if (justify.phase !== 'generic' && justify.phase !== 'decide')
    return reject(core, from, message, 'bad-justify');
  if (!isKnown(core.tree, justify.block)) {
    const isBelowRoot = message.block.height <= core.tree.rootHeight;
    if (isBelowRoot) return reject(core, from, message, 'not-on-committed-branch'); // R2
    waitFor(core, from, message, 'block');
    fetchIfCertified(core, justify, from);
    return;
  }
  const state = acceptability(core, justify);
  if (state === 'acceptable') return proceedWithKnownParent(core, from, message);
  if (state === 'unverified') {
    askForVerdicts(core, openQuestions(core, { type: 'pc', pc: justify }), { from, message, bytes: 0 });
    reopenSlot(core, from, message); // The same message comes back from the verifier.
    return;
  }
  if (assignedSet(core, justify) === 'commit-pc-missing') {
    waitFor(core, from, message, 'decision'); // R10
    triggerSync(core, from);
    return;
  }
  reject(core, from, message, 'bad-justify');
}

function proceedWithKnownParent(core: Core, from: ReplicaId, message: Proposal): void {
  const { block } = message;
  if (block.height !== heightOn(core, block.justify)) return reject(core, from, message, 'bad-height'); // R4
  if (core.tree.blocks.has(block.hash)) return finishProposal(core, from, message); // R16
  if (core.pending.size >= MAX_PENDING) return reject(core, from, message, 'overloaded');
  const request = newRequest(core);
  const signedBy = assignedSetOrNull(core, block.justify);
  remember(core, request, { type: 'validate-proposal', from, message, signedBy });
  perform(core, { type: 'validate-block', request, ask: { context: 'proposal', block } });
}

/** The app's verdict came; view, lock and tree may have moved since it was asked. */
export function onProposalValidated(
  core: Core,
  { from, message, signedBy }: Extract<Continuation, { type: 'validate-proposal' }>,
  validity: Validity | null,
): void {
  if (validity === null) return; // The app failed: no verdict, no vote.
  if (!validity.valid) return reject(core, from, message, 'invalid-block');
  const { block } = message;
  // The verdict on the justify may have been forgotten; it is the same as long as its set is.
  const { justify } = block;
  if (signedBy !== null && assignedSet(core, justify) === signedBy)
    recordVerdict(core, signedBy, subjectOfPc(justify), justify.signatures, true);
  if (core.tree.blocks.has(block.hash)) return finishProposal(core, from, message);
  if (!isKnown(core.tree, block.justify.block)) return; // Pruned meanwhile (R2).
  if (acceptability(core, block.justify) !== 'acceptable') return;
  acceptBlock(core, from, message, validity);
}

function acceptBlock(core: Core, from: ReplicaId, message: Proposal, effects: BlockEffects): void {
  if (!areEffectsAcceptable(core, effects)) return reject(core, from, message, 'bad-validator-update'); // R21
  insertBlock(core, message.block, effects);
  finishProposal(core, from, message);
}

/** Applies the inserted block's justify and what was kept of the block, then votes if this replica may. */
function finishProposal(core: Core, from: ReplicaId, message: Proposal): void {
  const { block, view } = message;
  if (acceptability(core, block.justify) === 'acceptable') applyCertificate(core, block.justify);
  applyKeptPcs(core);
  const inserted = core.tree.blocks.get(block.hash);
  if (view !== core.view || inserted === undefined || !isKnown(core.tree, block.justify.block)) return;
  if (!isLockClauseSatisfied(core, block.justify, block.hash, block.justify.block)) {
    waitFor(core, from, message, 'lock');
    return;
  }
  if (!isProposer(core, from) || !claimSlot(core, from) || !mayVote(core, block.justify)) return;
  vote(core, block.hash, inserted.validatorSetUpdates === null ? 'generic' : 'prepare');
}
