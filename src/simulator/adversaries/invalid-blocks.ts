import type { AdversaryFactory } from '../adversary.ts';

const NOT_A_COMMAND = new TextEncoder().encode('{"not":"a command"}');

/** Proposes blocks that every app refuses. */
export const invalidBlocks: AdversaryFactory = (me) => ({
  send(_to, message) {
    if (message.type !== 'proposal') return [message];
    const { block } = message;
    return [{ ...message, block: me.makeBlock(block.height, block.justify, [NOT_A_COMMAND]) }];
  },
});
