import { asHeight } from '../../model/ids.ts';
import type { AdversaryFactory } from '../adversary.ts';
import { toAll } from './tools.ts';

/** Asks everybody for all blocks all the time (R18). */
export const syncHog: AdversaryFactory = (me) => ({
  tick() {
    // Each answer costs a server the reading of many blocks: some will do to see that it can bear it.
    if (!me.random.chance(0.2)) return;
    const request = { type: 'block-sync-request', chainId: me.chain.chainId, limit: 0xffff_ffff } as const;
    for (const startHeight of [0, 1, 2]) toAll(me, { ...request, startHeight: asHeight(startHeight) });
  },
});
