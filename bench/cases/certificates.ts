import { verify } from 'node:crypto';
import * as blst from '@chainsafe/blst';
import { native, SCHEME_NUMBERS } from '../../src/adapters/native/binding.ts';
import { createVerifier } from '../../src/adapters/piscina/index.ts';
import { SCHEME_SIZES, type SchemeName } from '../../src/model/scheme.ts';
import type { SignatureCheck } from '../../src/ports/signature-scheme.ts';
import type { Case, Operation } from '../case.ts';
import { type Cast, castOf, inTurn, seedOf } from '../cast.ts';
import { nodePublicKey } from './signatures.ts';

/** Sizes of validator sets; a quorum of each has voted. */
const SIZES = [4, 67, 100, 1_000];
const SCHEMES: readonly SchemeName[] = ['bls12381', 'ed25519'];

/** Every vote of a certificate of `cast`, verified one by one by node:crypto. */
function nodeOneByOne({ voters, views }: Cast): Operation {
  const size = SCHEME_SIZES.ed25519.vote;
  const keys = voters.map(({ publicKey }) => nodePublicKey(publicKey));
  return {
    sync: inTurn(views, ({ preimage, votes }) =>
      keys.every((key, index) =>
        verify(null, preimage, key, votes.subarray(index * size, (index + 1) * size)),
      ),
    ),
  };
}

/** The same by the addon, with keys of no set. */
function dalekOneByOne(n: number): Operation {
  const { voters, views } = castOf('ed25519', n);
  const keys = new Uint8Array(Buffer.concat(voters.map(({ publicKey }) => publicKey)));
  const jobs = views.map(({ preimage, votes }) => ({
    messages: new Uint8Array(Buffer.concat(voters.map(() => preimage))),
    offsets: Uint32Array.from({ length: voters.length + 1 }, (_, index) => index * preimage.length),
    votes,
  }));
  return {
    sync: inTurn(jobs, ({ messages, offsets, votes }) =>
      native.checkSignatures(SCHEME_NUMBERS.ed25519, keys, messages, offsets, votes),
    ),
  };
}

/**
 * How a client of @chainsafe/blst does it: compressed votes, decompressed and checked each, verified together with
 * random coefficients, and summed. Its keys are in G1 and its signatures in G2, which it has alone.
 */
function chainsafeForm({ voters, views }: Cast): Operation {
  const keys = voters.map((_, index) => blst.SecretKey.fromKeygen(seedOf(index)));
  const publicKeys = keys.map((key) => key.toPublicKey());
  const jobs = views.slice(0, 3).map(({ preimage }) => ({
    preimage,
    votes: keys.map((key) => key.sign(preimage).toBytes()),
  }));
  return {
    sync: inTurn(jobs, ({ preimage, votes }) => {
      const signatures = votes.map((vote) => blst.Signature.fromBytes(vote, true));
      const sets = signatures.map((sig, index) => ({ msg: preimage, pk: publicKeys[index]!, sig }));
      return blst.verifyMultipleAggregateSignatures(sets) && blst.aggregateSignatures(signatures).toBytes();
    }),
  };
}

/** A quorum's votes, none of them verified yet, over a message not seen before. */
function formCase(scheme: SchemeName, n: number): Case {
  return {
    name: `certificate/form/${scheme}/n=${n}`,
    prepare: () => {
      const cast = castOf(scheme, n);
      const { keys, indexes, views } = cast;
      return {
        run: { sync: inTurn(views, ({ preimage, votes }) => keys.formCertificate(preimage, indexes, votes)) },
        baseline:
          scheme === 'bls12381'
            ? { name: '@chainsafe/blst', run: chainsafeForm(cast) }
            : { name: 'node:crypto', run: nodeOneByOne(cast) },
      };
    },
  };
}

/** A certificate not seen before. */
function verifyCase(scheme: SchemeName, n: number): Case {
  return {
    name: `certificate/verify/${scheme}/n=${n}`,
    prepare: () => {
      const cast = castOf(scheme, n);
      const { keys, views } = cast;
      return {
        run: {
          sync: inTurn(views, ({ preimage, certificate: { bitmap, bytes } }) =>
            keys.verifyCertificate(preimage, bitmap, bytes),
          ),
        },
        baseline:
          scheme === 'bls12381'
            ? { name: 'ed25519 one by one', run: dalekOneByOne(n) }
            : { name: 'node:crypto', run: nodeOneByOne(cast) },
      };
    },
  };
}

/** A certificate that the verifier has verified before. */
function verifyAgainCase(scheme: SchemeName, n: number): Case {
  return {
    name: `certificate/verify-again/${scheme}/n=${n}`,
    prepare: async () => {
      const { set, views } = castOf(scheme, n);
      const verifier = createVerifier({ scheme, workers: 0, trustKeys: true });
      const checks = views.map(({ preimage, certificate }): SignatureCheck[] => [
        { type: 'certificate', set, preimage, signatures: certificate },
      ]);
      await verifier.check(checks.flat(), 'now');
      let next = 0;
      return {
        run: { async: () => verifier.check(checks[next++ % checks.length] as SignatureCheck[], 'now') },
        baseline: { name: 'ed25519 one by one', run: dalekOneByOne(n) },
        close: () => verifier.close(),
      };
    },
  };
}

/** The way to a worker thread and back, with a certificate not seen before, against the calling thread. */
function workerCase(scheme: SchemeName, n: number): Case {
  return {
    name: `certificate/form-on-worker/${scheme}/n=${n}`,
    prepare: async () => {
      const { set, voters, views } = castOf(scheme, n);
      const size = SCHEME_SIZES[scheme].vote;
      const jobs = views.map(({ preimage, votes }) => ({
        set,
        preimage,
        votes: voters.map(({ id }, index) => ({
          signer: id,
          signature: votes.subarray(index * size, (index + 1) * size),
        })),
      }));
      const pooled = createVerifier({ scheme, workers: 1, trustKeys: true });
      const inline = createVerifier({ scheme, workers: 0, trustKeys: true });
      const [first] = jobs;
      await Promise.all([pooled.formCertificate(first!), inline.formCertificate(first!)]);
      let next = 0;
      const form = (verifier: typeof pooled): Operation => ({
        async: () => verifier.formCertificate(jobs[next++ % jobs.length]!),
      });
      return {
        run: form(pooled),
        baseline: { name: 'calling thread', run: form(inline) },
        close: async () => {
          await Promise.all([pooled.close(), inline.close()]);
        },
      };
    },
  };
}

export const certificateCases: readonly Case[] = [
  ...SCHEMES.flatMap((scheme) => SIZES.map((n) => formCase(scheme, n))),
  ...SCHEMES.flatMap((scheme) => SIZES.map((n) => verifyCase(scheme, n))),
  ...SCHEMES.flatMap((scheme) => SIZES.map((n) => verifyAgainCase(scheme, n))),
  ...SCHEMES.map((scheme) => workerCase(scheme, 100)),
];
