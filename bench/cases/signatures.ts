import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import * as blst from '@chainsafe/blst';
import { SecretKey } from '@chainsafe/blst';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { native, SCHEME_NUMBERS } from '../../src/adapters/native/binding.ts';
import { generateKeys } from '../../src/adapters/native/index.ts';
import type { SchemeName } from '../../src/model/scheme.ts';
import type { Case, Operation, Rival } from '../case.ts';
import { inTurn, preimageOf, seedOf, VIEWS } from '../cast.ts';

const messages = (scheme: SchemeName): Uint8Array[] =>
  Array.from({ length: VIEWS }, (_, view) => preimageOf(scheme, view));

/** DER around a raw Ed25519 key, as node:crypto takes it. */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export const nodePrivateKey = (secretKey: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, secretKey]), format: 'der', type: 'pkcs8' });

export const nodePublicKey = (publicKey: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, publicKey]), format: 'der', type: 'spki' });

/** Signing one vote. */
function signCase(scheme: SchemeName): Case {
  return {
    name: `sign/${scheme}`,
    prepare: () => {
      const { secretKey } = generateKeys(scheme, seedOf(0));
      const key = native.SecretKey.fromBytes(SCHEME_NUMBERS[scheme], secretKey);
      const all = messages(scheme);
      const run: Operation = { sync: inTurn(all, (message) => key.sign(message)) };
      if (scheme === 'ed25519') {
        const nodeKey = nodePrivateKey(secretKey);
        const other: Operation = { sync: inTurn(all, (message) => sign(null, message, nodeKey)) };
        return { run, rivals: [{ name: 'node:crypto', run: other }, pureEd25519Sign(secretKey, all)] };
      }
      const { shortSignatures: bls } = bls12_381;
      const other: Operation = { sync: inTurn(all, (message) => bls.sign(bls.hash(message), secretKey)) };
      return { run, rivals: [{ name: '@noble/curves', run: other }] };
    },
  };
}

/** Verifying one vote by a member of a known set, over a message not seen before. */
function verifyCase(scheme: SchemeName): Case {
  return {
    name: `verify/${scheme}`,
    prepare: () => {
      const { secretKey, publicKey } = generateKeys(scheme, seedOf(0));
      const key = native.SecretKey.fromBytes(SCHEME_NUMBERS[scheme], secretKey);
      const set = new native.KeySet(SCHEME_NUMBERS[scheme], publicKey, true);
      const index = new Uint32Array(1);
      const votes = messages(scheme).map((message) => ({
        message,
        offsets: Uint32Array.of(0, message.length),
        signature: key.sign(message),
      }));
      const run: Operation = {
        sync: inTurn(votes, ({ message, offsets, signature }) =>
          set.checkVotes(index, message, offsets, signature),
        ),
      };
      if (scheme === 'ed25519') {
        const nodeKey = nodePublicKey(publicKey);
        const other = inTurn(votes, ({ message, signature }) => verify(null, message, nodeKey, signature));
        return {
          run,
          rivals: [{ name: 'node:crypto', run: { sync: other } }, pureEd25519Verify(publicKey, votes)],
        };
      }
      return { run, rivals: [{ name: '@chainsafe/blst', run: chainsafeVerify() }, pureBlsVerify(secretKey)] };
    },
  };
}

const pureEd25519Sign = (secretKey: Uint8Array, all: readonly Uint8Array[]): Rival => ({
  name: '@noble/curves',
  run: { sync: inTurn(all, (message) => ed25519.sign(message, secretKey)) },
});

const pureEd25519Verify = (
  publicKey: Uint8Array,
  votes: readonly { readonly message: Uint8Array; readonly signature: Uint8Array }[],
): Rival => ({
  name: '@noble/curves',
  run: { sync: inTurn(votes, ({ message, signature }) => ed25519.verify(signature, message, publicKey)) },
});

function pureBlsVerify(secretKey: Uint8Array): Rival {
  const { shortSignatures: bls } = bls12_381;
  const publicKey = bls.getPublicKey(secretKey);
  const votes = messages('bls12381').map((message) => ({
    message,
    signature: bls.sign(bls.hash(message), secretKey).toBytes(),
  }));
  const run = inTurn(votes, ({ message, signature }) => bls.verify(signature, bls.hash(message), publicKey));
  return { name: '@noble/curves', run: { sync: run } };
}

/** With keys in G1 and signatures in G2, the other way round than here: there is nothing else. */
function chainsafeVerify(): Operation {
  const key = SecretKey.fromKeygen(seedOf(0));
  const publicKey = key.toPublicKey();
  const votes = messages('bls12381').map((message) => ({ message, signature: key.sign(message).toBytes() }));
  return {
    sync: inTurn(votes, ({ message, signature }) =>
      blst.verify(message, publicKey, blst.Signature.fromBytes(signature, true)),
    ),
  };
}

export const signatureCases: readonly Case[] = (['bls12381', 'ed25519'] as const).flatMap((scheme) => [
  signCase(scheme),
  verifyCase(scheme),
]);
