import type { AdversaryFactory } from '../adversary.ts';
import { isLeaders } from './tools.ts';

/** Shows the certificates that it forms to one replica, another one each time, and then says nothing more (R14, T28). */
export const oneWitness: AdversaryFactory = (me) => ({
  send(to, message) {
    if (!isLeaders(message) && message.type !== 'advance-view') return [message];
    const honest = me.peers.filter(({ isHonest }) => isHonest);
    const view = 'view' in message ? message.view : (me.status?.view ?? 0);
    return honest[view % honest.length]?.id === to ? [message] : [];
  },
});
