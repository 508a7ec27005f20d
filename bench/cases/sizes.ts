import { encodeMessage } from '../../src/codec/messages.ts';
import { asBlockHash, asChainId, asView } from '../../src/model/ids.ts';
import { NO_SIGNATURES, type SchemeName, type SignatureSet } from '../../src/model/scheme.ts';
import type { Entry } from '../case.ts';
import { castOf } from '../cast.ts';
import { resultOf } from '../result.ts';

/** What the signatures of a quorum of `n` take inside a certificate, as it is sent and stored. */
export const certificateBytesEntry = (n: number): Entry => ({
  name: `certificate/bytes/bls12381/n=${n}`,
  quick: true,
  seconds: () => n / 500,
  run: async () => {
    const bytes = bytesOfSignatures('bls12381', castOf('bls12381', n).views[0]!.certificate);
    const other = bytesOfSignatures('ed25519', castOf('ed25519', n).views[0]!.certificate);
    const name = `certificate/bytes/bls12381/n=${n}`;
    return [
      resultOf({ name, unit: 'bytes', samples: [bytes], baseline: { name: 'ed25519', median: other } }),
    ];
  },
});

/** By the difference to a certificate that nobody signed, of which a scheme may still write a placeholder. */
function bytesOfSignatures(scheme: SchemeName, signatures: SignatureSet): number {
  const placeholder = scheme === 'bls12381' ? 4 + 48 : 4;
  return messageBytes(scheme, signatures) - messageBytes(scheme, NO_SIGNATURES) + placeholder;
}

function messageBytes(scheme: SchemeName, signatures: SignatureSet): number {
  const chainId = asChainId(1);
  const block = asBlockHash('ab'.repeat(32));
  const highestPc = { chainId, view: asView(1), block, phase: 'generic', signatures } as const;
  return encodeMessage(scheme, { type: 'new-view', chainId, view: asView(1), highestPc }).length;
}
