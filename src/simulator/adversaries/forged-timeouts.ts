import { signingPreimage } from '../../codec/signing.ts';
import type { TimeoutCertificate } from '../../model/certificate.ts';
import { asChainId, asView, type ChainId, type ReplicaId } from '../../model/ids.ts';
import type { AdversaryFactory } from '../adversary.ts';
import { toAll } from './tools.ts';

/** Timeout certificates of too few signers, of another chain, of views that are no epoch change (R8). */
export const forgedTimeouts: AdversaryFactory = (me) => {
  const allies: readonly ReplicaId[] = me.peers.filter(({ isHonest }) => !isHonest).map(({ id }) => id);
  const forge = (view: number, chainId: ChainId): TimeoutCertificate | null => {
    const set = me.status?.validatorSets.committed;
    if (set === undefined) return null;
    const subject = { type: 'timeout-vote', chainId, view: asView(view) } as const;
    const votes = allies.map((signer) => ({ signer, signature: me.sign(subject, signer) }));
    const { signatures } = me.keyring.form({
      set,
      votes,
      preimage: signingPreimage(me.chain.scheme, subject),
    });
    return signatures && { chainId, view: asView(view), signatures };
  };
  return {
    tick() {
      const { status, chain } = me;
      if (status === null || !me.random.chance(0.2)) return;
      const { epochLength, chainId } = chain;
      const nextChange = (Math.floor(status.view / epochLength) + me.random.between(1, 3)) * epochLength;
      const tc = me.random.pick([
        forge(nextChange, chainId),
        forge(nextChange, asChainId(99)),
        forge(status.view + 1, chainId),
      ]);
      if (tc === null) return;
      const subject = { type: 'timeout-vote', chainId, view: asView(nextChange) } as const;
      toAll(me, { type: 'advance-view', certificate: { type: 'tc', tc } });
      toAll(me, { ...subject, signature: me.sign(subject), highestTc: tc });
    },
  };
};
