import type { AdversaryFactory } from '../adversary.ts';
import { createNotebook, createStandIn, firstTimes, honestPeers, newView } from './tools.ts';

/**
 * T2 at random: walks the locks back, then proposes on an old certificate a block that claims the next height to be
 * committed (R1, R2 and R4 together).
 */
export const staleHeights: AdversaryFactory = (me) => {
  const notes = createNotebook(me);
  const isFirst = firstTimes();
  const standIn = createStandIn(me);
  return {
    receive(_from, message) {
      notes.note(message);
      return undefined;
    },
    send(_to, message) {
      if (message.type !== 'proposal' || notes.all.length === 0) return [standIn.vote(message)];
      const { view, block } = message;
      if (view % 2 === 0) return [message];
      const old = notes.all[view % notes.all.length] ?? block.justify;
      const peers = honestPeers(me);
      if (isFirst(view)) {
        for (const { id, status } of peers) {
          const locked = status?.lockedPc.pc;
          if (locked !== undefined) me.send(id, newView(me, view - 1, notes.of(locked.block) ?? locked));
          me.send(id, newView(me, view - 1, old));
        }
      }
      const next = Math.max(...peers.map(({ status }) => status?.highestCommitted?.height ?? -1)) + 1;
      return [standIn.propose(message, me.makeBlock(next, old, block.data))];
    },
  };
};
