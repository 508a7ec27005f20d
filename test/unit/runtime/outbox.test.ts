import { describe, expect, it } from 'vitest';
import { portableHasher } from '../../../src/codec/data-hash.ts';
import { decodeMessage, encodeMessage } from '../../../src/codec/messages.ts';
import { signingPreimage } from '../../../src/codec/signing.ts';
import type { Block } from '../../../src/model/block.ts';
import { GENESIS_PC } from '../../../src/model/certificate.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { bytesToHex } from '../../../src/model/hex.ts';
import {
  asBlockHash,
  asChainId,
  asDataHash,
  asHeight,
  asReplicaId,
  asView,
  type ReplicaId,
} from '../../../src/model/ids.ts';
import type { Message, OutgoingMessage } from '../../../src/model/messages.ts';
import { createCounters } from '../../../src/runtime/counters.ts';
import { createOutbox, withBlock } from '../../../src/runtime/outbox.ts';
import { settle } from './support/held-store.ts';

const me = asReplicaId('0'.repeat(64));
const [peer, other] = ['1', '2'].map((digit) => asReplicaId(digit.repeat(64))) as [ReplicaId, ReplicaId];
const chainId = asChainId(7);
const vote: OutgoingMessage = {
  type: 'phase-vote',
  chainId,
  view: asView(3),
  block: asBlockHash('b'.repeat(64)),
  phase: 'generic',
};
const newView: Message = { type: 'new-view', chainId, view: asView(3), highestPc: GENESIS_PC };
const data = [new Uint8Array([1, 2])];
const block: Block = {
  height: asHeight(0),
  hash: asBlockHash('b'.repeat(64)),
  justify: GENESIS_PC,
  dataHash: asDataHash(bytesToHex(portableHasher.merkleRoot(data))),
  data,
};
const signature = new Uint8Array(64).fill(9);

function start(sign: (preimage: Uint8Array) => Promise<Uint8Array> = async () => signature) {
  const sent: (readonly [to: ReplicaId | 'all', channel: string, frame: Uint8Array])[] = [];
  const looped: { message: Message; frame: Uint8Array }[] = [];
  const faults: unknown[] = [];
  const counters = createCounters();
  const outbox = createOutbox({
    signer: { id: me, scheme: 'ed25519', sign },
    network: {
      send: (to, channel, frame) => sent.push([to, channel, frame]),
      broadcast: (channel, frame) => sent.push(['all', channel, frame]),
      connectedPeers: () => [peer, other],
    },
    counters,
    loopBack: (message, frame) => looped.push({ message, frame }),
    onFault: (error) => faults.push(error),
  });
  return { outbox, sent, looped, faults, counters };
}

describe('the outbox', () => {
  it('signs what needs a signature, over its preimage, and sends it to peers and to itself', async () => {
    const preimages: Uint8Array[] = [];
    const { outbox, sent, looped, counters } = start(async (preimage) => {
      preimages.push(preimage);
      return signature;
    });
    outbox.send(
      [peer, me],
      withBlock(vote, () => block),
    );
    await settle();
    const signed = { ...vote, signature } as Message;
    const frame = encodeMessage('ed25519', signed);
    expect(preimages).toEqual([signingPreimage('ed25519', vote as never)]);
    expect(sent).toEqual([[peer, 'consensus', frame]]);
    expect(looped).toEqual([{ message: signed, frame }]);
    expect(counters.messagesSent).toBe(1);
    expect(counters.sentByType).toEqual({ 'phase-vote': 1 });
  });

  it('signs a timeout vote without its certificate', async () => {
    const preimages: Uint8Array[] = [];
    const { outbox } = start(async (preimage) => {
      preimages.push(preimage);
      return signature;
    });
    const subject = { type: 'timeout-vote', chainId, view: asView(10) } as const;
    outbox.send('all', { ...subject, highestTc: null });
    await settle();
    expect(preimages).toEqual([signingPreimage('ed25519', subject)]);
  });

  it('encodes a broadcast once and hears it itself', () => {
    const { outbox, sent, looped, counters } = start();
    outbox.send('all', newView);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.slice(0, 2)).toEqual(['all', 'consensus']);
    expect(looped.map(({ message }) => message)).toEqual([newView]);
    expect(counters.messagesSent).toBe(2);
    expect(counters.bytesSent).toBe(2 * (sent[0]?.[2].length ?? 0));
  });

  it('sends one frame to several, and nothing over the network to itself alone', () => {
    const { outbox, sent, looped, counters } = start();
    outbox.send([peer, other], newView);
    expect(sent.map(([to]) => to)).toEqual([peer, other]);
    expect(sent[0]?.[2]).toBe(sent[1]?.[2]);
    expect(looped).toEqual([]);
    outbox.send([me], newView);
    expect(sent).toHaveLength(2);
    expect(looped).toHaveLength(1);
    expect(counters.messagesSent).toBe(2);
  });

  it('puts the block with its data in place of its name', () => {
    const { outbox, sent } = start();
    const proposal: OutgoingMessage = { type: 'proposal', chainId, view: asView(1), block: block.hash };
    outbox.send(
      'all',
      withBlock(proposal, (hash) => {
        expect(hash).toBe(block.hash);
        return block;
      }),
    );
    const decoded = decodeMessage({ scheme: 'ed25519', limits: DEFAULT_LIMITS }, sent[0]?.[2] as Uint8Array);
    expect('value' in decoded && decoded.value).toEqual({ ...proposal, block });
  });

  it('uses the sync channel for requests of blocks', () => {
    const { outbox, sent } = start();
    outbox.send([peer], { type: 'block-sync-request', chainId, startHeight: asHeight(3), limit: 5 });
    expect(sent[0]?.[1]).toBe('sync');
  });

  it('lets nothing leave once stopped, though its signature comes', async () => {
    let resolve: (signature: Uint8Array) => void = () => {};
    const { outbox, sent, looped } = start(
      () =>
        new Promise((settled) => {
          resolve = settled;
        }),
    );
    outbox.send(
      'all',
      withBlock(vote, () => block),
    );
    outbox.stop();
    resolve(signature);
    outbox.send('all', newView);
    await settle();
    expect([sent, looped]).toEqual([[], []]);
  });

  it('does not let a slow signature hold other messages up', async () => {
    const { outbox, sent } = start(() => new Promise(() => {}));
    outbox.send(
      'all',
      withBlock(vote, () => block),
    );
    outbox.send('all', newView);
    await settle();
    expect(sent).toHaveLength(1);
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('HSM is gone'))],
    ['answers with another size', async () => new Uint8Array(63)],
  ])('is a fault when the signer %s', async (_, sign) => {
    const { outbox, sent, looped, faults } = start(sign);
    outbox.send(
      'all',
      withBlock(vote, () => block),
    );
    await settle();
    expect(faults).toHaveLength(1);
    expect([sent, looped]).toEqual([[], []]);
  });
});
