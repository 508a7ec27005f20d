import { decodeMessage, encodeMessage } from '../codec/messages.ts';
import type { ChainParameters } from '../model/chain.ts';
import type { ReplicaId } from '../model/ids.ts';
import type { Message } from '../model/messages.ts';
import type { AdversaryHost } from './adversary-host.ts';
import type { EventQueue } from './event-queue.ts';
import { createFlights } from './flights.ts';
import type { Host } from './host.ts';
import { estimatedSize } from './message-size.ts';
import type { SimulatedNetwork } from './network.ts';
import type { Witness } from './witness.ts';

/** What becomes of a message on its way; when nothing is returned, the network decides. */
export type Interception = 'deliver' | 'drop' | { readonly delayMs: number } | undefined;

/** Sees every message before the network does, loopback excluded. */
export type Interceptor = (from: number, to: number, message: Message) => Interception;

export interface PostSurroundings {
  readonly queue: EventQueue;
  readonly network: SimulatedNetwork;
  readonly chain: ChainParameters;
  /** Keys of the replicas by index; that of a twin is there twice. */
  readonly ids: readonly ReplicaId[];
  /** Whether messages travel as frames of the real codec. */
  readonly encode: boolean;
  readonly witness: Witness | null;
  host(index: number): Host | undefined;
  adversary(index: number): AdversaryHost | undefined;
  fail(checker: string, what: string): never;
}

/** Carries messages between replicas: past adversaries, interceptors and the network. */
export interface Post {
  /** Messages that were sent, each copy of a broadcast counted. */
  readonly sent: number;
  readonly isIntercepted: boolean;
  /** A replica sends; a Byzantine one has its last word on what. `all` includes the sender (R24). */
  transmit(from: number, to: readonly ReplicaId[] | 'all', message: Message): void;
  /** An adversary sends, on its own account. */
  send(from: number, to: ReplicaId, message: Message): void;
  /** Delivers past network and interceptors. */
  give(from: number, to: number, message: Message, delayMs: number): void;
  intercept(interceptor: Interceptor): void;
  stopIntercepting(interceptor?: Interceptor): void;
}

export function createPost(world: PostSurroundings): Post {
  const { queue, network, chain, ids } = world;
  const format = { scheme: chain.scheme, limits: chain.limits };
  const instancesOf = new Map<ReplicaId, number[]>();
  for (const [index, id] of ids.entries()) instancesOf.set(id, [...(instancesOf.get(id) ?? []), index]);
  const everybody = [...instancesOf.keys()];
  const interceptors = new Set<Interceptor>();
  const takeOff = createFlights(world.witness, () => queue.now, network.boundMs);
  let sent = 0;

  const deliver = (from: number, to: number, message: Message, bytes: number): void => {
    const sender = ids[from] as ReplicaId;
    if (world.adversary(to)?.receive(sender, message) === false) return;
    world.host(to)?.receive(sender, message, bytes);
  };
  const deliverFrame = (from: number, to: number, frame: Uint8Array): void => {
    const decoded = decodeMessage(format, frame);
    if ('value' in decoded) deliver(from, to, decoded.value, frame.length);
    else if (world.adversary(from) === undefined) {
      world.fail('codec', `r${from} sent what r${to} cannot decode: ${decoded.rejection.detail}`);
    }
  };
  /** Adversaries may say what has no bytes; honest replicas never do. */
  const encode = (from: number, message: Message): Uint8Array | 'unencodable' => {
    try {
      return encodeMessage(chain.scheme, message);
    } catch (error) {
      if (error instanceof RangeError && world.adversary(from) !== undefined) return 'unencodable';
      throw error;
    }
  };
  const deliverAfter = (delayMs: number, from: number, to: number, message: Message): void => {
    const frame = world.encode && from !== to ? encode(from, message) : null;
    if (frame === 'unencodable') return;
    const land = takeOff(from, to, message, delayMs);
    queue.schedule(queue.now + delayMs, () => {
      if (!network.connects(from, to)) return land?.('cut off');
      land?.(world.host(to)?.isUp === true ? 'delivered' : 'nobody there');
      if (frame === null) deliver(from, to, message, estimatedSize(chain.scheme, message));
      else deliverFrame(from, to, frame);
    });
  };
  const verdictOn = (from: number, to: number, message: Message): Interception => {
    if (interceptors.size === 0) return undefined;
    for (const interceptor of interceptors) {
      const verdict = interceptor(from, to, message);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  };
  const dispatch = (from: number, to: number, message: Message): void => {
    sent++;
    if (from === to) return deliverAfter(0, from, to, message);
    const verdict = verdictOn(from, to, message);
    if (verdict === 'drop') return takeOff(from, to, message, null)?.('dropped');
    const delays = typeof verdict === 'object' ? [verdict.delayMs] : network.route(from, to, queue.now);
    if (delays.length === 0)
      takeOff(from, to, message, null)?.(network.connects(from, to) ? 'lost' : 'cut off');
    for (const delayMs of delays) deliverAfter(delayMs, from, to, message);
  };

  return {
    get sent() {
      return sent;
    },
    get isIntercepted() {
      return interceptors.size > 0;
    },
    transmit(from, to, message) {
      const adversary = world.adversary(from);
      for (const recipient of to === 'all' ? everybody : to) {
        for (const index of instancesOf.get(recipient) ?? []) {
          if (adversary === undefined || index === from) dispatch(from, index, message);
          else for (const one of adversary.send(recipient, message)) dispatch(from, index, one);
        }
      }
    },
    send(from, to, message) {
      for (const index of instancesOf.get(to) ?? []) dispatch(from, index, message);
    },
    give(from, to, message, delayMs) {
      const land = takeOff(from, to, message, delayMs);
      queue.schedule(queue.now + delayMs, () => {
        land?.(world.host(to)?.isUp === true ? 'delivered' : 'nobody there');
        deliver(from, to, message, estimatedSize(chain.scheme, message));
      });
    },
    intercept: (interceptor) => void interceptors.add(interceptor),
    stopIntercepting(interceptor) {
      if (interceptor === undefined) interceptors.clear();
      else interceptors.delete(interceptor);
    },
  };
}
