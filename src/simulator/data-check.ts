import { merkleRoot } from '../codec/data-hash.ts';
import type { Block, Datum } from '../model/block.ts';
import { bytesToHex } from '../model/hex.ts';
import { asDataHash, type DataHash } from '../model/ids.ts';
import type { Message } from '../model/messages.ts';
import type { App } from '../ports/app.ts';

/** The hash of a block's data: the app's own, or the library's. */
export const dataHashOf = (data: readonly Datum[], app: Pick<App, 'dataHash'>): DataHash =>
  app.dataHash?.(data) ?? asDataHash(bytesToHex(merkleRoot(data)));

/** Blocks travel as objects, so that most are hashed once for the whole world. */
const checked = new WeakMap<Block, boolean>();

function isRight(block: Block, app: Pick<App, 'dataHash'>): boolean {
  const before = checked.get(block);
  if (before !== undefined) return before;
  const right = dataHashOf(block.data, app) === block.dataHash;
  checked.set(block, right);
  return right;
}

/** Whether all data in `message` is what its block's header says (R17). */
export function hasRightData(message: Message, app: Pick<App, 'dataHash'>): boolean {
  switch (message.type) {
    case 'proposal':
      return isRight(message.block, app);
    case 'block-sync-response':
      return message.blocks.every((block) => isRight(block, app));
    default:
      return true;
  }
}
