import type { Block } from '../../model/block.ts';
import type { AdversaryFactory } from '../adversary.ts';

/** Blocks of each lie: what a request may ask for at most, so that nothing is wrong with their number. */
const SIBLINGS = 64;

/** Answers sync requests with well-formed siblings that no certificate covers (R18, T19). */
export const fakeSync: AdversaryFactory = (me) => ({
  send(_to, message) {
    if (message.type !== 'block-sync-response') return [message];
    const first = message.blocks[0];
    if (first === undefined) return [message];
    const blocks: Block[] = Array.from({ length: SIBLINGS }, (_, at) =>
      me.makeBlock(first.height, first.justify, [Uint8Array.of(at & 0xff, at >> 8)]),
    );
    return [{ ...message, blocks }];
  },
});
