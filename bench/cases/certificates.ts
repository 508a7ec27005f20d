import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openLmdbStore } from '../../src/adapters/lmdb/index.ts';
import { native, SCHEME_NUMBERS } from '../../src/adapters/native/binding.ts';
import { createVerifier, type PoolVerifier } from '../../src/adapters/piscina/index.ts';
import { SCHEME_SIZES, type SchemeName } from '../../src/model/scheme.ts';
import type { ValidatorSet } from '../../src/model/validator-set.ts';
import type { SignatureCheck } from '../../src/ports/signature-scheme.ts';
import { createKeyKeeper } from '../../src/runtime/parsed-keys.ts';
import { encodeParsedKeys, readParsedKeys } from '../../src/storage/parsed-keys.ts';
import type { Case, Operation, Prepared } from '../case.ts';
import { castOf, inTurn } from '../cast.ts';
import { BUILD } from '../paths.ts';
import { blstForm, chainsafeForm, ed25519OneByOne, nodeOneByOne } from './rivals.ts';

/** Sizes of validator sets; a quorum of each has voted. */
const SIZES = [4, 10, 31, 100, 1_000];
const SCHEMES: readonly SchemeName[] = ['bls12381', 'ed25519'];

/** A quorum's votes, none of them verified yet, over a message not seen before. */
const formCase = (scheme: SchemeName, n: number): Case => ({
  name: `certificate/form/${scheme}/n=${n}`,
  prepare: () => {
    const cast = castOf(scheme, n);
    const { keys, indexes, views } = cast;
    return {
      run: { sync: inTurn(views, ({ preimage, votes }) => keys.formCertificate(preimage, indexes, votes)) },
      rivals: scheme === 'bls12381' ? [blstForm(cast), chainsafeForm(cast)] : [nodeOneByOne(cast)],
    };
  },
});

/**
 * From the last vote of a quorum to the certificate, the others having been summed as they came. The last vote is added
 * to another sum than the one that is finished, which takes it once only.
 */
const finishCase = (n: number): Case => ({
  name: `certificate/finish/bls12381/n=${n}`,
  prepare: () => {
    const { keys, indexes, views } = castOf('bls12381', n);
    const size = SCHEME_SIZES.bls12381.vote;
    const collected = views.map(({ preimage, votes }) => {
      const sum = keys.startSum();
      for (const [at, index] of indexes.entries()) sum.add(index, votes.subarray(at * size, (at + 1) * size));
      return { preimage, sum, last: votes.subarray(-size) };
    });
    const lastIndex = indexes.at(-1) as number;
    return {
      run: {
        sync: inTurn(collected, ({ preimage, sum, last }) => {
          keys.startSum().add(lastIndex, last);
          return keys.finishSum(preimage, sum);
        }),
      },
    };
  },
});

/** A certificate not seen before. */
const verifyCase = (scheme: SchemeName, n: number): Case => ({
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
      rivals: scheme === 'bls12381' ? [ed25519OneByOne(n)] : [nodeOneByOne(cast), ed25519OneByOne(n)],
    };
  },
});

/** A certificate that the verifier has verified before. */
const verifyAgainCase = (scheme: SchemeName, n: number): Case => ({
  name: `certificate/verify-again/${scheme}/n=${n}`,
  prepare: async () => {
    const { set, views } = castOf(scheme, n);
    const verifier = createVerifier({ scheme, workers: 0, trustKeys: true });
    const checks = views.map(({ preimage, certificate }): SignatureCheck[] => [
      { type: 'certificate', set, preimage, signatures: certificate },
    ]);
    await verifier.check(checks.flat(), 'now');
    return {
      run: { async: inTurn(checks, (check) => verifier.check(check, 'now')) },
      rivals: [ed25519OneByOne(n)],
      close: () => verifier.close(),
    };
  },
});

/** The way to a worker thread and back, with a certificate not seen before, against the calling thread. */
const workerCase = (scheme: SchemeName, n: number): Case => ({
  name: `certificate/form-on-worker/${scheme}/n=${n}`,
  prepare: async () => {
    const jobs = jobsOf(scheme, n);
    const pooled = createVerifier({ scheme, workers: 1, trustKeys: true });
    const inline = createVerifier({ scheme, workers: 0, trustKeys: true });
    await Promise.all([pooled.formCertificate(jobs[0]!), inline.formCertificate(jobs[0]!)]);
    const form = (verifier: PoolVerifier): Operation => ({
      async: inTurn(jobs, (job) => verifier.formCertificate(job)),
    });
    return {
      run: form(pooled),
      rivals: [{ name: 'calling thread', run: form(inline) }],
      close: async () => {
        await Promise.all([pooled.close(), inline.close()]);
      },
    };
  },
});

