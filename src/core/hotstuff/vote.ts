import type { Phase, PhaseCertificate } from '../../model/certificate.ts';
import { asView, type BlockHash } from '../../model/ids.ts';
import { isMember } from '../../model/validator-set.ts';
import { invariant } from '../invariant.ts';
import { emit, send, THIS_STEP, write } from '../output.ts';
import { amProposer, type Core } from '../state.ts';
import { voteRecipients, votersOn } from './roles.ts';

/** Whether this replica votes on `justify` and has not voted in this view yet (R6). */
export function mayVote(core: Core, justify: PhaseCertificate): boolean {
  return isMember(votersOn(core.sets, justify), core.config.me) && core.view > (core.lastVote?.view ?? -1);
}

/**
 * Votes in the current view. The vote leaves when one flushed write holds the vote record and everything else that
 * this step wrote: the block with its updates, the lock, highestPc and all commits (R6). The next view's leader lets
 * its permission to propose ride along, for exactly that view (R29).
 */
export function vote(core: Core, block: BlockHash, phase: Phase): void {
  const { view } = core;
  invariant(view > (core.lastVote?.view ?? -1), 'one vote per view');
  core.lastVote = { view, block, phase };
  write(core, 'lastVote', core.lastVote);
  const next = asView(view + 1);
  if (amProposer(core, next) && core.proposeUpTo < next) {
    core.proposeUpTo = next;
    write(core, 'proposeUpTo', next);
  }
  core.out.flushNow = true;
  const { chainId, leaderTenure } = core.config.chain;
  const to = voteRecipients(core.sets, view, phase, leaderTenure);
  send(core, to, { type: 'phase-vote', chainId, view, block, phase }, THIS_STEP);
  emit(core, { type: 'phase-voted', view, block, phase }, THIS_STEP);
}
