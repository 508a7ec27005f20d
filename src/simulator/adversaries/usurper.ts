import { asView } from '../../model/ids.ts';
import type { AdversaryFactory } from '../adversary.ts';
import { firstTimes, toAll } from './tools.ts';

/** Proposes in views that it does not lead, and answers proposals of others with its own (R19). */
export const usurper: AdversaryFactory = (me) => {
  const isFirst = firstTimes();
  return {
    receive(_from, message) {
      if (message.type !== 'proposal' || !isFirst(message.view)) return undefined;
      const { block, view } = message;
      toAll(me, { ...message, block: me.makeBlock(block.height, block.justify, []) });
      toAll(me, { ...message, view: asView(view + 1), block: me.makeBlock(block.height, block.justify, []) });
      return undefined;
    },
  };
};
