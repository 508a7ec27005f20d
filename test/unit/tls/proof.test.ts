import { describe, expect, it } from 'vitest';
import { type ProofSubject, proofPreimage } from '../../../src/adapters/tls/proof.ts';
import { possessionPreimage, signingPreimage } from '../../../src/codec/signing.ts';
import { asBlockHash, asChainId, asHeight, asReplicaId, asView } from '../../../src/model/ids.ts';
import type { Subject } from '../../../src/model/messages.ts';

const bytes = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

const SUBJECT: ProofSubject = {
  version: 1,
  chainId: asChainId(5),
  genesisHash: bytes(1),
  scheme: 'ed25519',
  role: 'dialer',
  binding: { dialerCertificate: bytes(2), listenerCertificate: bytes(3), exporter: bytes(4) },
  dialerHello: Uint8Array.of(1, 2, 3),
  listenerHello: Uint8Array.of(4, 5),
};

const hex = (subject: ProofSubject): string => Buffer.from(proofPreimage(subject)).toString('hex');

describe('proofPreimage', () => {
  it('differs in each thing that it binds', () => {
    const { binding } = SUBJECT;
    const variants: readonly ProofSubject[] = [
      SUBJECT,
      { ...SUBJECT, version: 2 },
      { ...SUBJECT, chainId: asChainId(6) },
      { ...SUBJECT, genesisHash: bytes(9) },
      { ...SUBJECT, scheme: 'bls12381' },
      { ...SUBJECT, role: 'listener' },
      { ...SUBJECT, binding: { ...binding, dialerCertificate: bytes(9) } },
      { ...SUBJECT, binding: { ...binding, listenerCertificate: bytes(9) } },
      {
        ...SUBJECT,
        binding: {
          ...binding,
          dialerCertificate: binding.listenerCertificate,
          listenerCertificate: binding.dialerCertificate,
        },
      },
      { ...SUBJECT, binding: { ...binding, exporter: bytes(9) } },
      { ...SUBJECT, dialerHello: Uint8Array.of(1, 2) },
      { ...SUBJECT, listenerHello: Uint8Array.of(3, 4, 5) },
      { ...SUBJECT, dialerHello: Uint8Array.of(1, 2), listenerHello: Uint8Array.of(3, 4, 5) },
      { ...SUBJECT, dialerHello: SUBJECT.listenerHello, listenerHello: SUBJECT.dialerHello },
    ];
    expect(new Set(variants.map(hex)).size).toBe(variants.length);
  });

  it('is nothing that the protocol ever signs', () => {
    const largest = asChainId(2 ** 53 - 1);
    const subjects: readonly Subject[] = [
      {
        type: 'phase-vote',
        chainId: largest,
        view: asView(1),
        block: asBlockHash('00'.repeat(32)),
        phase: 'generic',
      },
      { type: 'timeout-vote', chainId: largest, view: asView(1) },
      { type: 'advertise-block', chainId: largest, height: asHeight(1) },
    ];
    const preimage = proofPreimage(SUBJECT);
    for (const subject of subjects) {
      expect(signingPreimage('ed25519', subject).length).toBeLessThan(preimage.length);
      expect(signingPreimage('bls12381', subject)[0]).toBeLessThanOrEqual(4);
    }
    expect(possessionPreimage(largest, asReplicaId('00'.repeat(96)))[0]).toBeLessThanOrEqual(4);
    expect(Buffer.from(preimage).toString('latin1', 0, 12)).toBe('hotstuff-ts ');
  });
});
