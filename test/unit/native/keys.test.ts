import { describe, expect, it } from 'vitest';
import { native, SCHEME_NUMBERS, VERDICT } from '../../../src/adapters/native/binding.ts';
import {
  checkPossessions,
  createSigner,
  generateKeys,
  nativeHasher,
  possessionCheck,
  provePossession,
  publicKeyOf,
  signatureCheck,
} from '../../../src/adapters/native/index.ts';
import { merkleRoot } from '../../../src/codec/data-hash.ts';
import { possessionPreimage } from '../../../src/codec/signing.ts';
import { bytesToHex } from '../../../src/model/hex.ts';
import { asChainId, asReplicaId } from '../../../src/model/ids.ts';
import { SCHEME_SIZES, type SchemeName } from '../../../src/model/scheme.ts';

const SCHEMES: readonly SchemeName[] = ['bls12381', 'ed25519'];
const seed = (byte: number) => new Uint8Array(32).fill(byte);

describe.each(SCHEMES)('keys of %s', (scheme) => {
  const sizes = SCHEME_SIZES[scheme];

  it('have the sizes of the scheme, and the id is the public key in hex', () => {
    const { secretKey, publicKey, id } = generateKeys(scheme);
    expect(secretKey.length).toBe(sizes.secretKey);
    expect(publicKey.length).toBe(sizes.publicKey);
    expect(id).toBe(bytesToHex(publicKey));
    expect(publicKeyOf(scheme, secretKey)).toEqual(publicKey);
  });

  it('are new each time, but for the same randomness', () => {
    expect(generateKeys(scheme).id).not.toBe(generateKeys(scheme).id);
    expect(generateKeys(scheme, seed(1))).toEqual(generateKeys(scheme, seed(1)));
    expect(() => generateKeys(scheme, new Uint8Array(16))).toThrow('has 32 bytes, not 16');
  });

  it('sign votes that verify, even after the caller wiped his copy', async () => {
    const { secretKey, publicKey, id } = generateKeys(scheme, seed(2));
    const signer = createSigner(scheme, secretKey);
    secretKey.fill(0);
    expect(signer).toMatchObject({ scheme, id });
    const message = Uint8Array.of(1, 2, 3);
    const signature = await signer.sign(message);
    expect(signature.length).toBe(sizes.vote);
    const offsets = Uint32Array.of(0, 3);
    const number = SCHEME_NUMBERS[scheme];
    expect([...native.checkSignatures(number, publicKey, message, offsets, signature)]).toEqual([
      VERDICT.valid,
    ]);
  });

  it('are refused when they are none', () => {
    expect(() => createSigner(scheme, new Uint8Array(31))).toThrow('has 32 bytes, not 31');
    expect(() => publicKeyOf(scheme, new Uint8Array(0))).toThrow('has 32 bytes, not 0');
    expect(() => provePossession(scheme, new Uint8Array(33), new Uint8Array())).toThrow(
      'has 32 bytes, not 33',
    );
  });
});

describe('proofs of possession', () => {
  const chainId = asChainId(7);
  const claim = (byte: number) => {
    const { secretKey, publicKey, id } = generateKeys('bls12381', seed(byte));
    const preimage = possessionPreimage(chainId, id);
    const proof = provePossession('bls12381', secretKey, preimage) ?? new Uint8Array();
    return { publicKey, preimage, proof };
  };

  it('are asked of BLS keys only', () => {
    expect(provePossession('ed25519', seed(1), Uint8Array.of(1))).toBeNull();
    expect(claim(1).proof.length).toBe(SCHEME_SIZES.bls12381.possession);
  });

  it('are judged one by one', () => {
    const [one, two, three] = [claim(1), claim(2), claim(3)];
    expect(checkPossessions([])).toEqual([]);
    expect(checkPossessions([one, two, three])).toEqual([true, true, true]);
    const claims = [
      { ...one, proof: two.proof },
      two,
      { ...three, preimage: possessionPreimage(asChainId(8), generateKeys('bls12381', seed(3)).id) },
      { ...one, proof: one.proof.subarray(1) },
      { ...one, publicKey: new Uint8Array(0) },
      { ...one, publicKey: new Uint8Array(96) },
      three,
    ];
    expect(checkPossessions(claims)).toEqual([false, true, false, false, false, false, true]);
  });
});

describe('the hasher', () => {
  it('has the roots of the codec', () => {
    for (let count = 0; count < 20; count++) {
      const datums = Array.from({ length: count }, (_, at) => new Uint8Array(at * 7).fill(at));
      expect(nativeHasher.merkleRoot(datums), `${count} datums`).toEqual(merkleRoot(datums));
    }
  });

  it('lays items out anew in each call, whatever the size of those before', () => {
    const MEGABYTE = 1024 * 1024;
    for (const size of [1, MEGABYTE, 100, 3 * MEGABYTE, 7, 5 * MEGABYTE, 3 * MEGABYTE]) {
      const datums = [1, 2].map((byte) => new Uint8Array(size).fill(byte));
      expect(nativeHasher.merkleRoot(datums), `two of ${size} bytes`).toEqual(merkleRoot(datums));
    }
  });

  it('hashes each of many items', () => {
    const digests = nativeHasher.sha256Many([new Uint8Array(), Uint8Array.of(0x61, 0x62, 0x63)]);
    expect(bytesToHex(digests)).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' +
        'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});

describe.each(SCHEMES)('checks of single keys and signatures with %s', (scheme) => {
  const chainId = asChainId(7);
  const pair = (byte: number) => generateKeys(scheme, seed(byte));
  const proof = (byte: number) =>
    provePossession(scheme, pair(byte).secretKey, possessionPreimage(chainId, pair(byte).id));
  const check = possessionCheck(scheme);

  it('let a key into a set with its proof, where the scheme has proofs', () => {
    expect(check({ chainId, id: pair(1).id, possession: proof(1) })).toBe(true);
    expect(check({ chainId: asChainId(8), id: pair(1).id, possession: proof(1) })).toBe(scheme === 'ed25519');
    expect(check({ chainId, id: pair(1).id, possession: proof(2) })).toBe(scheme === 'ed25519');
    expect(check({ chainId, id: pair(1).id, possession: null })).toBe(scheme === 'ed25519');
    expect(check({ chainId, id: pair(1).id, possession: new Uint8Array(48) })).toBe(false);
    const noKeys = [
      '',
      'ab',
      'zz'.repeat(SCHEME_SIZES[scheme].publicKey),
      `02${'00'.repeat(SCHEME_SIZES[scheme].publicKey - 1)}`,
    ];
    for (const id of noKeys)
      expect(check({ chainId, id: asReplicaId(id), possession: proof(1) })).toBe(false);
  });

  it('know a signature of the key over the message from any other', async () => {
    const { secretKey, id: signer } = pair(1);
    const preimage = Uint8Array.of(1, 2, 3);
    const signature = await createSigner(scheme, secretKey).sign(preimage);
    const verify = signatureCheck(scheme);
    expect(verify({ signer, preimage, signature })).toBe(true);
    expect(verify({ signer: pair(2).id, preimage, signature })).toBe(false);
    expect(verify({ signer: asReplicaId('ab'), preimage, signature })).toBe(false);
    expect(verify({ signer, preimage: Uint8Array.of(1, 2), signature })).toBe(false);
    expect(verify({ signer, preimage, signature: signature.subarray(1) })).toBe(false);
    expect(verify({ signer, preimage, signature: signature.map((byte) => byte ^ 1) })).toBe(false);
  });
});
