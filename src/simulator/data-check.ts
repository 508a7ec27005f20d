import { merkleRoot } from '../codec/data-hash.ts';
import type { Block, Datum } from '../model/block.ts';
import { bytesToHex } from '../model/hex.ts';
import { asDataHash, type DataHash } from '../model/ids.ts';
import type { Message } from '../model/messages.ts';
import type { App } from '../ports/app.ts';

/** The library's hashes of data that was hashed before: it never changes, and travels as an object. */
const hashes = new WeakMap<readonly Datum[], DataHash>();

function hashOf(data: readonly Datum[]): DataHash {
  const before = hashes.get(data);
  if (before !== undefined) return before;
  const hash = asDataHash(bytesToHex(merkleRoot(data)));
  hashes.set(data, hash);
  return hash;
}

/** The hash of a block's data: the app's own, or the library's. */
export const dataHashOf = (data: readonly Datum[], app: Pick<App, 'dataHash'>): DataHash =>
  app.dataHash?.(data) ?? hashOf(data);

const isRight = (block: Block, app: Pick<App, 'dataHash'>): boolean =>
  dataHashOf(block.data, app) === block.dataHash;

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
