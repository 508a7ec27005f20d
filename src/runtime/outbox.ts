import { encodeMessage } from '../codec/messages.ts';
import { signingPreimage } from '../codec/signing.ts';
import type { Effect } from '../core/effect.ts';
import type { Block } from '../model/block.ts';
import type { BlockHash } from '../model/ids.ts';
import type { Message, OutgoingMessage, Subject } from '../model/messages.ts';
import { SCHEME_SIZES } from '../model/scheme.ts';
import type { Network } from '../ports/network.ts';
import type { Signer } from '../ports/signature-scheme.ts';
import { type Counters, increment } from './counters.ts';
import { channelOf } from './message-channel.ts';

export interface OutboxOptions {
  readonly signer: Signer;
  readonly network: Pick<Network, 'send' | 'broadcast' | 'connectedPeers'>;
  readonly counters: Counters;
  /** A message to this replica itself, with the frame that others get (R24). */
  readonly loopBack: (message: Message, frame: Uint8Array) => void;
  /** Called when the signer or the network failed: nothing more leaves. */
  readonly onFault: (error: unknown) => void;
}

type SendEffect = Extract<Effect, { type: 'send' }>;
type To = SendEffect['to'];

/** A message that is complete but for its signature. */
export type Unsigned =
  | Exclude<OutgoingMessage, { type: 'proposal' }>
  | Extract<Message, { type: 'proposal' }>;

/**
 * Signs, encodes and sends what was released. A signed message leaves when its signature is there; it holds nothing
 * else up, since the network promises no order either.
 */
export interface Outbox {
  send(to: To, message: Unsigned): void;
  /** Nothing leaves after this, signatures that are under way included. */
  stop(): void;
}

/** The message of a send effect with its block in place of the block's name. */
export function withBlock(message: OutgoingMessage, blockOf: (hash: BlockHash) => Block): Unsigned {
  return message.type === 'proposal' ? { ...message, block: blockOf(message.block) } : message;
}

export function createOutbox({ signer, network, counters, loopBack, onFault }: OutboxOptions): Outbox {
  let stopped = false;

  const deliver = (to: To, message: Message): void => {
    const frame = encodeMessage(signer.scheme, message);
    const channel = channelOf(message);
    let recipients = 0;
    if (to === 'all') {
      recipients = network.connectedPeers().length;
      network.broadcast(channel, frame);
    } else {
      for (const peer of to) {
        if (peer === signer.id) continue;
        network.send(peer, channel, frame);
        recipients += 1;
      }
    }
    counters.messagesSent += recipients;
    counters.bytesSent += recipients * frame.length;
    if (recipients > 0) increment(counters.sentByType, message.type, recipients);
    if (to === 'all' || to.includes(signer.id)) loopBack(message, frame);
  };

  const signAndDeliver = async (to: To, unsigned: Extract<Unsigned, Subject>): Promise<void> => {
    const preimage = signingPreimage(signer.scheme, subjectOf(unsigned));
    const signature = await signer.sign(preimage);
    if (stopped) return;
    const { vote: size } = SCHEME_SIZES[signer.scheme];
    if (!(signature instanceof Uint8Array && signature.length === size)) {
      throw new TypeError(`the signer must answer with ${size} bytes in the scheme ${signer.scheme}`);
    }
    deliver(to, { ...unsigned, signature });
  };

  return {
    send(to, message) {
      if (stopped) return;
      try {
        if (isUnsigned(message)) signAndDeliver(to, message).catch(onFault);
        else deliver(to, message);
      } catch (error) {
        onFault(error);
      }
    },
    stop() {
      stopped = true;
    },
  };
}

const isUnsigned = (message: Unsigned): message is Extract<Unsigned, Subject> =>
  message.type === 'phase-vote' || message.type === 'timeout-vote' || message.type === 'advertise-block';

/** Without the fields that the signature does not cover. */
function subjectOf(message: Extract<Unsigned, Subject>): Subject {
  const { type, chainId } = message;
  if (type === 'advertise-block') return { type, chainId, height: message.height };
  if (type === 'timeout-vote') return { type, chainId, view: message.view };
  return { type, chainId, view: message.view, block: message.block, phase: message.phase };
}
