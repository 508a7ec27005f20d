import { decodeMessage } from '../codec/messages.ts';
import type { WireFormat } from '../codec/primitives.ts';
import type { Block } from '../model/block.ts';
import type { Rejection } from '../model/events.ts';
import type { Message } from '../model/messages.ts';
import type { HashData } from './data-hash.ts';
import type { WaitingFrame } from './input-queue.ts';
import { channelOf } from './message-channel.ts';

/** What a frame held. Both may be there: a sync response is cut before its first bad block, and the rest rejected. */
export interface ReadFrame {
  readonly message: Message | null;
  readonly rejected: { readonly message: string; readonly rejection: Rejection } | null;
}

/**
 * Decodes a frame and checks the data of every block in it against its data hash (R17). Throws `AppFault` when the
 * app's own `dataHash` fails, and nothing else.
 */
export function readFrame(format: WireFormat, hashData: HashData, waiting: WaitingFrame): ReadFrame {
  const decoded = decodeMessage(format, waiting.frame);
  if ('rejection' in decoded) return rejected('frame', decoded.rejection);
  const message = decoded.value;
  if (channelOf(message) !== waiting.channel) {
    const detail = `${message.type} on the channel ${waiting.channel}`;
    return rejected(message.type, { code: 'malformed', detail });
  }
  if (message.type === 'proposal') {
    if (hasItsData(hashData, message.block)) return { message, rejected: null };
    return rejected(message.type, badDataHash(message.block));
  }
  if (message.type !== 'block-sync-response') return { message, rejected: null };
  const bad = message.blocks.findIndex((block) => !hasItsData(hashData, block));
  if (bad < 0) return { message, rejected: null };
  // The request is answered, if badly: the core goes on with what is good instead of waiting for its time-out.
  return {
    message: { ...message, blocks: message.blocks.slice(0, bad) },
    rejected: { message: message.type, rejection: badDataHash(message.blocks[bad] as Block) },
  };
}

const hasItsData = (hashData: HashData, block: Block): boolean => hashData(block.data) === block.dataHash;

const rejected = (message: string, rejection: Rejection): ReadFrame => ({
  message: null,
  rejected: { message, rejection },
});

const badDataHash = ({ height, hash }: Block): Rejection => ({
  code: 'bad-data-hash',
  detail: `the data of block ${hash} at height ${height} is not what its data hash says`,
});
