import { encodeMessage } from '../codec/messages.ts';
import type { Effect } from '../core/effect.ts';
import type { ReplicaEvent } from '../model/events.ts';
import type { ReplicaId } from '../model/ids.ts';
import type { BlockSyncResponse } from '../model/messages.ts';
import type { SchemeName } from '../model/scheme.ts';
import type { Network } from '../ports/network.ts';
import { type Counters, increment } from './counters.ts';

type ServeEffect = Extract<Effect, { type: 'serve-blocks' }>;

/** Peers that may wait for blocks at once; more than fetch at a time in a network that is well. Later ones ask again. */
const MAX_WAITING_PEERS = 256;

export interface SyncServerOptions {
  readonly scheme: SchemeName;
  readonly network: Pick<Network, 'send'>;
  readonly counters: Counters;
  /** Reads the blocks from a snapshot of the store; throws when the store fails. */
  readonly read: (ask: ServeEffect) => BlockSyncResponse;
  readonly emit: (event: ReplicaEvent) => void;
  readonly onFault: (error: unknown) => void;
}

/**
 * Answers requests for blocks, one per turn of the event loop, since reading and encoding megabytes takes as long as
 * whole views: consensus goes on between any two. Of each peer only the latest request waits.
 */
export interface SyncServer {
  serve(ask: ServeEffect): void;
  stop(): void;
}

export function createSyncServer(options: SyncServerOptions): SyncServer {
  const { scheme, network, counters, read, emit, onFault } = options;
  const waiting = new Map<ReplicaId, ServeEffect>();
  let turn: NodeJS.Immediate | null = null;

  const answer = (ask: ServeEffect): void => {
    const response = read(ask);
    const frame = encodeMessage(scheme, response);
    network.send(ask.to, 'sync', frame);
    counters.messagesSent += 1;
    counters.bytesSent += frame.length;
    increment(counters.sentByType, response.type);
    const { to, startHeight } = ask;
    emit({ type: 'sync-response-sent', to, startHeight, blocks: response.blocks.length });
  };

  const schedule = (): void => {
    if (turn !== null || waiting.size === 0) return;
    turn = setImmediate(() => {
      turn = null;
      const [peer, ask] = waiting.entries().next().value as [ReplicaId, ServeEffect];
      waiting.delete(peer);
      try {
        answer(ask);
      } catch (error) {
        onFault(error);
      }
      schedule();
    });
  };

  return {
    serve(ask) {
      if (!waiting.has(ask.to) && waiting.size >= MAX_WAITING_PEERS) return;
      waiting.set(ask.to, ask);
      schedule();
    },
    stop() {
      waiting.clear();
      if (turn !== null) clearImmediate(turn);
      turn = null;
    },
  };
}
