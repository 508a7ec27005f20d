import type { AdversaryFactory } from '../adversary.ts';
import { bent } from './tools.ts';

/** Half of its votes and advertisements carry signatures that do not hold; one bad vote voids only itself (R20). */
export const badSignatures: AdversaryFactory = (me) => ({
  send(_to, message) {
    if (!('signature' in message) || me.random.chance(0.5)) return [message];
    return [{ ...message, signature: bent(me, message.signature) }];
  },
});
