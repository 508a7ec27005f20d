import type { AdversaryFactory } from '../adversary.ts';

/** Proposes two blocks in one view to everybody, the second one right after the first (R6, R19). */
export const twoFacedLeader: AdversaryFactory = (me) => ({
  send(_to, message) {
    if (message.type !== 'proposal') return [message];
    const { block } = message;
    return [message, { ...message, block: me.makeBlock(block.height, block.justify, []) }];
  },
});
