import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateKeys } from '../../../src/adapters/native/index.ts';
import { generateTlsIdentity, type TlsNetworkOptions } from '../../../src/adapters/tls/index.ts';
import type { ReplicaId } from '../../../src/model/ids.ts';
import { dialRaw, introduce, type RawPeer } from './support/raw-peer.ts';
import { createWorld, type Node, pattern, QUICK, until, type World } from './support/world.ts';

const MIB = 1024 * 1024;
/** Nobody is taken for dead while a test lets it stand still. */
const PATIENT = { ...QUICK, idleTimeoutMs: 600_000 };

let world: World;
let raws: RawPeer[];
beforeEach(() => {
  world = createWorld('ed25519');
  raws = [];
});
afterEach(async () => {
  for (const { socket } of raws) socket.destroy();
  await world.close();
});

describe('a peer that does not read', () => {
  it('is sent no more than its queue holds, and the newest of it', async () => {
    const limits = { maxQueueBytes: { consensus: 8 * MIB, commands: 8 * MIB, sync: 24 * MIB } };
    const { host, peer, id } = await connected({ limits });
    peer.socket.pause();
    const frame = pattern(MIB / 2, 1);
    for (let at = 0; at < 400; at++) {
      host.network.send(id, 'sync', frame);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [waiting] = host.network.statistics().peers;
    expect(waiting?.queuedBytes).toBeLessThanOrEqual(24 * MIB);
    expect(host.network.statistics().channels.sync.framesDropped).toBeGreaterThan(200);
    host.network.send(id, 'sync', pattern(10, 7));
    peer.socket.resume();
    await until('the newest comes', () => peer.frames.at(-1)?.frame.length === 10);
    const { framesOut, framesDropped } = host.network.statistics().channels.sync;
    expect(framesOut).toBe(peer.frames.length);
    expect(framesOut + framesDropped).toBe(401);
  });

  it('hears consensus before the commands and blocks that waited longer', async () => {
    const limits = { maxQueueBytes: { consensus: 8 * MIB, commands: 8 * MIB, sync: 64 * MIB } };
    const { host, peer, id } = await connected({ limits });
    peer.socket.pause();
    const block = pattern(MIB / 2, 1);
    for (let at = 0; at < 96; at++) host.network.send(id, 'sync', block);
    await stuck(host);
    host.network.send(id, 'commands', pattern(7, 7));
    host.network.send(id, 'consensus', pattern(5, 5));
    peer.socket.resume();
    await until('all is heard', () => peer.frames.length === 98);
    const order = peer.frames.map(({ code }) => code);
    expect(order.indexOf(2)).toBe(order.indexOf(1) + 1);
    expect(order.length - order.indexOf(2)).toBeGreaterThan(10);
  });

  it('hears consensus between the parts of one large frame', async () => {
    const limits = {
      maxFrameBytes: { consensus: MIB, commands: MIB, sync: 32 * MIB },
      maxQueueBytes: { consensus: 8 * MIB, commands: 8 * MIB, sync: 80 * MIB },
    };
    const { host, peer, id } = await connected({ limits });
    peer.socket.pause();
    const large = pattern(24 * MIB, 3);
    host.network.send(id, 'sync', large);
    await stuck(host);
    host.network.send(id, 'consensus', pattern(5, 5));
    peer.socket.resume();
    await until('both are heard', () => peer.frames.length === 2);
    expect(peer.frames.map(({ code }) => code)).toEqual([1, 3]);
    expect(Buffer.compare(peer.frames[1]?.frame ?? Buffer.alloc(0), large)).toBe(0);
  });

  it('does not hold up the others', async () => {
    const { host, peer } = await connected({});
    const other = await world.node({ peers: { [host.id]: host.network.address() ?? '' }, timing: PATIENT });
    await until('the other is connected', () => host.network.connectedPeers().includes(other.id));
    peer.socket.pause();
    for (let at = 0; at < 200; at++) {
      host.network.broadcast('consensus', pattern(MIB / 4, at));
      await until('the other has heard it', () => other.received.length === at + 1);
    }
    expect(host.network.statistics().channels.consensus.framesDropped).toBeGreaterThan(0);
  });
});

describe('what strangers let pile up', () => {
  it('is bounded over all of them', async () => {
    const host = await world.node({ timing: PATIENT, limits: { maxStrangerBytes: 4 * MIB } });
    const strangers = [await introduced(host), await introduced(host), await introduced(host)];
    for (const { peer } of strangers) peer.socket.pause();
    const frame = pattern(MIB / 4, 1);
    for (let at = 0; at < 100; at++) {
      for (const { id } of strangers) host.network.send(id, 'sync', frame);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const queued = host.network.statistics().peers.map(({ queuedBytes }) => queuedBytes);
    expect(queued.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(4 * MIB + 3 * 100 * 128);
    expect(host.network.statistics().channels.sync.framesDropped).toBeGreaterThan(0);
  });
});

/** A host and a raw peer that it knows. */
async function connected(options: Partial<TlsNetworkOptions>) {
  const keys = generateKeys('ed25519');
  const host = await world.node({ timing: PATIENT, ...options, peers: { [keys.id]: '127.0.0.1:1' } });
  return { host, ...(await introduced(host, keys)) };
}

async function introduced(
  host: Node,
  keys = generateKeys('ed25519'),
): Promise<{ peer: RawPeer; id: ReplicaId }> {
  const peer = await dialRaw(host.network.address() ?? '', await generateTlsIdentity());
  raws.push(peer);
  await introduce(peer, world.signer(keys), world.verifier);
  await until('it is connected', () => host.network.connectedPeers().includes(keys.id));
  return { peer, id: keys.id };
}

/** Waits until nothing leaves the host any more, though something waits. */
async function stuck({ network }: Node): Promise<void> {
  let before = -1;
  for (let same = 0; same < 20; ) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { framesOut } = network.statistics().channels.sync;
    const [peer] = network.statistics().peers;
    same = framesOut === before ? same + 1 : 0;
    before = framesOut;
    expect(peer?.queuedBytes).toBeGreaterThan(0);
  }
}
