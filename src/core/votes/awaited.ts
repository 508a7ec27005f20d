import { asView, type ReplicaId } from '../../model/ids.ts';
import type { Message, PhaseVote, TimeoutVote, VoteSubject } from '../../model/messages.ts';
import type { ValidatorSet } from '../../model/validator-set.ts';
import { activeSets, signersOf } from '../hotstuff/roles.ts';
import { leaderOf } from '../pacemaker/leader.ts';
import type { Core } from '../state.ts';
import { subjectKey, type Tally } from './collector.ts';

/** A vote that the core holds, and the set of which it may form a certificate with it. */
export interface AwaitedVote {
  readonly set: ValidatorSet;
  readonly subject: VoteSubject;
  readonly signer: ReplicaId;
  readonly signature: Uint8Array;
}

/**
 * The vote that `message` has brought, if this replica collects it for a certificate that it has still to form: what
 * the shell may prepare before a quorum is there. Null for everything else. Changes nothing.
 */
export function awaitedVote(core: Core, from: ReplicaId, message: Message): AwaitedVote | null {
  switch (message.type) {
    case 'phase-vote':
      return awaitedPhaseVote(core, from, message);
    case 'timeout-vote':
      return awaitedTimeoutVote(core, from, message);
    default:
      return null;
  }
}

function awaitedPhaseVote(core: Core, from: ReplicaId, message: PhaseVote): AwaitedVote | null {
  const { view, block, phase, signature } = message;
  const votes = core.collectors.phases.get(view);
  const tally = votes?.tallies.get(subjectKey(block, phase))?.tally;
  if (votes === undefined || tally === undefined || !isAwaited(tally, from, signature)) return null;
  const { me, chain } = core.config;
  const isLeader = (set: ValidatorSet): boolean => leaderOf(set, asView(view + 1), chain.leaderTenure) === me;
  if (!votes.waitOver && !activeSets(core.sets).some(isLeader)) return null;
  const subject: VoteSubject = { type: 'phase-vote', chainId: chain.chainId, view, block, phase };
  return { set: signersOf(core.sets, phase), subject, signer: from, signature };
}

function awaitedTimeoutVote(core: Core, from: ReplicaId, message: TimeoutVote): AwaitedVote | null {
  const { view, signature } = message;
  const tally = core.collectors.timeouts.get(view);
  if (tally === undefined || !isAwaited(tally, from, signature)) return null;
  const subject: VoteSubject = { type: 'timeout-vote', chainId: core.config.chain.chainId, view };
  return { set: core.sets.committed, subject, signer: from, signature };
}

/** Held, and no certificate was formed or is being formed of the tally. */
const isAwaited = (tally: Tally, signer: ReplicaId, signature: Uint8Array): boolean =>
  tally.forming === null && tally.formedFor.length === 0 && tally.votes.get(signer)?.signature === signature;
