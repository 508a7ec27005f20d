import { type KeySet, native, SCHEME_NUMBERS } from '../src/adapters/native/binding.ts';
import { generateKeys, type KeyPair } from '../src/adapters/native/index.ts';
import { signingPreimage } from '../src/codec/signing.ts';
import { asBlockHash, asChainId, asPower, asView } from '../src/model/ids.ts';
import { SCHEME_SIZES, type SchemeName, type SignatureSet, slotsFor } from '../src/model/scheme.ts';
import { createValidatorSet, type ValidatorSet } from '../src/model/validator-set.ts';

/** Views whose votes exist: more than the addon keeps hashed messages for, so that going round finds none of them. */
export const VIEWS = 12;

/** A set of `n` validators of equal power, and the votes of a quorum of them in some views. */
export interface Cast {
  readonly scheme: SchemeName;
  readonly set: ValidatorSet;
  /** The addon's keys of the set, in its order. */
  readonly keys: KeySet;
  /** Of all members, in the order of the set. */
  readonly pairs: readonly KeyPair[];
  /** Of those who vote, in the order of the set. */
  readonly voters: readonly KeyPair[];
  readonly indexes: Uint32Array;
  readonly views: readonly View[];
}

interface View {
  readonly preimage: Uint8Array;
  /** All votes, one after the other. */
  readonly votes: Uint8Array;
  readonly certificate: SignatureSet;
}

export const preimageOf = (scheme: SchemeName, view: number): Uint8Array =>
  signingPreimage(scheme, {
    type: 'phase-vote',
    chainId: asChainId(1),
    view: asView(view),
    block: asBlockHash('ab'.repeat(32)),
    phase: 'generic',
  });

/** 32 bytes that differ for every index; the benchmarks' keys are the same in every run. */
export function seedOf(index: number): Uint8Array {
  const seed = new Uint8Array(32).fill(7);
  new DataView(seed.buffer).setUint32(0, index);
  return seed;
}

const casts = new Map<string, Cast>();

/** Made once per scheme and size. */
export function castOf(scheme: SchemeName, n: number): Cast {
  const name = `${scheme}/${n}`;
  const cast = casts.get(name) ?? makeCast(scheme, n);
  casts.set(name, cast);
  return cast;
}

function makeCast(scheme: SchemeName, n: number): Cast {
  const pairs = Array.from({ length: n }, (_, index) => generateKeys(scheme, seedOf(index)));
  pairs.sort((a, b) => (a.id < b.id ? -1 : 1));
  const set = createValidatorSet(pairs.map(({ id }) => ({ id, power: asPower(1) })));
  if (typeof set === 'string') throw new Error(`no validator set: ${set}`);
  const size = SCHEME_SIZES[scheme].publicKey;
  const flat = new Uint8Array(n * size);
  for (const [index, { publicKey }] of pairs.entries()) flat.set(publicKey, index * size);
  const keys = new native.KeySet(SCHEME_NUMBERS[scheme], flat, true);
  // The last ones of the set: a quorum that is not the first that comes to mind.
  const voters = pairs.slice(n - set.quorum);
  const indexes = Uint32Array.from(voters, (_, index) => n - set.quorum + index);
  const views = Array.from({ length: VIEWS }, (_, view) => makeView(scheme, n, keys, voters, indexes, view));
  return { scheme, set, keys, pairs, voters, indexes, views };
}

function makeView(
  scheme: SchemeName,
  n: number,
  keys: KeySet,
  voters: readonly KeyPair[],
  indexes: Uint32Array,
  view: number,
): View {
  const preimage = preimageOf(scheme, view);
  const size = SCHEME_SIZES[scheme].vote;
  const votes = new Uint8Array(voters.length * size);
  for (const [index, { secretKey }] of voters.entries()) {
    votes.set(native.SecretKey.fromBytes(SCHEME_NUMBERS[scheme], secretKey).sign(preimage), index * size);
  }
  const { verdict, bitmap, signatures } = keys.formCertificate(preimage, indexes, votes);
  if (verdict !== 0) throw new Error('votes make no certificate');
  return { preimage, votes, certificate: { slots: slotsFor(scheme, n), bitmap, bytes: signatures } };
}

/** Calls `run` with each item in turn, for ever. */
export function inTurn<Item, Outcome>(items: readonly Item[], run: (item: Item) => Outcome): () => Outcome {
  let next = 0;
  return () => run(items[next++ % items.length] as Item);
}
