import { asHeight } from '../../model/ids.ts';
import type { AdversaryFactory } from '../adversary.ts';

/** Advertises heights that it does not have, and has nothing to serve (R18). */
export const lyingAdvertiser: AdversaryFactory = (me) => ({
  send(_to, message) {
    if (message.type === 'block-sync-response') return [{ ...message, blocks: [] }];
    if (message.type !== 'advertise-block') return [message];
    const subject = { ...message, height: asHeight(message.height + 1_000) };
    return [{ ...subject, signature: me.sign(subject) }];
  },
});
