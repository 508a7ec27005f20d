import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asPower, type ReplicaId } from '../../../src/model/ids.ts';
import { createValidatorSet, type ValidatorSet } from '../../../src/model/validator-set.ts';
import type { Channel, Network } from '../../../src/ports/network.ts';

/** What an adapter of the port `Network` provides, so that the suite can be run on it. */
export interface NetworkWorld {
  /** Ends of `count` replicas that can reach each other; not listening yet. */
  create(count: number): Promise<readonly { readonly id: ReplicaId; readonly network: Network }[]>;
  /** Another end for a replica whose own was closed; not listening yet. */
  restart(id: ReplicaId): Promise<Network>;
  /** Closes what the suite left open. */
  close(): Promise<void>;
}

interface End {
  readonly id: ReplicaId;
  readonly network: Network;
  readonly received: { readonly from: ReplicaId; readonly channel: Channel; readonly frame: Uint8Array }[];
}

const CHANNELS: readonly Channel[] = ['consensus', 'commands', 'sync'];

/** What every adapter of the port promises. */
export function describeNetwork(name: string, open: () => NetworkWorld): void {
  describe(name, () => {
    let world: NetworkWorld;
    beforeEach(() => {
      world = open();
    });
    afterEach(() => world.close());

    const connect = async (count: number): Promise<readonly End[]> => {
      const ends = (await world.create(count)).map(({ id, network }) => listening(id, network));
      await until('all are connected', () =>
        ends.every(({ network }) => network.connectedPeers().length === count - 1),
      );
      return ends;
    };
    const two = async () => (await connect(2)) as readonly [End, End];

    it('names the connected peers, and not oneself', async () => {
      const ends = await connect(4);
      for (const { id, network } of ends) {
        const others = ends.map((end) => end.id).filter((other) => other !== id);
        expect([...network.connectedPeers()].sort()).toEqual(others.sort());
      }
    });

    it('keeps the order of each channel from one peer to another, and loses nothing', async () => {
      const [a, b] = await two();
      for (let at = 0; at < 900; at++) {
        a.network.send(b.id, CHANNELS[at % 3] as Channel, numbered(at, 1 + ((at * 37) % 3_000)));
        if (at % 100 === 99) await turn();
      }
      await until('all is received', () => b.received.length === 900);
      for (const [at, channel] of CHANNELS.entries()) {
        const numbers = b.received
          .filter((one) => one.channel === channel)
          .map(({ frame }) => numberOf(frame));
        expect(numbers).toEqual(Array.from({ length: 300 }, (_, n) => 3 * n + at));
      }
      expect(b.received.every(({ from }) => from === a.id)).toBe(true);
    });

    it('broadcasts to every peer and not to oneself', async () => {
      const ends = await connect(4);
      for (const [at, { network }] of ends.entries()) network.broadcast('commands', numbered(at, 50));
      await until('all is received', () => ends.every(({ received }) => received.length >= 3));
      await turn();
      for (const [at, { received }] of ends.entries()) {
        expect(received.map(({ frame }) => numberOf(frame)).sort()).toEqual(
          [0, 1, 2, 3].filter((n) => n !== at),
        );
        expect(received.map(({ from }) => ends.findIndex(({ id }) => id === from)).sort()).toEqual(
          [0, 1, 2, 3].filter((n) => n !== at),
        );
      }
    });

    it('delivers later, never during a call of send or broadcast', async () => {
      const [a, b] = await two();
      let calling = false;
      const during: boolean[] = [];
      const [c] = [await world.restart(await closed(b))];
      c.listen((from, channel, frame) => {
        during.push(calling);
        calling = true;
        if (during.length < 20) c.send(from, channel, frame);
        calling = false;
      });
      await until('it is connected again', () => a.network.connectedPeers().length === 1);
      for (let at = 0; at < 20; at++) a.network.send(b.id, 'consensus', numbered(at, 8));
      await until('all is received', () => during.length === 20);
      expect(during).not.toContain(true);
      await c.close();
    });

    it.each([0, 1, 65_536, 65_537, 1_000_003])('carries a frame of %i bytes unchanged', async (length) => {
      const [a, b] = await two();
      const sent = Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) & 0xff);
      for (const channel of CHANNELS) a.network.send(b.id, channel, sent);
      await until('all is received', () => b.received.length === 3);
      expect(b.received.map(({ channel }) => channel).sort()).toEqual([...CHANNELS].sort());
      for (const { frame } of b.received) expect(Buffer.compare(frame, sent)).toBe(0);
    });

    it('leaves a frame to its receiver: what one does with it, nobody else sees', async () => {
      const ends = await connect(3);
      const [a] = ends as [End];
      const sent = Buffer.from('one frame for all');
      a.network.broadcast('consensus', sent);
      a.network.broadcast('consensus', sent);
      const others = ends.slice(1);
      await until('all is received', () => others.every(({ received }) => received.length === 2));
      others[0]?.received[0]?.frame.fill(0);
      expect(sent.toString()).toBe('one frame for all');
      const texts = others.flatMap(({ received }) =>
        received.map(({ frame }) => Buffer.from(frame).toString()),
      );
      expect(texts.slice(1)).toEqual(Array(3).fill('one frame for all'));
      await turn();
      a.network.send(others[0]?.id as ReplicaId, 'consensus', Buffer.from('another of equal'));
      await until('the next is received', () => others[0]?.received.length === 3);
      expect(Buffer.from(others[0]?.received[1]?.frame ?? []).toString()).toBe('one frame for all');
    });

    it('passes over frames for oneself and for who is not there', async () => {
      const [a, b] = await two();
      const gone = await closed(b);
      await until('the end is seen', () => a.network.connectedPeers().length === 0);
      for (const channel of CHANNELS) {
        a.network.send(gone, channel, numbered(1, 8));
        a.network.send(a.id, channel, numbered(2, 8));
        a.network.broadcast(channel, numbered(3, 8));
      }
      await turn();
      expect([...a.received, ...b.received]).toEqual([]);
    });

    it('connects a replica that restarts, and delivers to its new end alone', async () => {
      const [a, b] = await two();
      const network = await world.restart(await closed(b));
      const again = listening(b.id, network);
      await until('both are connected', () =>
        [a, again].every((end) => end.network.connectedPeers().length === 1),
      );
      a.network.send(b.id, 'consensus', numbered(5, 8));
      again.network.send(a.id, 'sync', numbered(6, 8));
      await until('both are received', () => a.received.length === 1 && again.received.length >= 1);
      expect(again.received.map(({ frame }) => numberOf(frame))).toEqual([5]);
      expect(b.received).toEqual([]);
    });

    it('accepts validator sets at any time', async () => {
      const { id, network } = (await world.create(1))[0]!;
      const set = createValidatorSet([{ id, power: asPower(1) }]) as ValidatorSet;
      network.updateValidators({ committed: set, previous: set });
      network.listen(() => {});
      network.updateValidators({ committed: set, previous: set });
      expect(network.connectedPeers()).toEqual([]);
    });

    it('listens once', async () => {
      const { network } = (await world.create(1))[0]!;
      network.listen(() => {});
      expect(() => network.listen(() => {})).toThrowError();
    });

    it('closes, once and for all, without a throw from what is called later', async () => {
      const [a, b] = await two();
      await Promise.all([a.network.close(), a.network.close()]);
      await a.network[Symbol.asyncDispose]();
      await until('the end is seen', () => b.network.connectedPeers().length === 0);
      a.network.send(b.id, 'consensus', numbered(1, 8));
      a.network.broadcast('sync', numbered(1, 8));
      expect(a.network.connectedPeers()).toEqual([]);
      expect(() => a.network.listen(() => {})).toThrowError();
      b.network.broadcast('consensus', numbered(2, 8));
      await turn();
      expect([...a.received, ...b.received]).toEqual([]);
    });
  });
}

function listening(id: ReplicaId, network: Network): End {
  const received: End['received'] = [];
  network.listen((from, channel, frame) => received.push({ from, channel, frame }));
  return { id, network, received };
}

async function closed({ id, network }: End): Promise<ReplicaId> {
  await network.close();
  return id;
}

/** A frame of `length` bytes or a few more that says which it is. */
function numbered(number: number, length: number): Uint8Array {
  const frame = new Uint8Array(Math.max(length, 4)).fill(number);
  new DataView(frame.buffer).setUint32(0, number);
  return frame;
}

const numberOf = ({ buffer, byteOffset }: Uint8Array): number =>
  new DataView(buffer, byteOffset).getUint32(0);

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** Far more than anything here takes. */
const LIMIT_MS = 30_000;

async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
