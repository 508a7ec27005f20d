import type { AdversaryFactory } from '../adversary.ts';

/**
 * Whenever it leads, shows its certificate and proposal to the leader of the view before alone, which is thereby a
 * view ahead of all others (R13, T27).
 */
export const courtier: AdversaryFactory = (me) => ({
  send(to, message) {
    if (message.type === 'advance-view') return [];
    if (message.type !== 'proposal' && message.type !== 'nudge') return [message];
    return me.leaders(message.view - 1).includes(to) ? [message] : [];
  },
});