/** What a replica asks its verifier for in each view of `castOf`. */
export function jobsOf(scheme: SchemeName, n: number) {
  const { set, voters, views } = castOf(scheme, n);
  const size = SCHEME_SIZES[scheme].vote;
  return views.map(({ preimage, votes }) => ({
    set,
    preimage,
    votes: voters.map(({ id }, index) => ({
      signer: id,
      signature: votes.subarray(index * size, (index + 1) * size),
    })),
  }));
}

/**
 * What a node pays for its validator set when it starts: from a verifier that knows no set to its first verdict. Keys
 * that the node's own store vouches for need no validation, and are there as the verifier parsed them before: they are
 * read from LMDB, checked against those of the set, and compared with what is stored, as a replica does. The rival
 * validates them.
 */
const loadCase = (scheme: SchemeName, n: number): Case => ({
  name: `set/load/${scheme}/n=${n}`,
  prepare: async (): Promise<Prepared> => {
    const { keys, set, views } = castOf(scheme, n);
    const { preimage, certificate } = views[0]!;
    mkdirSync(BUILD, { recursive: true });
    const directory = mkdtempSync(join(BUILD, 'bench-'));
    const store = await openLmdbStore({ path: directory });
    const { key, value } = encodeParsedKeys(keys.exportKeys())!;
    await store.write({ sets: [[key, value]], deletes: [] });
    const expectValid = async (verifier: PoolVerifier, own: ValidatorSet): Promise<void> => {
      const check = { type: 'certificate', set: own, preimage, signatures: certificate } as const;
      const [valid] = await verifier.check([check], 'now');
      await verifier.close();
      if (valid !== 1) throw new Error('a good certificate was refused');
    };
    const load = async (): Promise<void> => {
      const own = copyOf(set);
      const snapshot = store.snapshot();
      const stored = readParsedKeys(snapshot);
      snapshot.close();
      const verifier = createVerifier({ scheme, workers: 0, trustKeys: true });
      let isRefused = false;
      const write = (): void => {
        isRefused = true;
      };
      createKeyKeeper({ verifier, stored, write }).keep(own);
      await expectValid(verifier, own);
      if (isRefused) throw new Error('stored keys were not taken for what they are');
    };
    const validate = (): Promise<void> =>
      expectValid(createVerifier({ scheme, workers: 0, trustKeys: false }), copyOf(set));
    return {
      run: { async: load },
      rivals: [{ name: 'validating every key', run: { async: validate } }],
      close: async () => {
        await store.close();
        rmSync(directory, { recursive: true });
      },
    };
  },
});

/** Another object: what is remembered of the first is not found. */
const copyOf = (set: ValidatorSet): ValidatorSet => ({ ...set });

/** Parsing the keys of a set in the addon's own form, as worker threads do with what the first one parsed. */
const importCase = (scheme: SchemeName, n: number): Case => ({
  name: `set/import/${scheme}/n=${n}`,
  prepare: () => {
    const { keys, set } = castOf(scheme, n);
    const parsed = keys.exportKeys();
    const written = new Uint8Array(Buffer.concat(set.validators.map(({ id }) => Buffer.from(id, 'hex'))));
    const number = SCHEME_NUMBERS[scheme];
    return {
      run: { sync: () => native.KeySet.fromExport(number, parsed) },
      rivals: [
        { name: 'validating every key', run: { sync: () => new native.KeySet(number, written, false) } },
      ],
    };
  },
});

const all = (make: (scheme: SchemeName, n: number) => Case): Case[] =>
  SCHEMES.flatMap((scheme) => SIZES.map((n) => make(scheme, n)));

export const certificateCases: readonly Case[] = [
  ...all(formCase),
  ...SIZES.map(finishCase),
  ...all(verifyCase),
  ...all(verifyAgainCase),
  ...SCHEMES.map((scheme) => workerCase(scheme, 100)),
  ...[100, 1_000].map((n) => loadCase('bls12381', n)),
  importCase('bls12381', 1_000),
];
