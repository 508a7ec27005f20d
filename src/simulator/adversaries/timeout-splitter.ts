import type { AdversaryFactory } from '../adversary.ts';
import { isInFirstHalf } from './tools.ts';

/** Votes to leave an epoch-change view to one half only, and shows the certificate to the other half never (R14). */
export const timeoutSplitter: AdversaryFactory = (me) => ({
  send(to, message) {
    const isTimeout =
      message.type === 'timeout-vote' ||
      (message.type === 'advance-view' && message.certificate.type === 'tc');
    return isTimeout && !isInFirstHalf(me, to) ? [] : [message];
  },
});
