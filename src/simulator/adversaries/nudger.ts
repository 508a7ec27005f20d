import { asView } from '../../model/ids.ts';
import type { AdversaryFactory } from '../adversary.ts';
import { createNotebook } from './tools.ts';

/** Leads with nudges: with certificates that nobody nudges with, old ones, and beside its proposals. */
export const nudger: AdversaryFactory = (me) => {
  const notes = createNotebook(me);
  return {
    receive(_from, message) {
      notes.note(message);
      return undefined;
    },
    send(_to, message) {
      if (message.type !== 'proposal' && message.type !== 'nudge') return [message];
      const pcs = notes.all;
      const pc = pcs[message.view % Math.max(1, pcs.length)];
      if (pc === undefined) return [message];
      const phase =
        (['generic', 'prepare', 'precommit', 'commit', 'decide'] as const)[message.view % 5] ?? 'prepare';
      const view = asView(message.view);
      const nudge = { type: 'nudge', chainId: me.chain.chainId, view, justify: { ...pc, phase } } as const;
      return message.view % 3 === 0 ? [nudge] : [nudge, message];
    },
  };
};
