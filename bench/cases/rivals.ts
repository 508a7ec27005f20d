import { execFile } from 'node:child_process';
import { verify } from 'node:crypto';
import { promisify } from 'node:util';
import * as blst from '@chainsafe/blst';
import { native, SCHEME_NUMBERS } from '../../src/adapters/native/binding.ts';
import { SCHEME_SIZES } from '../../src/model/scheme.ts';
import type { Rival } from '../case.ts';
import { type Cast, castOf, inTurn, seedOf } from '../cast.ts';
import { rustProgram } from '../paths.ts';
import { ascending } from '../statistics.ts';
import { nodePublicKey } from './signatures.ts';

/** Every vote of an Ed25519 certificate of `cast`, verified one by one by node:crypto. */
export function nodeOneByOne({ voters, views }: Cast): Rival {
  const size = SCHEME_SIZES.ed25519.vote;
  const keys = voters.map(({ publicKey }) => nodePublicKey(publicKey));
  const run = inTurn(views, ({ preimage, votes }) =>
    keys.every((key, index) => verify(null, preimage, key, votes.subarray(index * size, (index + 1) * size))),
  );
  return { name: 'node:crypto', run: { sync: run } };
}

/** The votes of an Ed25519 quorum of `n`, verified one by one in Rust without any preparation for their keys. */
export function ed25519OneByOne(n: number): Rival {
  const { voters, views } = castOf('ed25519', n);
  const keys = new Uint8Array(Buffer.concat(voters.map(({ publicKey }) => publicKey)));
  const jobs = views.map(({ preimage, votes }) => ({
    messages: new Uint8Array(Buffer.concat(voters.map(() => preimage))),
    offsets: Uint32Array.from({ length: voters.length + 1 }, (_, index) => index * preimage.length),
    votes,
  }));
  const run = inTurn(jobs, ({ messages, offsets, votes }) =>
    native.checkSignatures(SCHEME_NUMBERS.ed25519, keys, messages, offsets, votes),
  );
  return { name: 'ed25519 one by one', run: { sync: run } };
}

/**
 * blst in Rust, with minimal signatures as here: compressed votes, decompressed and checked each, verified together
 * under random coefficients, and summed. In a process of its own, which measures itself.
 */
export const blstForm = ({ voters }: Cast): Rival => ({
  name: 'blst',
  run: {
    async taken(seconds) {
      const words = ['form', `${voters.length}`, `${seconds}`];
      const { stdout } = await promisify(execFile)(rustProgram('baseline'), words);
      return ascending(stdout.trim().split('\n').map(Number));
    },
  },
});

/** The same by @chainsafe/blst, whose keys are in G1 and whose signatures are in G2: it has no other way round. */
export function chainsafeForm({ voters, views }: Cast): Rival {
  const keys = voters.map((_, index) => blst.SecretKey.fromKeygen(seedOf(index)));
  const publicKeys = keys.map((key) => key.toPublicKey());
  const jobs = views.slice(0, 3).map(({ preimage }) => ({
    preimage,
    votes: keys.map((key, index) => ({ pk: publicKeys[index]!, sig: key.sign(preimage).toBytes() })),
  }));
  const run = inTurn(jobs, ({ preimage, votes }) => {
    const { pk, sig } = blst.aggregateWithRandomness(votes);
    if (!blst.verify(preimage, pk, sig)) throw new Error('good votes were refused');
    return blst.aggregateSerializedSignatures(votes.map((vote) => vote.sig)).toBytes();
  });
  return { name: '@chainsafe/blst', run: { sync: run } };
}
