import type { Phase } from '../../model/certificate.ts';
import type { ReplicaId } from '../../model/ids.ts';
import type { Nudge } from '../../model/messages.ts';
import { applyCertificate } from '../block-tree/apply.ts';
import { acceptability, isLockClauseSatisfied } from '../block-tree/rules.ts';
import { isKnown } from '../block-tree/tree.ts';
import { askForVerdicts, fetchIfCertified, openQuestions } from '../certificates.ts';
import { emit } from '../output.ts';
import type { Core } from '../state.ts';
import { claimSlot, isProposer, openSlot, reject, reopenSlot, waitFor } from './slot.ts';
import { mayVote, vote } from './vote.ts';

/** The phase that is voted for on a nudge with a certificate of the given phase; null: nobody nudges with it. */
function phaseAfter(phase: Phase): Phase | null {
  switch (phase) {
    case 'prepare':
      return 'precommit';
    case 'precommit':
      return 'commit';
    case 'commit':
      return 'decide';
    default:
      return null;
  }
}

/** A nudge of the current view whose justify was processed (R28; SPECIFICATION.md section 6, On a nudge). */
export function onNudge(core: Core, from: ReplicaId, message: Nudge): void {
  if (message.view < core.view) return;
  emit(core, { type: 'nudge-received', from, view: message.view, justify: message.justify });
  if (!isProposer(core, from)) return reject(core, from, message, 'not-the-proposer');
  if (openSlot(core, from, message) === null) return reject(core, from, message, 'duplicate');
  tryNudge(core, from, message);
}

/** Tries a nudge, for the first time or again; safe_nudge of the specification, the lock clause last. */
export function tryNudge(core: Core, from: ReplicaId, message: Nudge): void {
  const { justify, view } = message;
  if (view !== core.view) return;
  const phase = phaseAfter(justify.phase);
  const isFresh = justify.phase === 'commit' || justify.view === view - 1;
  if (phase === null || justify.view >= view || !isFresh) return reject(core, from, message, 'unsafe-nudge');
  if (!isKnown(core.tree, justify.block)) {
    waitFor(core, from, message, 'block');
    fetchIfCertified(core, justify, from);
    return;
  }
  const state = acceptability(core, justify);
  if (state === 'unverified') {
    askForVerdicts(core, openQuestions(core, { type: 'pc', pc: justify }), { from, message, bytes: 0 });
    reopenSlot(core, from, message);
    return;
  }
  if (state === 'refused') return reject(core, from, message, 'bad-justify');
  applyCertificate(core, justify);
  const parent = core.tree.blocks.get(justify.block)?.header.justify.block ?? justify.block;
  if (!isLockClauseSatisfied(core, justify, justify.block, parent)) {
    waitFor(core, from, message, 'lock');
    return;
  }
  if (!claimSlot(core, from) || !mayVote(core, justify)) return;
  vote(core, justify.block, phase);
}
