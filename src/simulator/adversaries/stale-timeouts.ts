import { asView } from '../../model/ids.ts';
import type { AdversaryFactory } from '../adversary.ts';
import { toAll } from './tools.ts';

/** Asks for the way out of every epoch again, to be answered by everybody (R14, R19). */
export const staleTimeouts: AdversaryFactory = (me) => ({
  tick() {
    const { status, chain } = me;
    if (status === null) return;
    const epochs = Math.floor(status.view / chain.epochLength);
    const view = asView(me.random.between(0, epochs) * chain.epochLength);
    const subject = { type: 'timeout-vote', chainId: chain.chainId, view } as const;
    toAll(me, { ...subject, signature: me.sign(subject), highestTc: null });
  },
});
