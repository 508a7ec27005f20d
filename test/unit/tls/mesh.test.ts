import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeyPair } from '../../../src/adapters/native/index.ts';
import { createTlsNetwork, generateTlsIdentity } from '../../../src/adapters/tls/index.ts';
import { asReplicaId } from '../../../src/model/ids.ts';
import type { SchemeName } from '../../../src/model/scheme.ts';
import {
  addressesOf,
  CHAIN_ID,
  createWorld,
  GENESIS_HASH,
  type Node,
  ofType,
  pattern,
  QUICK,
  until,
  validatorSet,
  type World,
} from './support/world.ts';

const SCHEMES: readonly SchemeName[] = ['ed25519', 'bls12381'];

let world: World;
beforeEach(() => {
  world = createWorld('ed25519');
});
afterEach(() => world.close());

describe.each(SCHEMES)('a mesh of %s keys', (scheme) => {
  it('connects each pair once, dialed by the lower key, and carries frames', async () => {
    const own = createWorld(scheme);
    try {
      const nodes = await own.mesh(4);
      for (const [at, node] of nodes.entries()) {
        const dialed = ofType(node, 'peer-connected').filter((event) => event.dialed);
        expect(dialed.map(({ peer }) => peer).sort()).toEqual(nodes.slice(at + 1).map(({ id }) => id));
        node.network.broadcast('consensus', pattern(1_000 + at, at));
      }
      await until('all have heard all', () => nodes.every(({ received }) => received.length === 3));
      for (const node of nodes) {
        for (const { from, channel, frame } of node.received) {
          const at = nodes.findIndex(({ id }) => id === from);
          expect({ channel, frame }).toEqual({ channel: 'consensus', frame: pattern(1_000 + at, at) });
        }
        expect(node.network.statistics().channels.consensus).toMatchObject({
          framesIn: 3,
          framesOut: 3,
          framesDropped: 0,
        });
      }
    } finally {
      await own.close();
    }
  });
});

