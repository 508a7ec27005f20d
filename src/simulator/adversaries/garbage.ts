import { asBlockHash, asHeight, asView, MAX_INTEGER } from '../../model/ids.ts';
import type { Message } from '../../model/messages.ts';
import type { AdversaryFactory } from '../adversary.ts';

/** Sends its messages with fields that make no sense, beside the right ones (R5, R23). */
export const garbage: AdversaryFactory = (me) => {
  const anyView = () =>
    asView(me.random.pick([0, 1, MAX_INTEGER, (me.status?.view ?? 0) + me.random.below(1_000)]));
  const anyHash = () => asBlockHash(me.random.uint32().toString(16).padStart(8, '0').repeat(8));
  const spoil = (message: Message): Message => {
    switch (message.type) {
      case 'proposal':
        return { ...message, view: anyView(), block: { ...message.block, hash: anyHash() } };
      case 'nudge':
        return { ...message, view: anyView(), justify: { ...message.justify, block: anyHash() } };
      case 'phase-vote':
        return { ...message, view: anyView(), phase: me.random.pick(['generic', 'prepare', 'decide']) };
      case 'new-view':
        return { ...message, view: anyView(), highestPc: { ...message.highestPc, block: anyHash() } };
      case 'timeout-vote':
        return { ...message, view: anyView() };
      case 'advertise-block':
        return { ...message, height: asHeight(me.random.pick([0, MAX_INTEGER])) };
      case 'block-sync-request':
        return { ...message, startHeight: asHeight(MAX_INTEGER), limit: 0xffff_ffff };
      case 'block-sync-response':
        return { ...message, blocks: message.blocks.toReversed() };
      default:
        return message;
    }
  };
  return {
    send: (_to, message) => (me.random.chance(0.5) ? [message, spoil(message)] : [spoil(message), message]),
  };
};
