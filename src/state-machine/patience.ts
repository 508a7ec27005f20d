import type { ReplicaId } from '../model/ids.ts';
import type { PendingCommand } from './pool.ts';

/**
 * Forwarded commands of one peer that may throw while a block is filled; the peer's others then wait for the next
 * block. A command that throws may cost much before it does (a signature to check), and takes no place in the block: a
 * faulty peer could keep a leader busy with thousands of them. More would let it delay blocks for longer; fewer, delay
 * peers with clients that make mistakes.
 */
const MAX_FAILURES_OF_PEER = 16;

/** A leader's patience with each peer, for one block. */
export interface Patience {
  isOver(command: PendingCommand): boolean;
  failed(command: PendingCommand): void;
}

export function createPatience(): Patience {
  let failures: Map<ReplicaId, number> | null = null;
  return {
    isOver: ({ from }) =>
      failures !== null && from !== null && (failures.get(from) ?? 0) >= MAX_FAILURES_OF_PEER,
    failed({ from }) {
      if (from === null) return;
      failures ??= new Map();
      failures.set(from, (failures.get(from) ?? 0) + 1);
    },
  };
}
