import { describe, expect, it } from 'vitest';
import { possessionPreimage, signingPreimage } from '../../../src/codec/signing.ts';
import { bytesToHex } from '../../../src/model/hex.ts';
import { asBlockHash, asChainId, asHeight, asReplicaId, asView } from '../../../src/model/ids.ts';
import type { Subject } from '../../../src/model/messages.ts';

const chainId = asChainId(1);
const VOTE: Subject = {
  type: 'phase-vote',
  chainId,
  view: asView(2),
  block: asBlockHash('cd'.repeat(32)),
  phase: 'commit',
};
const TIMEOUT: Subject = { type: 'timeout-vote', chainId, view: asView(2) };
const ADVERTISE: Subject = { type: 'advertise-block', chainId, height: asHeight(2) };

const NUMBERS = '01000000000000000200000000000000';

describe('signing preimages', () => {
  it.each([
    ['ed25519', VOTE, `${NUMBERS}${'cd'.repeat(32)}03`],
    ['ed25519', TIMEOUT, NUMBERS],
    ['ed25519', ADVERTISE, NUMBERS],
    ['bls12381', VOTE, `01${NUMBERS}${'cd'.repeat(32)}03`],
    ['bls12381', TIMEOUT, `02${NUMBERS}`],
    ['bls12381', ADVERTISE, `03${NUMBERS}`],
  ] as const)('%s %o', (scheme, subject, hex) => {
    expect(bytesToHex(signingPreimage(scheme, subject))).toBe(hex);
  });

  it('of possession name the chain and the key', () => {
    const id = asReplicaId('ef'.repeat(96));
    expect(bytesToHex(possessionPreimage(asChainId(258), id))).toBe(
      `04${'0201000000000000'}${'ef'.repeat(96)}`,
    );
  });
});
