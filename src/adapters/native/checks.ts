import { possessionPreimage } from '../../codec/signing.ts';
import { hexToBytes } from '../../model/hex.ts';
import { demandScheme, SCHEME_SIZES, type SchemeName } from '../../model/scheme.ts';
import type { PossessedKey, SignatureCheck } from '../../ports/signature-scheme.ts';
import { native, SCHEME_NUMBERS, VERDICT } from './binding.ts';
import { checkPossessions } from './keys.ts';

/**
 * Whether keys may enter a validator set of `scheme` (R22): valid ones, with the proof of possession that the scheme
 * asks for, and none where it asks for none. On the calling thread: a millisecond for a BLS key.
 */
export function possessionCheck(scheme: SchemeName): (key: PossessedKey) => boolean {
  const size = SCHEME_SIZES[demandScheme(scheme)].publicKey;
  return ({ chainId, id, possession }) => {
    const publicKey = keyOf(id, size);
    if (publicKey === null) return false;
    if (SCHEME_SIZES[scheme].possession === 0) {
      return possession === null && native.checkKeys(SCHEME_NUMBERS[scheme], publicKey)[0] === VERDICT.valid;
    }
    if (possession === null) return false;
    const preimage = possessionPreimage(chainId, id);
    return checkPossessions([{ publicKey, preimage, proof: possession }])[0] === true;
  };
}

/**
 * Whether single signatures of `scheme` are valid, on the calling thread: some 100 µs (Ed25519) or a millisecond
 * (BLS12-381). Keys and signatures of a wrong length have no valid signature.
 */
export function signatureCheck(
  scheme: SchemeName,
): (
  check: Pick<Extract<SignatureCheck, { type: 'signature' }>, 'signer' | 'preimage' | 'signature'>,
) => boolean {
  const sizes = SCHEME_SIZES[demandScheme(scheme)];
  return ({ signer, preimage, signature }) => {
    const publicKey = keyOf(signer, sizes.publicKey);
    if (publicKey === null || signature.length !== sizes.vote) return false;
    const offsets = Uint32Array.of(0, preimage.length);
    const verdicts = native.checkSignatures(SCHEME_NUMBERS[scheme], publicKey, preimage, offsets, signature);
    return verdicts[0] === VERDICT.valid;
  };
}

/** The key's bytes; null when the id is none of the scheme. */
function keyOf(id: string, size: number): Uint8Array | null {
  return id.length === 2 * size && /^[0-9a-f]*$/.test(id) ? hexToBytes(id) : null;
}
