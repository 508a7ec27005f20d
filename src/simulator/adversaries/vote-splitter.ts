import { asBlockHash } from '../../model/ids.ts';
import type { AdversaryFactory } from '../adversary.ts';
import { voteFor } from './tools.ts';

/** Votes for the block to one of the two leaders that collect votes, and for nothing that exists to the other (R12). */
export const voteSplitter: AdversaryFactory = (me) => ({
  send(to, message) {
    if (message.type !== 'phase-vote') return [message];
    const isNext = me.leaders(message.view + 1).includes(to);
    return isNext ? [voteFor(me, message, asBlockHash('5e'.repeat(32)))] : [message];
  },
});
