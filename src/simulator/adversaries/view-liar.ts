import { asView } from '../../model/ids.ts';
import type { AdversaryFactory } from '../adversary.ts';
import { newView, toAll } from './tools.ts';

/** Claims to be far ahead, in NewViews and TimeoutVotes (R30: one alone moves nobody). */
export const viewLiar: AdversaryFactory = (me) => ({
  tick() {
    const { status, chain } = me;
    if (status === null) return;
    const ahead = status.view + me.random.between(1, 2 * chain.epochLength);
    toAll(me, newView(me, ahead, status.highestPc.pc));
    const epochChange = asView((Math.floor(ahead / chain.epochLength) + 1) * chain.epochLength);
    const subject = { type: 'timeout-vote', chainId: chain.chainId, view: epochChange } as const;
    toAll(me, { ...subject, signature: me.sign(subject), highestTc: null });
  },
});
