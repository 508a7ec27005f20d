import { connect as connectTcp, type Socket } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateKeys, type KeyPair } from '../../../src/adapters/native/index.ts';
import { beginHeader, recordHeader } from '../../../src/adapters/tls/channels.ts';
import { encodeHello, encodeProof, type Hello } from '../../../src/adapters/tls/control.ts';
import { generateTlsIdentity, type TlsIdentity } from '../../../src/adapters/tls/index.ts';
import { secureOptions } from '../../../src/adapters/tls/secure.ts';
import { asChainId } from '../../../src/model/ids.ts';
import type { SchemeName } from '../../../src/model/scheme.ts';
import { dialRaw, introduce, type RawPeer, rawPeer, refusalOf } from './support/raw-peer.ts';
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
  type World,
} from './support/world.ts';

let world: World;
let identity: TlsIdentity;
let sockets: (Socket | Server)[];

beforeEach(async () => {
  world = createWorld('ed25519');
  identity = await generateTlsIdentity();
  sockets = [];
});
afterEach(async () => {
  for (const socket of sockets) 'destroy' in socket ? socket.destroy() : socket.close();
  await world.close();
});

describe.each<SchemeName>(['ed25519', 'bls12381'])('with %s keys', (scheme) => {
  let own: World;
  beforeEach(() => {
    own = createWorld(scheme);
  });
  afterEach(() => own.close());

  it('an impostor with the id of a validator is refused, and told so', async () => {
    const [victim, other] = own.keys(2) as [KeyPair, KeyPair];
    const host = await own.node();
    const signer = { ...own.signer(other), id: own.signer(victim).id };
    const impostor = await own.node({ signer, peers: addressesOf([host]) });
    await until('he is told', () => ofType(impostor, 'peer-refused').length > 0);
    expect(ofType(impostor, 'peer-refused')[0]).toMatchObject({ by: 'peer', code: 'bad-proof' });
    expect(ofType(host, 'peer-refused')[0]).toMatchObject({ peer: signer.id, by: 'us', code: 'bad-proof' });
    expect(host.network.connectedPeers()).toEqual([]);
  });

  it('somebody between two nodes who ends TLS on both sides connects neither', async () => {
    const [lower, higher] = own.keys(2) as [KeyPair, KeyPair];
    const host = await own.node({ keys: higher });
    const relay = await startRelay(host);
    const dialer = await own.node({ keys: lower, peers: { [host.id]: relay } });
    await until('the host has refused it', () => ofType(host, 'peer-refused').length > 0);
    expect(ofType(host, 'peer-refused')[0]).toMatchObject({ peer: dialer.id, by: 'us', code: 'bad-proof' });
    await until('the dialer is told', () => ofType(dialer, 'peer-refused').length > 0);
    expect([...host.network.connectedPeers(), ...dialer.network.connectedPeers()]).toEqual([]);
  });

  it('a member of the chain cannot use on others what a node proved to it', async () => {
    const [lower, member] = own.keys(2) as [KeyPair, KeyPair];
    const host = await own.node();
    const trap = await startTrap(member.id, scheme);
    const victim = await own.node({ keys: lower, peers: { [member.id]: trap.address } });
    await until('the victim has proved its key to the trap', () => trap.peer()?.heard.length === 2);
    const replayed = await raw(host);
    for (const { bytes } of trap.peer()?.heard ?? []) replayed.control(bytes);
    expect((await refusalOf(replayed)).code).toBe('bad-proof');
    expect(ofType(host, 'peer-refused')[0]).toMatchObject({ peer: victim.id, code: 'bad-proof' });
  });
});

