import { createSigner, generateKeys, provePossession } from '../../../src/adapters/native/index.ts';
import { possessionPreimage, signingPreimage } from '../../../src/codec/signing.ts';
import { asBlockHash, asChainId, asPower, asView, type ReplicaId } from '../../../src/model/ids.ts';
import type { SchemeName } from '../../../src/model/scheme.ts';
import { createValidatorSet, type ValidatorSet } from '../../../src/model/validator-set.ts';
import type { CertificateJob, SignatureCheck, Signer } from '../../../src/ports/signature-scheme.ts';

// Real validators with real keys, the same in every run.

export interface Member {
  readonly id: ReplicaId;
  readonly signer: Signer;
  readonly secretKey: Uint8Array;
}

export type Vote = CertificateJob['votes'][number];

export function members(scheme: SchemeName, count: number, seed = 0): Member[] {
  return Array.from({ length: count }, (_, index) => {
    const randomness = new Uint8Array(32).fill(seed);
    randomness[0] = index;
    randomness[1] = 1;
    const { id, secretKey } = generateKeys(scheme, randomness);
    return { id, signer: createSigner(scheme, secretKey), secretKey };
  });
}

/** A new object each time: verifiers tell sets apart by identity. */
export function setOf(all: readonly Member[], power = 1): ValidatorSet {
  const set = createValidatorSet(all.map(({ id }) => ({ id, power: asPower(power) })));
  if (typeof set === 'string') throw new Error(set);
  return set;
}

export const preimageOf = (scheme: SchemeName, view: number): Uint8Array =>
  signingPreimage(scheme, {
    type: 'phase-vote',
    chainId: asChainId(1),
    view: asView(view),
    block: asBlockHash('ab'.repeat(32)),
    phase: 'generic',
  });

export const votesOf = (all: readonly Member[], preimage: Uint8Array): Promise<Vote[]> =>
  Promise.all(all.map(async ({ id, signer }) => ({ signer: id, signature: await signer.sign(preimage) })));

export const signatureCheck = (
  signer: ReplicaId,
  preimage: Uint8Array,
  signature: Uint8Array,
): SignatureCheck => ({ type: 'signature', signer, preimage, signature });

export const flipped = (bytes: Uint8Array, bit = 0): Uint8Array => {
  const copy = bytes.slice();
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
};

export const possessionOf = (scheme: SchemeName, { id, secretKey }: Member, chain = 1): Uint8Array | null =>
  provePossession(scheme, secretKey, possessionPreimage(asChainId(chain), id));
