import { signingPreimage } from '../../codec/signing.ts';
import type { PhaseCertificate } from '../../model/certificate.ts';
import { asView } from '../../model/ids.ts';
import type { AdversaryFactory } from '../adversary.ts';
import { createNotebook, newView, toAll } from './tools.ts';

/** How far ahead of everybody the forged certificates are. */
const FAR = 2 ** 40;

/** Signs old blocks with all keys that the adversaries hold, retired or not, in views far ahead (R2, R11, T20). */
export const retiredKeys: AdversaryFactory = (me) => {
  const notes = createNotebook(me);
  const allies = me.peers.filter(({ isHonest }) => !isHonest).map(({ id }) => id);
  const certify = (old: PhaseCertificate): PhaseCertificate | null => {
    const sets = me.status?.validatorSets;
    if (sets === undefined) return null;
    const set = me.random.pick([sets.committed, sets.previous]);
    const statement = { chainId: me.chain.chainId, view: asView(FAR), block: old.block, phase: old.phase };
    const subject = { type: 'phase-vote', ...statement } as const;
    const votes = allies.map((signer) => ({ signer, signature: me.sign(subject, signer) }));
    const { signatures } = me.keyring.form({
      set,
      votes,
      preimage: signingPreimage(me.chain.scheme, subject),
    });
    return signatures && { ...statement, signatures };
  };
  return {
    receive(_from, message) {
      notes.note(message);
      return undefined;
    },
    tick() {
      const old = notes.all[0];
      const pc = old === undefined || !me.random.chance(0.2) ? null : certify(old);
      if (pc === null) return;
      toAll(me, newView(me, me.status?.view ?? 0, pc));
      toAll(me, { type: 'advance-view', certificate: { type: 'pc', pc } });
    },
  };
};
