import { GENESIS_PC } from '../../model/certificate.ts';
import type { AdversaryFactory } from '../adversary.ts';
import { createNotebook } from './tools.ts';

/** Its NewViews carry old certificates, or genesis (R1, R27). */
export const oldNewViews: AdversaryFactory = (me) => {
  const notes = createNotebook(me);
  return {
    receive(_from, message) {
      notes.note(message);
      return undefined;
    },
    send(_to, message) {
      if (message.type !== 'new-view') return [message];
      return [{ ...message, highestPc: me.random.pick([GENESIS_PC, ...notes.all]) }];
    },
  };
};
