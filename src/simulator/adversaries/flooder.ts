import { asView } from '../../model/ids.ts';
import type { AdversaryFactory } from '../adversary.ts';
import { newView } from './tools.ts';

/** Messages per peer and tick: far more than anybody has a use for. */
const FLOOD = 40;

/** Fills everybody's buffers with votes and NewViews of later views (R19). */
export const flooder: AdversaryFactory = (me) => ({
  tick() {
    const { status, chain } = me;
    if (status === null) return;
    for (const { id } of me.peers) {
      if (id === me.id) continue;
      for (let at = 0; at < FLOOD; at++) {
        const view = asView(status.view + me.random.below(3 * chain.epochLength));
        const { block } = status.highestPc.pc;
        const vote = { type: 'phase-vote', chainId: chain.chainId, view, block, phase: 'generic' } as const;
        if (at % 2 === 0) me.send(id, { ...vote, signature: me.sign(vote) });
        else me.send(id, newView(me, view, status.highestPc.pc));
      }
    }
  },
});
