import type { AdversaryFactory } from '../adversary.ts';
import { createStandIn } from './tools.ts';

const NOT_A_COMMAND = new TextEncoder().encode('{"not":"a command"}');

/** Proposes blocks that every app refuses. */
export const invalidBlocks: AdversaryFactory = (me) => {
  const standIn = createStandIn(me);
  return {
    send(_to, message) {
      if (message.type !== 'proposal') return [standIn.vote(message)];
      const { block } = message;
      return [standIn.propose(message, me.makeBlock(block.height, block.justify, [NOT_A_COMMAND]))];
    },
  };
};
