import type { ReplicaId } from '../model/ids.ts';
import type { PendingCommand } from './pool.ts';

/**
 * Forwarded commands of one peer that may throw while a block is filled; the peer's others then wait for the next
 * block. A command that throws may cost much before it does (a signature to check), and takes no place in the block: a
 * faulty peer could keep a leader busy with thousands of them. More would let it delay blocks for longer; fewer, delay
 * peers with clients that make mistakes. Peers that are no validators count as one: anybody may come as many.
 */
const MAX_FAILURES_OF_PEER = 16;

/** A leader's patience with each peer, for one block. */
export interface Patience {
  isOver(command: PendingCommand): boolean;
  failed(command: PendingCommand): void;
}

export function createPatience(): Patience {
  let failures: Map<ReplicaId | 'strangers', number> | null = null;
  const accountOf = ({ from, isStranger }: PendingCommand): ReplicaId | 'strangers' | null =>
    isStranger ? 'strangers' : from;
  return {
    isOver(command) {
      const account = failures === null ? null : accountOf(command);
      return account !== null && (failures?.get(account) ?? 0) >= MAX_FAILURES_OF_PEER;
    },
    failed(command) {
      const account = accountOf(command);
      if (account === null) return;
      failures ??= new Map();
      failures.set(account, (failures.get(account) ?? 0) + 1);
    },
  };
}
