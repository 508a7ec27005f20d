import { createMemoryNetworkHub } from '../../../../src/adapters/memory/index.ts';
import type { ReplicaId } from '../../../../src/model/ids.ts';
import type { Network } from '../../../../src/ports/network.ts';

/** Connects replicas of one process; frames arrive unless `drop` says that they are lost. */
export interface Hub {
  /** A new end for the replica; its earlier one is closed. */
  join(id: ReplicaId): Promise<Network>;
  drop: (from: ReplicaId, to: ReplicaId) => boolean;
}

export function createHub(): Hub {
  const inner = createMemoryNetworkHub();
  const networks = new Map<ReplicaId, Network>();
  const hub: Hub = {
    drop: () => false,
    async join(id) {
      await networks.get(id)?.close();
      const network = inner.connect(id);
      networks.set(id, network);
      const send: Network['send'] = (to, channel, frame) => {
        if (!hub.drop(id, to)) network.send(to, channel, frame);
      };
      return {
        listen: (receive) => network.listen(receive),
        send,
        broadcast(channel, frame) {
          for (const peer of network.connectedPeers()) send(peer, channel, frame);
        },
        updateValidators: (sets) => network.updateValidators(sets),
        connectedPeers: () => network.connectedPeers(),
        close: () => network.close(),
        [Symbol.asyncDispose]: () => network.close(),
      };
    },
  };
  return hub;
}
