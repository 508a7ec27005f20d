import { asBlockHash, type BlockHash } from '../../model/ids.ts';
import type { AdversaryFactory } from '../adversary.ts';
import { voteFor } from './tools.ts';

/** Votes for every block that was proposed in the view, and for one that was not, in any order (R19). */
export const doubleVoter: AdversaryFactory = (me) => {
  const rivals = new Map<number, BlockHash>();
  return {
    receive(_from, message) {
      if (message.type === 'proposal') rivals.set(message.view % 8, message.block.hash);
      return undefined;
    },
    send(_to, message) {
      if (message.type !== 'phase-vote') return [message];
      const other = rivals.get((message.view + 7) % 8) ?? asBlockHash('d0'.repeat(32));
      return me.random.shuffled([message, voteFor(me, message, other)]);
    },
  };
};
