import type { AdversaryFactory } from '../adversary.ts';

/** Everything that it says comes late: up to a whole view time (R12, R15). */
export const lateVoter: AdversaryFactory = (me) => ({
  send(to, message) {
    me.after(me.random.float() * me.settings.viewTimeMs, () => me.send(to, message));
    return [];
  },
});
