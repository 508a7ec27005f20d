import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { signingPreimage } from '../../../src/codec/signing.ts';
import type { PhaseCertificate, TimeoutCertificate } from '../../../src/model/certificate.ts';
import { hexToBytes } from '../../../src/model/hex.ts';
import { asChainId, asPower, asReplicaId, type ReplicaId } from '../../../src/model/ids.ts';
import type { Subject } from '../../../src/model/messages.ts';
import type { SignatureSet } from '../../../src/model/scheme.ts';
import { createValidatorSet, type ValidatorSet } from '../../../src/model/validator-set.ts';

// The keys and sets of the exchange with hotstuff_rs. Keys come from seeds, and Ed25519 signs without randomness, so
// everything made here is the same in every run. It is made with node:crypto, apart from the addon under test.

export const CHAIN = asChainId(7);

export interface Key {
  readonly name: string;
  readonly seed: Uint8Array;
  readonly id: ReplicaId;
  readonly secret: KeyObject;
}

const PKCS8_PREFIX = '302e020100300506032b657004220420';
const SPKI_PREFIX = '302a300506032b6570032100';

const der = (prefix: string, bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from(prefix, 'hex'), bytes]);

function keyOf(name: string, seed: Uint8Array): Key {
  const secret = createPrivateKey({ key: der(PKCS8_PREFIX, seed), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' });
  return { name, seed, id: asReplicaId(spki.subarray(-32).toString('hex')), secret };
}

/** k1 to k9: the seed of k1 is 32 bytes of 1, and so on. */
export const KEYS: readonly Key[] = Array.from({ length: 9 }, (_, at) =>
  keyOf(`k${at + 1}`, new Uint8Array(32).fill(at + 1)),
);

export function key(name: string): Key {
  const found = KEYS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no key ${name}`);
  return found;
}

export function nameOf(id: ReplicaId): string {
  const found = KEYS.find((each) => each.id === id);
  if (found === undefined) throw new Error(`nobody's key: ${id}`);
  return found.name;
}

/** The validators' powers by name; certificates have their slots in the order of the keys' bytes. */
export const SETS = {
  solo: { k3: 1 },
  equal: { k1: 1, k2: 1, k3: 1, k4: 1 },
  weighted: { k1: 3, k2: 2, k3: 2, k4: 1 },
  grown: { k1: 1, k2: 1, k3: 1, k4: 1, k5: 1 },
  seven: { k1: 1, k2: 1, k3: 1, k4: 1, k5: 1, k6: 1, k7: 1 },
  nine: { k1: 1, k2: 1, k3: 1, k4: 1, k5: 1, k6: 1, k7: 1, k8: 1, k9: 9 },
} as const satisfies Record<string, Record<string, number>>;

export type SetName = keyof typeof SETS;

const sets = new Map<SetName, ValidatorSet>();

export function setOf(name: SetName): ValidatorSet {
  const known = sets.get(name);
  if (known !== undefined) return known;
  const members = Object.entries(SETS[name]).map(([who, power]) => ({
    id: key(who).id,
    power: asPower(power),
  }));
  const set = createValidatorSet(members);
  if (typeof set === 'string') throw new Error(set);
  sets.set(name, set);
  return set;
}

/** Names of a set's members in the order of its slots. */
export const slotsOf = (name: SetName): readonly string[] =>
  setOf(name).validators.map(({ id }) => nameOf(id));

export const signAs = (name: string, subject: Subject): Uint8Array =>
  new Uint8Array(sign(null, signingPreimage('ed25519', subject), key(name).secret));

export const isSignedBy = (id: ReplicaId, preimage: Uint8Array, signature: Uint8Array): boolean =>
  verify(
    null,
    preimage,
    createPublicKey({ key: der(SPKI_PREFIX, hexToBytes(id)), format: 'der', type: 'spki' }),
    signature,
  );

/** One bit of a signature's first half, so that what is left is still a signature by its form. */
export const spoiled = (signature: Uint8Array): Uint8Array => {
  const copy = signature.slice();
  copy[5] = (copy[5] as number) ^ 0x10;
  return copy;
};

/** A slot for each member of `set`, filled for the `signers`. */
export function signaturesBy(
  set: SetName,
  signers: readonly string[],
  signature: (who: string) => Uint8Array,
): SignatureSet {
  const slots = slotsOf(set);
  const bitmap = new Uint8Array((slots.length + 7) >> 3);
  const present: Uint8Array[] = [];
  for (const [slot, who] of slots.entries()) {
    if (!signers.includes(who)) continue;
    bitmap[slot >> 3] = (bitmap[slot >> 3] as number) | (1 << (slot & 7));
    present.push(signature(who));
  }
  return { slots: slots.length, bitmap, bytes: new Uint8Array(Buffer.concat(present)) };
}

export interface Signed {
  readonly set: SetName;
  readonly signers: readonly string[];
}

export function pcOf(
  of: Omit<PhaseCertificate, 'chainId' | 'signatures'>,
  { set, signers }: Signed,
): PhaseCertificate {
  const subject = { type: 'phase-vote' as const, chainId: CHAIN, ...of };
  return { chainId: CHAIN, ...of, signatures: signaturesBy(set, signers, (who) => signAs(who, subject)) };
}

export function tcOf(view: TimeoutCertificate['view'], { set, signers }: Signed): TimeoutCertificate {
  const subject = { type: 'timeout-vote' as const, chainId: CHAIN, view };
  return { chainId: CHAIN, view, signatures: signaturesBy(set, signers, (who) => signAs(who, subject)) };
}