describe('a node of another configuration', () => {
  it.each([
    ['chain id', { chainId: asChainId(78) }, 'wrong-chain'],
    ['genesis', { genesisHash: new Uint8Array(32) }, 'wrong-chain'],
  ] as const)('(%s) is refused in words that say what differs, on both sides', async (_, change, code) => {
    const host = await world.node();
    const other = await world.node({ ...change, peers: addressesOf([host]) });
    await until('both know', () => [host, other].every((node) => ofType(node, 'peer-refused').length > 0));
    const [there, here] = [ofType(host, 'peer-refused')[0], ofType(other, 'peer-refused')[0]];
    expect(there).toMatchObject({ peer: other.id, by: 'us', code });
    expect(here).toMatchObject({ peer: host.id, by: 'peer', code, detail: there?.detail });
    expect(host.network.statistics().endedByUs[code]).toBeGreaterThan(0);
    expect(other.network.statistics().endedByPeers[code]).toBeGreaterThan(0);
  });

  it('(scheme) is refused, from either side', async () => {
    const bls = createWorld('bls12381');
    try {
      const host = await world.node();
      const other = await bls.node();
      const dialing = await dialRaw(host.network.address() ?? '', identity);
      sockets.push(dialing.socket);
      dialing.control(encodeHello({ ...hello(), scheme: 'bls12381', id: other.id }));
      expect((await refusalOf(dialing)).code).toBe('wrong-scheme');
    } finally {
      await bls.close();
    }
  });

  it('(protocol version) is refused, with the versions of both', async () => {
    const host = await world.node();
    const newer = await raw(host);
    newer.control(
      Buffer.concat([encodeHello({ ...hello(), minVersion: 7, maxVersion: 9 }), Buffer.from('new')]),
    );
    const { code, detail } = await refusalOf(newer);
    expect(code).toBe('protocol-version');
    expect(detail).toMatch(/7 to 9.*1 to 1/);
  });

  it('(dialed under a wrong id) is refused by who dialed', async () => {
    const [lower, expected] = world.keys(2) as [KeyPair, KeyPair];
    const host = await world.node();
    const dialer = await world.node({ keys: lower, peers: { [expected.id]: host.network.address() ?? '' } });
    await until('it is refused', () => ofType(dialer, 'peer-refused').length > 0);
    expect(ofType(dialer, 'peer-refused')[0]).toMatchObject({
      peer: expected.id,
      by: 'us',
      code: 'unexpected-peer',
    });
    await until('the host is told', () => ofType(host, 'peer-refused').length > 0);
    expect(ofType(host, 'peer-refused')[0]).toMatchObject({ by: 'peer', code: 'unexpected-peer' });
  });
});

describe('TLS', () => {
  it.each([
    ['of version 1.2', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }],
    ['of another application', { ALPNProtocols: ['h2'] }],
  ] as const)('%s is refused', async (_, options) => {
    const host = await world.node();
    await expect(dialRaw(host.network.address() ?? '', identity, options as never)).rejects.toThrowError();
    await until('it is counted', () => ofType(host, 'peer-refused').length === 1);
    expect(ofType(host, 'peer-refused')[0]).toMatchObject({ peer: null, by: 'us', code: 'tls' });
  });

  it('without a certificate is refused, in words', async () => {
    const host = await world.node();
    const nameless = await dialRaw(host.network.address() ?? '', identity, {
      key: undefined,
      cert: undefined,
    } as never);
    sockets.push(nameless.socket);
    expect((await refusalOf(nameless)).code).toBe('no-certificate');
  });

  it('never resumes a session, which would show no certificate', async () => {
    const host = await world.node();
    const first = await raw(host);
    const sessions: Buffer[] = [];
    first.socket.on('session', (session) => sessions.push(session));
    await until('there is something to resume', () => sessions.length > 0);
    const second = await dialRaw(host.network.address() ?? '', identity, { session: sessions[0] });
    sockets.push(second.socket);
    expect(second.socket.isSessionReused()).toBe(false);
    const signer = world.signer(generateKeys('ed25519'));
    await introduce(second, signer, world.verifier);
    await until('it is connected', () => host.network.connectedPeers().includes(signer.id));
  });
});

