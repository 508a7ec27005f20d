import type { AdversaryFactory } from '../adversary.ts';
import { isInFirstHalf } from './tools.ts';

/** Proposes two different blocks in one view, one to each half of the others (R6). */
export const equivocator: AdversaryFactory = (me) => ({
  send(to, message) {
    if (message.type !== 'proposal' || isInFirstHalf(me, to)) return [message];
    const { block } = message;
    return [{ ...message, block: me.makeBlock(block.height, block.justify, []) }];
  },
});
