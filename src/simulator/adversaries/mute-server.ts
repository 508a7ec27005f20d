import type { AdversaryFactory } from '../adversary.ts';

/** Advertises, but never answers a request for blocks (R18). */
export const muteServer: AdversaryFactory = () => ({
  send: (_to, message) => (message.type === 'block-sync-response' ? [] : [message]),
});
