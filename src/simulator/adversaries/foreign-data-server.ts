import type { AdversaryFactory } from '../adversary.ts';

/** Serves and proposes certified headers with other data (R17). */
export const foreignDataServer: AdversaryFactory = () => ({
  send(_to, message) {
    if (message.type === 'proposal') {
      return [{ ...message, block: { ...message.block, data: [Uint8Array.of(1, 2, 3)] } }, message];
    }
    if (message.type !== 'block-sync-response') return [message];
    return [{ ...message, blocks: message.blocks.map((block) => ({ ...block, data: [] })) }];
  },
});
