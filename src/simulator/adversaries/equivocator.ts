import type { AdversaryFactory } from '../adversary.ts';
import { createStandIn, isInFirstHalf } from './tools.ts';

/** Proposes two different blocks in one view, one to each half of the others, and votes for the one that fits (R6). */
export const equivocator: AdversaryFactory = (me) => {
  const standIn = createStandIn(me);
  return {
    send(to, message) {
      if (isInFirstHalf(me, to)) return [message];
      if (message.type !== 'proposal') return [standIn.vote(message)];
      const { block } = message;
      return [standIn.propose(message, me.makeBlock(block.height, block.justify, []))];
    },
  };
};
