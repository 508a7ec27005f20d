import { MAX_INTEGER } from '../../model/ids.ts';
import type { AdversaryFactory } from '../adversary.ts';
import { createStandIn } from './tools.ts';

/** Proposes on the true highest certificate with heights that are not its parent's plus one (R4, T9). */
export const heightLiar: AdversaryFactory = (me) => {
  const standIn = createStandIn(me);
  return {
    send(_to, message) {
      if (message.type !== 'proposal') return [standIn.vote(message)];
      const { block, view } = message;
      const lies = [MAX_INTEGER, 0, block.height + 1, Math.max(0, block.height - 1)];
      const height = lies[view % lies.length] ?? 0;
      return [standIn.propose(message, me.makeBlock(height, block.justify, block.data))];
    },
  };
};
