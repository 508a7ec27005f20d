import type { Message } from '../model/messages.ts';
import type { Channel } from '../ports/network.ts';

/** The channel of a message is part of its form: blocks of sync must not go, nor be queued, before consensus. */
export function channelOf({ type }: Message): Channel {
  return type === 'block-sync-request' || type === 'block-sync-response' ? 'sync' : 'consensus';
}