describe('connections', () => {
  it('come about when only the higher key knows the other', async () => {
    const [lower, higher] = world.keys(2) as [KeyPair, KeyPair];
    const known = await world.node({ keys: lower });
    const joining = await world.node({ keys: higher, peers: addressesOf([known]) });
    await until('it joined', () => known.network.connectedPeers().includes(joining.id));
    expect(ofType(joining, 'peer-connected')).toMatchObject([{ peer: known.id, dialed: true }]);
    joining.network.send(known.id, 'sync', pattern(10, 1));
    await until('it is heard', () => known.received.length === 1);
  });

  it('end up as one when both sides dial at once', async () => {
    for (let round = 0; round < 10; round++) {
      const [a, b] = (await world.mesh(2, { timing: { ...QUICK, patienceMs: 0 } })) as [Node, Node];
      await until('no handshake is under way', () =>
        [a, b].every(({ network }) => network.statistics().handshakes === 0),
      );
      const [standing] = a.network.statistics().peers;
      const [mirrored] = b.network.statistics().peers;
      await until('the lower key’s connection stands', () => {
        return (
          a.network.statistics().peers[0]?.dialed === true &&
          b.network.statistics().peers[0]?.dialed === false
        );
      });
      expect([standing?.id, mirrored?.id]).toEqual([b.id, a.id]);
      a.network.send(b.id, 'consensus', pattern(5, round));
      b.network.send(a.id, 'consensus', pattern(6, round));
      await until('both are heard', () => a.received.length === 1 && b.received.length === 1);
    }
  });

  it.each([
    ['lower', 0],
    ['higher', 1],
  ])('come back when the node of the %s key restarts, under another TLS key', async (_, which) => {
    const nodes = await world.mesh(2);
    const [gone, stays] = [nodes[which], nodes[1 - which]] as [Node, Node];
    await gone.network.close();
    await until('the end is seen', () => ofType(stays, 'peer-disconnected').length === 1);
    expect(ofType(stays, 'peer-disconnected')[0]).toMatchObject({ by: 'peer', code: 'shutting-down' });
    const listen = gone.network.address();
    const back = await world.node({ keys: gone.keys, listen, peers: addressesOf([stays]) });
    await until('both are connected', () =>
      [back, stays].every(({ network }) => network.connectedPeers().length === 1),
    );
    expect(stays.network.statistics().reconnects).toBe(1);
    stays.network.send(back.id, 'consensus', pattern(3, 3));
    back.network.send(stays.id, 'consensus', pattern(4, 4));
    await until('both are heard', () => back.received.length === 1 && stays.received.length === 1);
  });

  it('are replaced by a newer one of the same key, without a gap', async () => {
    const [lower, higher] = world.keys(2) as [KeyPair, KeyPair];
    const fixed = await world.node({ keys: higher });
    const old = await world.node({ keys: lower, peers: addressesOf([fixed]) });
    await until('they are connected', () => fixed.network.connectedPeers().length === 1);
    old.network.setPeers({});
    const restarted = await world.node({ keys: lower, peers: addressesOf([fixed]) });
    await until('the new one is connected', () => restarted.network.connectedPeers().length === 1);
    await until('the old one is told', () => ofType(old, 'peer-disconnected').length === 1);
    expect(ofType(old, 'peer-disconnected')[0]).toMatchObject({ by: 'peer', code: 'superseded' });
    expect(fixed.network.connectedPeers()).toEqual([restarted.id]);
    fixed.network.send(restarted.id, 'consensus', pattern(4, 4));
    await until('the new one hears', () => restarted.received.length === 1);
    expect(old.received).toEqual([]);
  });

  it('follow the addresses as they change', async () => {
    const [lower, higher] = world.keys(2) as [KeyPair, KeyPair];
    const a = await world.node({ keys: lower });
    const b = await world.node({ keys: higher });
    a.network.setPeers({ [b.id]: '127.0.0.1:1' });
    await until('the wrong address is tried', () => ofType(a, 'dial-failed').length > 2);
    a.network.setPeers(addressesOf([b]));
    await until('the right one connects', () => a.network.connectedPeers().length === 1);
    expect(() => a.network.setPeers({ [b.id]: 'nonsense' })).toThrowError(/peers\..*nonsense/);
    a.network.setPeers({});
    await b.network.close();
    await until('the end is seen', () => a.network.connectedPeers().length === 0);
    const { dials } = a.network.statistics();
    const again = await world.node({ keys: higher, listen: b.network.address(), peers: addressesOf([a]) });
    await until('it is the other side that dials now', () => again.network.connectedPeers().length === 1);
    expect(a.network.statistics().dials).toBe(dials);
  });

  it('wait longer and longer while nobody answers', async () => {
    const waits: number[] = [];
    const { setTimeout: real } = globalThis;
    const spy = ((fire: () => void, ms = 0) => {
      if (ms !== 5_000) waits.push(ms);
      return real(fire, ms);
    }) as typeof setTimeout;
    const [lower, higher] = world.keys(2) as [KeyPair, KeyPair];
    const timing = { ...QUICK, retryMinMs: 16, retryMaxMs: 64 };
    const a = await world.node({ keys: lower, timing });
    globalThis.setTimeout = Object.assign(spy, real);
    try {
      a.network.setPeers({ [higher.id]: '127.0.0.1:1' });
      while (ofType(a, 'dial-failed').length < 6) await new Promise((resolve) => setImmediate(resolve));
    } finally {
      globalThis.setTimeout = real;
    }
    const bounds = [0, 16, 32, 64, 64, 64];
    for (const [at, bound] of bounds.entries()) {
      expect(waits[at]).toBeLessThanOrEqual(bound);
      expect(waits[at]).toBeGreaterThanOrEqual(bound / 2);
    }
    expect(
      ofType(a, 'dial-failed')
        .map(({ attempt }) => attempt)
        .slice(0, 6),
    ).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('strangers', () => {
  it('are let in up to a number, and never instead of a validator', async () => {
    const host = await world.node({ limits: { maxStrangers: 2 } });
    const peers = addressesOf([host]);
    const first = [await world.node({ peers }), await world.node({ peers })];
    await until('two are in', () => host.network.connectedPeers().length === 2);
    const third = await world.node({ peers });
    await until('the third is told', () => ofType(third, 'peer-refused').length > 0);
    expect(ofType(third, 'peer-refused')[0]).toMatchObject({ peer: host.id, by: 'peer', code: 'full' });
    host.network.updateValidators({
      committed: validatorSet([host.id, third.id]),
      previous: validatorSet([host.id]),
    });
    await until('the third is in as a validator', () => host.network.connectedPeers().length === 3);
    expect(
      host.network
        .statistics()
        .peers.filter(({ stranger }) => stranger)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(first.map(({ id }) => id).sort());
    expect(host.network.statistics().endedByUs.full).toBeGreaterThan(0);
  });

  it('stay outside when nobody unknown is accepted', async () => {
    const host = await world.node({ acceptUnknown: 'none' });
    const stranger = await world.node({ peers: addressesOf([host]) });
    await until('it is told', () => ofType(stranger, 'peer-refused').length > 0);
    expect(ofType(stranger, 'peer-refused')[0]).toMatchObject({ by: 'peer', code: 'not-welcome' });
    const set = { committed: validatorSet([stranger.id]), previous: validatorSet([host.id]) };
    host.network.updateValidators(set);
    await until('it is in as a validator', () => host.network.connectedPeers().length === 1);
    host.network.updateValidators({ committed: set.previous, previous: set.previous });
    await until('it is out again', () => host.network.connectedPeers().length === 0);
    await until('it is told', () => ofType(stranger, 'peer-disconnected').length === 1);
    expect(ofType(stranger, 'peer-disconnected')[0]).toMatchObject({ by: 'peer', code: 'not-welcome' });
  });
});

describe('frames for a peer that is away', () => {
  it('are kept if they are of consensus, and the newest, until it is back', async () => {
    const [lower, higher] = world.keys(2) as [KeyPair, KeyPair];
    const a = await world.node({ keys: lower, peers: { [higher.id]: '127.0.0.1:1' } });
    for (let at = 0; at < 100; at++) a.network.broadcast('consensus', pattern(10_000, at));
    a.network.send(higher.id, 'commands', pattern(10, 1));
    a.network.send(higher.id, 'sync', pattern(10, 1));
    const b = await world.node({ keys: higher });
    a.network.setPeers(addressesOf([b]));
    await until('the newest are heard', () => b.received.at(-1)?.frame[0] === pattern(1, 99)[0]);
    const kept = b.received.length;
    expect(kept).toBe(Math.floor((256 * 1024) / (10_000 + 128)));
    expect(b.received.map(({ frame }) => frame[0])).toEqual(
      Array.from({ length: kept }, (_, at) => pattern(1, 100 - kept + at)[0]),
    );
    expect(b.received.every(({ channel }) => channel === 'consensus')).toBe(true);
  });
});

describe('the life of a network', () => {
  it('names an address that is taken, and what to do', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const listen = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    try {
      await expect(world.node({ listen })).rejects.toThrowError(
        `listen: ${listen} is taken by another process; stop that process or choose another port`,
      );
      await expect(world.node({ listen: '203.0.113.1:0' })).rejects.toThrowError(
        /listen: .* no address of this machine/,
      );
    } finally {
      taken.close();
    }
  });

  it('begins with listen, which is called once', async () => {
    const a = await world.node();
    const [keys] = world.keys(1) as [KeyPair];
    const early = await createTlsNetwork({
      signer: world.signer(keys),
      verifier: world.verifier,
      chainId: CHAIN_ID,
      genesisHash: GENESIS_HASH,
      identity: await generateTlsIdentity(),
      listen: '127.0.0.1:0',
      timing: QUICK,
      peers: addressesOf([a]),
    });
    try {
      a.network.setPeers({ [early.id]: early.address() ?? '' });
      await until('it was dialed in vain', () => ofType(a, 'dial-failed').length > 0 || early.id < a.id);
      expect(early.connectedPeers()).toEqual([]);
      early.listen(() => {});
      await until('they connect', () => early.connectedPeers().length === 1);
      expect(() => early.listen(() => {})).toThrowError(/one receiver/);
    } finally {
      await early.close();
    }
    expect(() => early.listen(() => {})).toThrowError();
  });

  it('lets what is queued leave before it closes, and does nothing afterwards', async () => {
    const [a, b] = (await world.mesh(2)) as [Node, Node];
    for (let at = 0; at < 20; at++) a.network.send(b.id, 'sync', pattern(300_000, at));
    const closing = a.network.close();
    expect(a.network.close()).toBe(closing);
    a.network.send(b.id, 'consensus', pattern(1, 1));
    await closing;
    await until('all is heard', () => b.received.length === 20);
    expect(a.network.connectedPeers()).toEqual([]);
    a.network.broadcast('consensus', pattern(1, 1));
    a.network.setPeers(addressesOf([b]));
    expect(a.network.statistics().dials).toBe(
      ofType(a, 'peer-connected').filter(({ dialed }) => dialed).length,
    );
  });

  it('drops its own frame that no peer would take, and says so', async () => {
    const limits = { maxFrameBytes: { consensus: 1_000, commands: 1_000, sync: 1_000 } };
    const [a, b] = (await world.mesh(2, { limits })) as [Node, Node];
    a.network.send(b.id, 'commands', new Uint8Array(1_001));
    a.network.send(b.id, 'commands', new Uint8Array(1_000));
    await until('the other is heard', () => b.received.length === 1);
    expect(ofType(a, 'frame-too-large')).toEqual([
      { type: 'frame-too-large', channel: 'commands', bytes: 1_001, maxBytes: 1_000 },
    ]);
    expect(ofType(a, 'peer-disconnected')).toEqual([]);
  });

  it('goes on when its host’s event handler throws', async () => {
    const warnings: string[] = [];
    const note = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', note);
    const a = await world.node({
      onEvent: () => {
        throw new Error('a bug of the host');
      },
    });
    const b = await world.node({ peers: addressesOf([a]) });
    await until('they connect', () => b.network.connectedPeers().length === 1);
    await until('the warning came', () => warnings.includes('a bug of the host'));
    process.off('warning', note);
  });

  it('passes over frames for itself and for nobody', async () => {
    const [a, b] = (await world.mesh(2)) as [Node, Node];
    a.network.send(a.id, 'consensus', pattern(1, 1));
    a.network.send(asReplicaId('00'.repeat(32)), 'consensus', pattern(1, 1));
    a.network.send(b.id, 'consensus', pattern(1, 1));
    await until('the peer hears', () => b.received.length === 1);
    expect(a.received).toEqual([]);
  });
});
