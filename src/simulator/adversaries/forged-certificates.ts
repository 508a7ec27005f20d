import type { PhaseCertificate } from '../../model/certificate.ts';
import { asView } from '../../model/ids.ts';
import type { AdversaryFactory } from '../adversary.ts';
import { bent, toAll } from './tools.ts';

/** Broadcasts certificates whose bitmap, signatures, view or chain were tampered with (R5, R20). */
export const forgedCertificates: AdversaryFactory = (me) => {
  const tamperWith = (pc: PhaseCertificate): PhaseCertificate => {
    const { signatures } = pc;
    switch (me.random.below(5)) {
      case 0:
        return { ...pc, signatures: { ...signatures, bytes: bent(me, signatures.bytes) } };
      case 1:
        return { ...pc, signatures: { ...signatures, bitmap: bent(me, signatures.bitmap) } };
      case 2:
        return { ...pc, view: asView(pc.view + me.random.between(1, 50)) };
      case 3:
        return { ...pc, phase: 'commit' };
      default:
        return { ...pc, signatures: { ...signatures, slots: signatures.slots + 8 } };
    }
  };
  return {
    tick() {
      const pc = me.status?.highestPc.pc;
      if (pc === undefined || pc.view === 0 || !me.random.chance(0.3)) return;
      toAll(me, { type: 'advance-view', certificate: { type: 'pc', pc: tamperWith(pc) } });
    },
  };
};
