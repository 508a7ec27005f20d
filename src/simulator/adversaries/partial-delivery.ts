import type { AdversaryFactory } from '../adversary.ts';

/** Shows its proposals to as few replicas as can certify them, so that somebody always misses a block (T35). */
export const partialDelivery: AdversaryFactory = (me) => ({
  send(to, message) {
    if (message.type !== 'proposal' && message.type !== 'nudge') return [message];
    const { committed } = me.status?.validatorSets ?? {};
    if (committed === undefined) return [];
    const others = committed.validators.filter(({ id }) => id !== me.id);
    let power = committed.totalPower - others.reduce((sum, validator) => sum + validator.power, 0);
    for (const { id, power: more } of others) {
      if (power >= committed.quorum) return [];
      if (id === to) return [message];
      power += more;
    }
    return [];
  },
});
