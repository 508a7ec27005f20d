import { describe, expect, test } from 'vitest';
import { signingPreimage } from '../../../src/codec/signing.ts';
import { asBlockHash, asChainId, asHeight, asPower, asView } from '../../../src/model/ids.ts';
import type { Subject } from '../../../src/model/messages.ts';
import { createValidatorSet, type ValidatorSet } from '../../../src/model/validator-set.ts';
import { halfSipHash } from '../../../src/simulator/half-sip-hash.ts';
import { createRandom } from '../../../src/simulator/random.ts';
import { createKeyring } from '../../../src/simulator/signatures.ts';

const chainId = asChainId(7);
const vote: Subject = {
  type: 'phase-vote',
  chainId,
  view: asView(5),
  block: asBlockHash('ab'.repeat(32)),
  phase: 'generic',
};

test('the keyed hash is HalfSipHash-2-4 (published vectors, 64 bits of output)', () => {
  // Key 00 01 ... 07, messages 00 01 02 ...: vectors of the reference implementation.
  const key = { low: 0x03020100, high: 0x07060504 };
  const digest = (length: number): string => {
    const { low, high } = halfSipHash(
      key,
      Uint8Array.from({ length }, (_, at) => at),
    );
    const bytes = Buffer.alloc(8);
    bytes.writeInt32LE(low, 0);
    bytes.writeInt32LE(high, 4);
    return bytes.toString('hex');
  };
  expect([0, 1, 2, 3, 4, 7, 8, 63].map(digest)).toEqual([
    '218d1f59b9b83cc8',
    'be552412f8387315',
    '064f39ef7c50eb57',
    'ce0f1a45f7060679',
    'd5e78a175be52ea1',
    'ff202728b07bc684',
    'edfee820bce4858c',
    '2ea63c71bf326087',
  ]);
});

describe.each(['ed25519', 'bls12381'] as const)('stand-in signatures in the shape of %s', (scheme) => {
  const keyring = createKeyring(scheme, 9, createRandom(1));
  const setOf = (members: readonly number[]): ValidatorSet =>
    createValidatorSet(
      members.map((index) => ({ id: keyring.ids[index]!, power: asPower(1) })),
    ) as ValidatorSet;
  const set = setOf([0, 1, 2, 3]);
  const preimage = signingPreimage(scheme, vote);
  const certificate = (signers: readonly number[], of: ValidatorSet = set) =>
    keyring.form({
      set: of,
      preimage,
      votes: signers.map((index) => ({
        signer: keyring.ids[index]!,
        signature: keyring.sign(keyring.ids[index]!, preimage),
      })),
    });

  test('keys ascend with the index', () => {
    expect(keyring.ids.toSorted()).toEqual(keyring.ids);
  });

  test('a signature holds for its signer and subject alone', () => {
    const [signer, other] = [keyring.ids[0]!, keyring.ids[1]!];
    const signature = keyring.sign(signer, preimage);
    const check = (who: typeof signer, what: Uint8Array, bytes: Uint8Array): boolean =>
      keyring.verifies({ type: 'signature', signer: who, preimage: what, signature: bytes });
    expect(check(signer, preimage, signature)).toBe(true);
    expect(check(other, preimage, signature)).toBe(false);
    expect(check(signer, signingPreimage(scheme, { ...vote, view: asView(6) }), signature)).toBe(false);
    expect(check(signer, preimage, signature.subarray(1))).toBe(false);
    for (const at of [0, 9, signature.length - 1]) {
      const bent = signature.slice();
      bent[at]! ^= 1;
      expect(check(signer, preimage, bent)).toBe(false);
    }
  });

  test('a certificate holds for its signers, subject and slots alone', () => {
    const { signatures } = certificate([0, 2, 3]);
    const verify = (changed: Partial<NonNullable<typeof signatures>>, of = set, what = preimage): boolean =>
      keyring.verifies({
        type: 'certificate',
        set: of,
        preimage: what,
        signatures: { ...signatures!, ...changed },
      });
    expect(verify({})).toBe(true);
    expect(verify({ bitmap: Uint8Array.of(0b1011) })).toBe(false);
    expect(verify({ bitmap: Uint8Array.of(0b1001) })).toBe(false);
    expect(verify({ bitmap: Uint8Array.of(0b11101) })).toBe(false);
    expect(verify({ slots: 16 })).toBe(false);
    expect(verify({ bytes: signatures!.bytes.subarray(1) })).toBe(false);
    expect(verify({}, setOf([0, 1, 4, 5]))).toBe(false);
    expect(verify({}, set, signingPreimage(scheme, { ...vote, phase: 'commit' }))).toBe(false);
    expect(verify({ bitmap: Uint8Array.of(0), bytes: new Uint8Array(scheme === 'ed25519' ? 0 : 48) })).toBe(
      false,
    );
  });

  test('forming leaves bad votes and strangers out and names them', () => {
    const votes = [0, 1, 2, 8].map((index) => ({
      signer: keyring.ids[index]!,
      signature: keyring.sign(keyring.ids[index === 1 ? 2 : index]!, preimage),
    }));
    const formed = keyring.form({ set, preimage, votes });
    expect(formed.badSigners).toEqual([keyring.ids[1], keyring.ids[8]]);
    expect(keyring.verifies({ type: 'certificate', set, preimage, signatures: formed.signatures! })).toBe(
      true,
    );
    expect(formed.signatures!.bitmap).toEqual(Uint8Array.of(0b101));
    expect(keyring.form({ set, preimage, votes: [votes[1]!] }).signatures).toBeNull();
  });

  test('domains are as separate as in the real scheme', () => {
    const advertisement = signingPreimage(scheme, { type: 'advertise-block', chainId, height: asHeight(9) });
    const timeout = signingPreimage(scheme, { type: 'timeout-vote', chainId, view: asView(9) });
    const signature = keyring.sign(keyring.ids[0]!, advertisement);
    const passes = keyring.verifies({
      type: 'signature',
      signer: keyring.ids[0]!,
      preimage: timeout,
      signature,
    });
    expect(passes).toBe(scheme === 'ed25519');
  });

  test('a proof of possession is of one key on one chain', () => {
    const [id, other] = [keyring.ids[0]!, keyring.ids[1]!];
    const possession = keyring.possession(chainId, id);
    expect(keyring.isPossession({ chainId, id, possession })).toBe(true);
    if (scheme === 'ed25519') return expect(possession).toBeNull();
    expect(keyring.isPossession({ chainId, id: other, possession })).toBe(false);
    expect(keyring.isPossession({ chainId: asChainId(8), id, possession })).toBe(false);
    expect(keyring.isPossession({ chainId, id, possession: null })).toBe(false);
  });
});
