import type { ReplicaId } from '../../model/ids.ts';
import type { Message } from '../../model/messages.ts';
import type { Adversary, AdversaryControls, AdversaryFactory } from '../adversary.ts';

/** How long before a view's deadline the hidden certificate is shown to its one witness. */
const BEFORE_DEADLINE_MS = 5;

/** The honest replicas that are let in: the last ones, as many as make a quorum with the adversaries. */
function circleOf(me: AdversaryControls): {
  readonly circle: ReadonlySet<ReplicaId>;
  readonly witness: ReplicaId | null;
} {
  const set = me.status?.validatorSets.committed;
  const circle = new Set<ReplicaId>(me.peers.filter(({ isHonest }) => !isHonest).map(({ id }) => id));
  let witness: ReplicaId | null = null;
  let power = set?.validators.reduce((sum, { id, power: one }) => sum + (circle.has(id) ? one : 0), 0) ?? 0;
  for (const validator of set?.validators.toReversed() ?? []) {
    if (set === undefined || power >= set.quorum) break;
    if (circle.has(validator.id)) continue;
    witness ??= validator.id;
    circle.add(validator.id);
    power += validator.power;
  }
  return { circle, witness };
}

/**
 * Adversaries that lead one after the other build a chain with the help of just enough honest replicas, show it to
 * nobody else, and reveal its last certificate to one of those at the deadline: its lock is ahead of what the next
 * leaders know (R27, T30). They help nobody else.
 */
export const hiddenChain: AdversaryFactory = (me): Adversary => {
  const isOurs = (view: number): boolean =>
    me.leaders(view).some((leader) => me.peers.some(({ id, isHonest }) => id === leader && !isHonest));
  const allies = new Set(me.peers.filter(({ isHonest }) => !isHonest).map(({ id }) => id));
  const revealLate = (message: Message, witness: ReplicaId | null): void => {
    if (witness === null) return;
    me.after(me.settings.viewTimeMs / 2 - BEFORE_DEADLINE_MS, () => me.send(witness, message));
  };
  return {
    send(to, message) {
      const { circle, witness } = circleOf(me);
      switch (message.type) {
        case 'proposal':
        case 'nudge':
          return circle.has(to) ? [message] : [];
        case 'phase-vote':
          return isOurs(message.view) && allies.has(to) ? [message] : [];
        case 'advance-view':
          if (allies.has(to)) return [message];
          if (to === witness) revealLate(message, witness);
          return [];
        case 'new-view':
          return allies.has(to) ? [message] : [];
        default:
          return [message];
      }
    },
  };
};
