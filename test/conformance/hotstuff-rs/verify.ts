import { createVerifier } from '../../../src/adapters/piscina/index.ts';
import { blockHash } from '../../../src/codec/block.ts';
import { signingPreimage } from '../../../src/codec/signing.ts';
import { certificateIn } from '../../../src/core/certificates.ts';
import { type Core, createCore } from '../../../src/core/step.ts';
import { hasQuorumShape, signaturesOf, subjectOf } from '../../../src/core/verdicts.ts';
import type { Block } from '../../../src/model/block.ts';
import { isGenesisPc, type ProgressCertificate } from '../../../src/model/certificate.ts';
import { DEFAULT_LIMITS, defaultSettings } from '../../../src/model/chain.ts';
import { asPower, asReplicaId } from '../../../src/model/ids.ts';
import type { Message } from '../../../src/model/messages.ts';
import { createValidatorSet, type ValidatorSet } from '../../../src/model/validator-set.ts';
import type { Verifier } from '../../../src/ports/signature-scheme.ts';
import { CHAIN, key } from './cast.ts';

// The product's own verdicts: the addon's on signatures, the core's on quorums.

export const verifier: Verifier = createVerifier({ scheme: 'ed25519', workers: 0 });

const core: Core = createCore({
  me: key('k1').id,
  chain: { chainId: CHAIN, scheme: 'ed25519', epochLength: 10, leaderTenure: 1, limits: DEFAULT_LIMITS },
  settings: defaultSettings(),
  seed: 1,
});

export function setFrom(members: readonly (readonly [id: string, power: number | string])[]): ValidatorSet {
  const set = createValidatorSet(
    members.map(([id, power]) => ({ id: asReplicaId(id), power: asPower(Number(power)) })),
  );
  if (typeof set === 'string') throw new Error(set);
  return set;
}

/** Whether every signature in the certificate is good and in its slot; of a quorum or not. */
export async function isSignedWell(certificate: ProgressCertificate, set: ValidatorSet): Promise<boolean> {
  const preimage = signingPreimage('ed25519', subjectOf(certificate));
  const signatures = signaturesOf(certificate);
  const verdicts = await verifier.check([{ type: 'certificate', set, preimage, signatures }], 'now');
  return verdicts[0] === 1;
}

/** correct(PC) of SPECIFICATION.md section 6, given the set that should have signed. */
export async function isCorrect(certificate: ProgressCertificate, set: ValidatorSet): Promise<boolean> {
  if (isGenesis(certificate)) return true;
  return hasQuorumShape(core, set, signaturesOf(certificate)) && (await isSignedWell(certificate, set));
}

export const isGenesis = (certificate: ProgressCertificate): boolean =>
  certificate.type === 'pc' && isGenesisPc(certificate.pc);

export const blocksIn = (message: Message): readonly Block[] => {
  if (message.type === 'proposal') return [message.block];
  return message.type === 'block-sync-response' ? message.blocks : [];
};

/** All certificates of a message, those of a sync response's blocks included. */
export const allCertificatesIn = (message: Message): readonly ProgressCertificate[] => {
  if (message.type !== 'block-sync-response') {
    const certificate = certificateIn(message);
    return certificate === null ? [] : [certificate];
  }
  const pcs = [...message.blocks.map(({ justify }) => justify), message.highestPc];
  return pcs.map((pc) => ({ type: 'pc', pc }));
};

export const hashOf = ({ height, justify, dataHash }: Block): string =>
  blockHash('ed25519', height, justify, dataHash);
