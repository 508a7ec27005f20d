import type { AdversaryFactory } from '../adversary.ts';

/** Answers requests with nothing, with one block, or without the blocks in between (R18). */
export const stingyServer: AdversaryFactory = (me) => ({
  send(_to, message) {
    if (message.type !== 'block-sync-response') return [message];
    const { blocks } = message;
    const few = me.random.pick([[], blocks.slice(0, 1), blocks.filter((_, at) => at % 2 === 0)]);
    return [{ ...message, blocks: few }];
  },
});
