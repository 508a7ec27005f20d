import type { PhaseCertificate } from '../../model/certificate.ts';
import type { AdversaryFactory, Peer } from '../adversary.ts';
import { createNotebook, createStandIn, firstTimes, honestPeers, newView } from './tools.ts';

const MOST_NEW_VIEWS = 4;

/**
 * The state-aware attack that forked v0.4.0 in 72 of 200 seeds: when it leads, half of the times, it keeps the view's
 * NewViews from its honest half, walks the locks back by NewViews with the certificates of the very blocks that
 * replicas are locked on, and proposes on a certificate that an honest replica is then locked on (R1, R2).
 */
export const staleCertificates: AdversaryFactory = (me) => {
  const notes = createNotebook(me);
  const isFirst = firstTimes();
  const standIn = createStandIn(me);
  let attacks = false;

  /** The certificate of the locked block, then the justify inside of that block, and so on. */
  const walkBack = (peer: Peer, view: number): void => {
    let pc: PhaseCertificate | null = peer.status?.lockedPc.pc ?? null;
    for (let step = me.random.between(1, MOST_NEW_VIEWS); step > 0 && pc !== null; step--) {
      me.send(peer.id, newView(me, view - 1, notes.of(pc.block) ?? pc));
      pc = me.block(pc.block)?.justify ?? null;
    }
  };

  return {
    receive(_from, message) {
      notes.note(message);
      return !(attacks && message.type === 'new-view');
    },
    send(_to, message) {
      notes.note(message);
      if (message.type !== 'proposal') return [standIn.vote(message)];
      const { view, block } = message;
      const peers = honestPeers(me);
      if (isFirst(view)) {
        attacks = me.random.chance(0.5);
        if (attacks) for (const peer of peers) walkBack(peer, view);
      }
      if (!attacks || peers.length === 0) return [message];
      const victim = peers[view % peers.length] as Peer;
      const justify = victim.status?.lockedPc.pc ?? block.justify;
      const parent = me.block(justify.block);
      return [standIn.propose(message, me.makeBlock((parent?.height ?? -1) + 1, justify, block.data))];
    },
  };
};
