import type { AdversaryFactory } from '../adversary.ts';

/** Proposes, but votes for nobody's blocks but its own. */
export const voteWithholder: AdversaryFactory = (me) => ({
  send(_to, message) {
    if (message.type !== 'phase-vote') return [message];
    return me.leaders(message.view).includes(me.id) ? [message] : [];
  },
});
