import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buffer,
  emptyInbox,
  INBOX_BYTES_PER_PEER,
  INBOX_MESSAGES_PER_PEER,
  takeView,
} from '../../../src/core/inbox.ts';
import { asChainId, asReplicaId, asView, type View } from '../../../src/model/ids.ts';
import type { Message } from '../../../src/model/messages.ts';

const peers = ['aa', 'bb', 'cc'].map(asReplicaId);
const messageOf = (view: View): Message => ({
  type: 'timeout-vote',
  chainId: asChainId(1),
  view,
  signature: new Uint8Array(64),
  highestTc: null,
});

describe('the buffer of later views (T10)', () => {
  test('loses nothing within its quota, and its accounting returns to zero', () => {
    const arrivals = fc.array(
      fc.record({ peer: fc.nat(2), view: fc.integer({ min: 1, max: 40 }), bytes: fc.nat(100_000) }),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(arrivals, (messages) => {
        const inbox = emptyInbox();
        const kept: number[] = [];
        for (const [at, { peer, view, bytes }] of messages.entries()) {
          const from = peers[peer] as (typeof peers)[number];
          const entry = { from, view: asView(view), message: messageOf(asView(at)), bytes };
          if (buffer(inbox, entry)) kept.push(at);
        }
        const taken: number[] = [];
        for (let view = 1; view <= 40; view++) {
          for (const { message } of takeView(inbox, asView(view)))
            taken.push('view' in message ? message.view : -1);
        }
        expect(taken.sort((a, b) => a - b)).toEqual(kept);
        expect({ bytes: inbox.bytes, peers: inbox.perPeer.size, views: inbox.views.size }).toEqual({
          bytes: 0,
          peers: 0,
          views: 0,
        });
      }),
    );
  });

  test('bounds each peer in bytes and messages, without touching the others', () => {
    const inbox = emptyInbox();
    const [loud, quiet] = peers as [(typeof peers)[number], (typeof peers)[number]];
    const message = messageOf(asView(5));
    expect(buffer(inbox, { from: loud, view: asView(5), message, bytes: INBOX_BYTES_PER_PEER })).toBe(true);
    expect(buffer(inbox, { from: loud, view: asView(5), message, bytes: 1 })).toBe(false);
    for (let at = 0; at < INBOX_MESSAGES_PER_PEER; at++) {
      expect(buffer(inbox, { from: quiet, view: asView(6), message, bytes: 1 })).toBe(true);
    }
    expect(buffer(inbox, { from: quiet, view: asView(6), message, bytes: 1 })).toBe(false);
  });
});
