import { beforeEach, describe, expect, it } from 'vitest';
import type { Dialer } from '../../../src/adapters/tls/dialer.ts';
import type { Link } from '../../../src/adapters/tls/link.ts';
import { createPeerTable, type PeerTable } from '../../../src/adapters/tls/peer-table.ts';
import { createSendQueue } from '../../../src/adapters/tls/send-queue.ts';
import { createTrafficCounters } from '../../../src/adapters/tls/statistics.ts';
import { asReplicaId, type ReplicaId } from '../../../src/model/ids.ts';

const id = (name: string): ReplicaId => asReplicaId(name);
const SELF = id('m');

let dialers: string[];
beforeEach(() => {
  dialers = [];
});

describe('places', () => {
  it('are always there for validators and configured peers, however many strangers came', () => {
    const table = create({ maxStrangers: 2 });
    table.setValidators(new Set([SELF, id('v')]));
    table.setAddresses(new Map([[id('p'), 'host:1']]));
    connect(table, 's1');
    connect(table, 's2');
    expect(table.refusalOf(id('s3'), false)?.code).toBe('full');
    expect(table.refusalOf(id('v'), false)).toBeNull();
    expect(table.refusalOf(id('p'), false)).toBeNull();
  });

  it('do not count strangers that left or became validators', () => {
    const table = create({ maxStrangers: 1 });
    const leaving = connect(table, 's1');
    expect(table.refusalOf(id('s2'), false)?.code).toBe('full');
    leaving.connection = null;
    table.release(leaving);
    expect(table.refusalOf(id('s2'), false)).toBeNull();
    connect(table, 's2');
    table.setValidators(new Set([id('s2')]));
    expect(table.refusalOf(id('s3'), false)).toBeNull();
  });

  it('are for known peers only when strangers are not accepted', () => {
    const table = create({ acceptUnknown: false });
    table.setValidators(new Set([id('v')]));
    expect(table.refusalOf(id('s'), false)?.code).toBe('not-welcome');
    expect(table.refusalOf(id('v'), false)).toBeNull();
    connect(table, 'v');
    expect(table.unwelcome(id('v'))).toBeNull();
    table.setValidators(new Set());
    expect(table.unwelcome(id('v'))?.code).toBe('not-welcome');
  });
});

describe('a second connection of the same two nodes', () => {
  it.each([
    // [peer, who dialed the first, who dials the second, whether the second is refused]
    ['z', 'we', 'we', false],
    ['z', 'they', 'we', false],
    ['z', 'they', 'they', false],
    ['z', 'we', 'they', true],
    ['a', 'they', 'they', false],
    ['a', 'we', 'they', false],
    ['a', 'we', 'we', false],
    ['a', 'they', 'we', true],
  ])('with %s: %s dialed first, %s now; refused: %s', (peer, first, second, refused) => {
    const table = create({});
    connect(table, peer, first === 'we');
    expect(table.refusalOf(id(peer), second === 'we')?.code ?? null).toBe(refused ? 'duplicate' : null);
  });
});

describe('entries', () => {
  it('are kept while a peer is a validator or configured, and no longer', () => {
    const table = create({});
    table.setValidators(new Set([SELF, id('v')]));
    table.setAddresses(
      new Map([
        [id('v'), 'host:1'],
        [id('p'), 'host:2'],
      ]),
    );
    expect(ids(table)).toEqual(['p', 'v']);
    table.setAddresses(new Map());
    expect(ids(table)).toEqual(['v']);
    table.setValidators(new Set([SELF]));
    expect(ids(table)).toEqual([]);
  });

  it('dial the address that is set, and a changed one anew', () => {
    const table = create({});
    table.setAddresses(
      new Map([
        [id('p'), 'host:1'],
        [id('q'), 'host:2'],
      ]),
    );
    table.setAddresses(
      new Map([
        [id('p'), 'host:1'],
        [id('q'), 'host:3'],
      ]),
    );
    table.setAddresses(new Map([[id('p'), 'host:1']]));
    expect(dialers).toEqual([
      'host:1 resume',
      'host:2 resume',
      'host:2 stop',
      'host:3 resume',
      'host:3 stop',
    ]);
  });

  it('keep what is queued while the address changes', () => {
    const table = create({});
    table.setAddresses(new Map([[id('p'), 'host:1']]));
    const before = table.get(id('p'));
    table.setAddresses(new Map([[id('p'), 'host:2']]));
    expect(table.get(id('p'))).toBe(before);
  });

  it('do not dial who is connected already', () => {
    const table = create({});
    connect(table, 'p');
    table.setAddresses(new Map([[id('p'), 'host:1']]));
    expect(dialers).toEqual(['host:1 rest']);
  });
});

function create(options: { readonly acceptUnknown?: boolean; readonly maxStrangers?: number }): PeerTable {
  return createPeerTable({
    self: SELF,
    acceptUnknown: true,
    maxStrangers: 8,
    createQueue: () => createSendQueue([0, 0, 0, 0], createTrafficCounters()),
    createDialer: (_, address): Dialer => ({
      address,
      rest: () => void dialers.push(`${address} rest`),
      resume: () => void dialers.push(`${address} resume`),
      stop: () => void dialers.push(`${address} stop`),
    }),
    ...options,
  });
}

/** Only who has a connection matters to the table, not what the link does. */
const NO_LINK = {} as Link;

function connect(table: PeerTable, name: string, dialed = false) {
  const peer = table.ensure(id(name));
  peer.connection = { link: NO_LINK, address: 'host:9', dialed };
  return peer;
}

const ids = (table: PeerTable): readonly string[] => [...table.all()].map((peer) => peer.id).sort();
