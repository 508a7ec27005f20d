import type { ReplicaId } from '../model/ids.ts';
import type { Network } from '../ports/network.ts';
import { report } from './report.ts';

/** A frame of the host's own; it belongs to the receiver. */
export type CommandReceiver = (from: ReplicaId, frame: Uint8Array) => void;

/**
 * A channel for what hosts say to each other beside the protocol, such as commands on their way to a leader, over the
 * same authenticated connections. Best effort, bounded and after consensus on a shared link.
 */
export interface CommandChannel {
  /** Nothing is sent to oneself, nor after the replica has begun to close. */
  send(to: ReplicaId, frame: Uint8Array): void;
  broadcast(frame: Uint8Array): void;
  /** Frames that come while nobody receives are dropped. */
  receive(receiver: CommandReceiver): Disposable;
}

export interface CommandLink extends CommandChannel {
  /** A frame came. */
  deliver(from: ReplicaId, frame: Uint8Array): void;
  stop(): void;
}

export function createCommandLink(me: ReplicaId, network: Pick<Network, 'send' | 'broadcast'>): CommandLink {
  let receivers: readonly CommandReceiver[] = [];
  let stopped = false;
  return {
    send(to, frame) {
      if (!stopped && to !== me) network.send(to, 'commands', frame);
    },
    broadcast(frame) {
      if (!stopped) network.broadcast('commands', frame);
    },
    receive(receiver) {
      const registered: CommandReceiver = (from, frame) => receiver(from, frame);
      receivers = [...receivers, registered];
      return {
        [Symbol.dispose]: () => {
          receivers = receivers.filter((other) => other !== registered);
        },
      };
    },
    deliver(from, frame) {
      if (stopped) return;
      for (const receive of receivers) {
        try {
          receive(from, frame);
        } catch (error) {
          report(`a receiver of commands threw on a frame of ${from}`, error);
        }
      }
    },
    stop() {
      stopped = true;
      receivers = [];
    },
  };
}
