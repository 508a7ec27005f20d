import type { ReplicaId } from '../../../../src/model/ids.ts';
import type { FrameReceiver, Network } from '../../../../src/ports/network.ts';

/** Connects replicas of one process; frames arrive later, in order, unless `drop` says that they are lost. */
export interface Hub {
  join(id: ReplicaId): Network;
  leave(id: ReplicaId): void;
  drop: (from: ReplicaId, to: ReplicaId) => boolean;
}

export function createHub(): Hub {
  const receivers = new Map<ReplicaId, FrameReceiver | null>();
  const hub: Hub = {
    drop: () => false,
    join(id) {
      receivers.set(id, null);
      const send: Network['send'] = (to, channel, frame) => {
        if (hub.drop(id, to)) return;
        const copy = frame.slice();
        setImmediate(() => receivers.get(to)?.(id, channel, copy));
      };
      const peers = (): ReplicaId[] => [...receivers.keys()].filter((other) => other !== id);
      const close = async (): Promise<void> => hub.leave(id);
      return {
        listen: (receive) => void receivers.set(id, receive),
        send,
        broadcast(channel, frame) {
          for (const peer of peers()) send(peer, channel, frame);
        },
        updateValidators: () => {},
        connectedPeers: peers,
        close,
        [Symbol.asyncDispose]: close,
      };
    },
    leave: (id) => void receivers.delete(id),
  };
  return hub;
}
