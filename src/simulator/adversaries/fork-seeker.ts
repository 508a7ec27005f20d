import type { PhaseCertificate } from '../../model/certificate.ts';
import type { ReplicaId } from '../../model/ids.ts';
import type { Proposal } from '../../model/messages.ts';
import type { AdversaryControls, AdversaryFactory } from '../adversary.ts';
import { createStandIn, firstTimes, honestPeers, isLeaders, newView } from './tools.ts';

/** What it does with the views that it leads. */
type Plan = 'behave' | 'one-witness' | 'fork';

/**
 * The justify of the block that only some honest replicas have committed, if a quorum has not: what to propose on to
 * replace it.
 */
function forkPoint(me: AdversaryControls): PhaseCertificate | null {
  const heights = honestPeers(me).map(({ status }) => status?.highestCommitted ?? null);
  const best = Math.max(...heights.map((committed) => committed?.height ?? -1));
  const tip = heights.find((committed) => committed?.height === best);
  const set = me.status?.validatorSets.committed;
  if (tip === null || tip === undefined || set === undefined) return null;
  const behind = heights.filter((committed) => (committed?.height ?? -1) < best).length;
  const byzantine = me.peers.filter(({ isHonest }) => !isHonest).length;
  return behind + byzantine >= (2 * set.validators.length) / 3 ? (me.block(tip.hash)?.justify ?? null) : null;
}

/**
 * Makes one honest replica commit a block that the others have not committed yet, by showing it alone what it
 * collects; then, as soon as it leads again, proposes a rival of that block to the others (the lock clause, R1).
 */
export const forkSeeker: AdversaryFactory = (me) => {
  const isFirst = firstTimes();
  const standIn = createStandIn(me);
  let plan: Plan = 'behave';
  let justify: PhaseCertificate | null = null;
  let witness: ReplicaId | null = null;

  const choose = (view: number): void => {
    justify = forkPoint(me);
    plan = justify !== null ? 'fork' : me.random.pick(['behave', 'one-witness', 'one-witness']);
    const honest = honestPeers(me);
    witness = honest.length === 0 ? null : me.random.pick(honest).id;
    if (plan !== 'fork' || justify === null) return;
    for (const { id } of honest) me.send(id, newView(me, view - 1, justify));
  };
  const rival = (message: Proposal): Proposal => {
    if (justify === null) return message;
    const height = (me.block(justify.block)?.height ?? -1) + 1;
    return standIn.propose(message, me.makeBlock(height, justify, message.block.data));
  };

  return {
    send(to, message) {
      if (message.type === 'advance-view') return plan === 'behave' || to === witness ? [message] : [];
      if (!isLeaders(message)) return [standIn.vote(message)];
      if (isFirst(message.view)) choose(message.view);
      if (plan === 'one-witness') return to === witness ? [message] : [];
      return [plan === 'fork' && message.type === 'proposal' ? rival(message) : message];
    },
  };
};