describe('garbage', () => {
  it('in place of TLS ends the connection', async () => {
    const host = await world.node();
    const socket = tcp(host);
    socket.write(pattern(4_096, 3));
    await until('it is refused', () => ofType(host, 'peer-refused').length === 1);
    expect(ofType(host, 'peer-refused')[0]).toMatchObject({ peer: null, by: 'us', code: 'tls' });
    await until('the socket is gone', () => socket.destroyed);
  });

  it.each<[string, (peer: RawPeer) => void, string]>([
    ['random bytes', (peer) => peer.socket.write(pattern(4_096, 3)), 'malformed'],
    ['a frame before the proofs', (peer) => peer.record(1, pattern(10, 1)), 'malformed'],
    [
      'a frame before the proofs that it begins and never ends',
      (peer) => {
        peer.socket.write(beginHeader(60_000, 3, 1_000_000));
        peer.socket.write(pattern(50_000, 1));
      },
      'malformed',
    ],
    ['a control message that is none', (peer) => peer.control(Uint8Array.of(99)), 'malformed'],
    [
      'an endless control message',
      (peer) => peer.socket.write(recordHeader(0xffff_ffff, 0)),
      'oversize-frame',
    ],
    ['a proof without a hello', (peer) => peer.control(encodeProof(new Uint8Array(64))), 'malformed'],
  ])('during the handshake (%s) is refused, in words', async (_, write, code) => {
    const host = await world.node();
    const peer = await raw(host);
    write(peer);
    expect((await refusalOf(peer)).code).toBe(code);
    await until('the connection is gone', peer.closed);
  });

  it.each<[string, (peer: RawPeer) => void, string]>([
    ['a frame above the limit', (peer) => peer.socket.write(recordHeader(20_001, 2)), 'oversize-frame'],
    ['parts above the limit', (peer) => peer.socket.write(beginHeader(9_000, 2, 20_001)), 'oversize-frame'],
    ['an unknown channel', (peer) => peer.record(9, pattern(1, 1)), 'malformed'],
    ['another hello', (peer) => peer.control(encodeHello(hello())), 'malformed'],
  ])('from a proved peer (%s) disconnects it, with the reason', async (_, write, code) => {
    const limits = { maxFrameBytes: { consensus: 20_000, commands: 20_000, sync: 20_000 } };
    const host = await world.node({ limits });
    const { peer, id } = await proved(host);
    peer.record(2, pattern(20_000, 7));
    await until('what is allowed is heard', () => host.received.length === 1);
    write(peer);
    expect((await refusalOf(peer)).code).toBe(code);
    await until('it is disconnected', () => ofType(host, 'peer-disconnected').length === 1);
    expect(ofType(host, 'peer-disconnected')[0]).toMatchObject({ peer: id, by: 'us', code });
    expect(host.network.connectedPeers()).toEqual([]);
  });
});

