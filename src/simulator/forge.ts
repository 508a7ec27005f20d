import { makeBlock } from '../codec/block.ts';
import { signingPreimage } from '../codec/signing.ts';
import type { Block, Datum } from '../model/block.ts';
import type { Phase, PhaseCertificate, TimeoutCertificate } from '../model/certificate.ts';
import { asHeight, asView, type BlockHash, type ChainId, type ReplicaId } from '../model/ids.ts';
import type { Subject } from '../model/messages.ts';
import type { SignatureSet } from '../model/scheme.ts';
import type { ValidatorSet } from '../model/validator-set.ts';
import { dataHashOf } from './data-check.ts';
import type { Keyring } from './signatures.ts';

/** Makes signed things by hand, for scenarios: whatever the named signers would sign if they were asked. */
export interface Forge {
  signature(signer: number, subject: Subject): Uint8Array;
  /** The signatures of a certificate over anything that can be signed. */
  signatures(subject: Subject, signers: readonly number[], set?: ValidatorSet): SignatureSet;
  phaseCertificate(what: {
    readonly view: number;
    readonly block: BlockHash;
    readonly phase?: Phase;
    readonly signers: readonly number[];
    /** In which set the signers have their slots; the genesis set by default. */
    readonly set?: ValidatorSet;
    readonly chainId?: ChainId;
  }): PhaseCertificate;
  timeoutCertificate(what: {
    readonly view: number;
    readonly signers: readonly number[];
    readonly set?: ValidatorSet;
    readonly chainId?: ChainId;
  }): TimeoutCertificate;
  /** With the right hashes for what it says, whether or not that makes sense. */
  block(what: {
    readonly height: number;
    readonly justify: PhaseCertificate;
    readonly data?: readonly Datum[];
  }): Block;
}

export function createForge(keyring: Keyring, chainId: ChainId, genesisSet: ValidatorSet): Forge {
  const { scheme } = keyring;
  const idOf = (index: number): ReplicaId => keyring.ids[index] as ReplicaId;
  const certify = (
    subject: Subject,
    signers: readonly number[],
    set: ValidatorSet = genesisSet,
  ): SignatureSet => {
    const preimage = signingPreimage(scheme, subject);
    const votes = signers.map((index) => ({
      signer: idOf(index),
      signature: keyring.sign(idOf(index), preimage),
    }));
    const { signatures } = keyring.form({ set, preimage, votes });
    if (signatures === null) throw new RangeError('a certificate needs signers that are in its set');
    return signatures;
  };
  return {
    signature: (signer, subject) => keyring.sign(idOf(signer), signingPreimage(scheme, subject)),
    signatures: certify,
    phaseCertificate({
      view,
      block,
      phase = 'generic',
      signers,
      set = genesisSet,
      chainId: chain = chainId,
    }) {
      const statement = { chainId: chain, view: asView(view), block, phase };
      return { ...statement, signatures: certify({ type: 'phase-vote', ...statement }, signers, set) };
    },
    timeoutCertificate({ view, signers, set = genesisSet, chainId: chain = chainId }) {
      const statement = { chainId: chain, view: asView(view) };
      return { ...statement, signatures: certify({ type: 'timeout-vote', ...statement }, signers, set) };
    },
    block({ height, justify, data = [] }) {
      return makeBlock(scheme, { height: asHeight(height), justify, dataHash: dataHashOf(data, {}), data });
    },
  };
}