describe('those who take places', () => {
  it('by 200 half-open connections do not keep a validator out', async () => {
    const host = await world.node({ limits: { maxPendingHandshakes: 32 } });
    const idle = Array.from({ length: 200 }, () => tcp(host));
    await until('they are there', () => idle.every(({ connecting }) => !connecting));
    const validator = await world.node({ peers: addressesOf([host]) });
    await until('the validator is in', () => validator.network.connectedPeers().length === 1);
    await until(
      'the others were refused',
      () => (host.network.statistics().endedByUs.overloaded ?? 0) >= 168,
    );
    expect(idle.filter(({ destroyed }) => !destroyed).length).toBeLessThanOrEqual(32);
  });

  it('by connections in a flood cost next to nothing, and a validator gets in between', async () => {
    const host = await world.node({ limits: { maxHandshakesPerSecond: 8 } });
    const flood: Socket[] = [];
    const timer = setInterval(() => {
      for (let at = 0; at < 5; at++) flood.push(tcp(host));
    }, 10);
    try {
      await until('most are turned away', () => (host.network.statistics().endedByUs.overloaded ?? 0) > 200);
      const validator = await world.node();
      // Both may dial: what comes in competes with the flood, what goes out does not.
      host.network.setPeers(addressesOf([validator]));
      validator.network.setPeers(addressesOf([host]));
      await until('the validator is in', () => validator.network.connectedPeers().length === 1);
    } finally {
      clearInterval(timer);
    }
    const told = ofType(host, 'peer-refused').filter(({ code }) => code === 'overloaded').length;
    expect(told).toBeLessThan(host.network.statistics().endedByUs.overloaded ?? 0);
    await until('they are closed', () => flood.filter(({ destroyed }) => destroyed).length > 200);
  });

  it('by mute TLS connections neither, and are told when their time is over', async () => {
    const timing = { ...QUICK, handshakeTimeoutMs: 1_000 };
    const host = await world.node({ limits: { maxPendingHandshakes: 8 }, timing });
    const mute: RawPeer[] = [];
    for (let at = 0; at < 12; at++) mute.push(await raw(host));
    expect((await refusalOf(mute[0] as RawPeer)).code).toBe('overloaded');
    const validator = await world.node({ peers: addressesOf([host]) });
    await until('the validator is in', () => validator.network.connectedPeers().length === 1);
    expect((await refusalOf(mute[11] as RawPeer)).code).toBe('timeout');
    await until('all are gone', () => mute.every(({ closed }) => closed()));
  });

  it('by silence are found out', async () => {
    const host = await world.node({ timing: { ...QUICK, heartbeatMs: 50, idleTimeoutMs: 300 } });
    const { peer } = await proved(host);
    const heartbeats = () => peer.heard.filter(({ message }) => message.type === 'heartbeat').length;
    expect((await refusalOf(peer)).code).toBe('silent');
    expect(heartbeats()).toBeGreaterThan(0);
  });

  it('by frames that they begin and never end share one bound on memory', async () => {
    const host = await world.node({ limits: { maxStrangerBytes: 1_000_000 } });
    const strangers = [await proved(host), await proved(host), await proved(host)];
    for (const { peer } of strangers) {
      peer.socket.write(recordHeader(900_000, 3));
      peer.socket.write(pattern(500_000, 1));
    }
    await until('one is out', () => ofType(host, 'peer-disconnected').length > 0);
    expect(ofType(host, 'peer-disconnected')[0]).toMatchObject({ by: 'us', code: 'overloaded' });
  });
});

const hello = (): Hello => ({
  type: 'hello',
  minVersion: 1,
  maxVersion: 1,
  chainId: CHAIN_ID,
  genesisHash: GENESIS_HASH,
  scheme: 'ed25519',
  id: generateKeys('ed25519').id,
});

async function raw(host: Node): Promise<RawPeer> {
  const peer = await dialRaw(host.network.address() ?? '', identity);
  sockets.push(peer.socket);
  return peer;
}

/** A raw peer that has proved a key of its own. */
async function proved(host: Node) {
  const peer = await raw(host);
  const signer = world.signer(generateKeys('ed25519'));
  await introduce(peer, signer, world.verifier);
  await until('it is connected', () => host.network.connectedPeers().includes(signer.id));
  return { peer, id: signer.id };
}

function tcp(host: Node): Socket {
  const [address, port] = (host.network.address() ?? '').split(':');
  const socket = connectTcp(Number(port), address);
  socket.on('error', () => {});
  sockets.push(socket);
  return socket;
}

/** Ends TLS towards the dialer and towards the host, and passes on every byte between. */
async function startRelay(host: Node): Promise<string> {
  return listenTls((inner) => {
    const [address, port] = (host.network.address() ?? '').split(':');
    const outer = connect({ host: address, port: Number(port), ...secureOptions(identity), servername: '' });
    sockets.push(outer);
    outer.on('error', () => inner.destroy());
    inner.on('error', () => outer.destroy());
    inner.pipe(outer).pipe(inner);
  });
}

/** Answers who dials with a hello and hears what it says. */
async function startTrap(id: Hello['id'], scheme: SchemeName) {
  let peer: RawPeer | null = null;
  const address = await listenTls((socket) => {
    peer = rawPeer(socket);
    peer.control(encodeHello({ ...hello(), scheme, id }));
  });
  return { address, peer: (): RawPeer | null => peer };
}

async function listenTls(onSocket: (socket: TLSSocket) => void): Promise<string> {
  const server = createServer(secureOptions(identity), (socket) => {
    sockets.push(socket);
    onSocket(socket);
  });
  sockets.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}
