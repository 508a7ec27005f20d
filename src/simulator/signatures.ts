import { allocate } from '../codec/bytes.ts';
import { possessionPreimage, signingPreimage } from '../codec/signing.ts';
import { bytesToHex } from '../model/hex.ts';
import { asReplicaId, type ChainId, type ReplicaId } from '../model/ids.ts';
import type { Subject } from '../model/messages.ts';
import {
  AGGREGATE_SIZE,
  SCHEME_SIZES,
  type SchemeName,
  type SignatureSet,
  slotsFor,
} from '../model/scheme.ts';
import type { ValidatorSet } from '../model/validator-set.ts';
import type {
  CertificateJob,
  FormedCertificate,
  PossessedKey,
  SignatureCheck,
} from '../ports/signature-scheme.ts';
import { halfSipHash, type Tag } from './half-sip-hash.ts';
import type { Random } from './random.ts';

/**
 * Signatures of the simulated world: a keyed hash in place of real cryptography, in the shapes and sizes of the real
 * schemes. Preimages are the real ones (codec/signing.ts), so that domains are separated, or overlap, as they do in
 * the real scheme. Nobody can sign for a key without its keyring entry; adversaries are handed their own alone.
 *
 * A BLS aggregate is the exclusive or of its signers' signatures: as with the real one, it holds for exactly the
 * keys that signed and for any set in which the bitmap names just those, and bad shares that cancel are not noticed.
 */
export interface Keyring {
  readonly scheme: SchemeName;
  /** Verifying keys by replica index, in ascending order, so that index order is slot order. */
  readonly ids: readonly ReplicaId[];
  /** What is signed for `subject`; must not be changed. */
  preimage(subject: Subject): Uint8Array;
  sign(id: ReplicaId, preimage: Uint8Array): Uint8Array;
  verifies(check: SignatureCheck): boolean;
  form(job: CertificateJob): FormedCertificate;
  /** A proof of possession; null where the scheme needs none. */
  possession(chainId: ChainId, id: ReplicaId): Uint8Array | null;
  isPossession(key: PossessedKey): boolean;
}

/** Repeats a tag over `size` bytes: real signatures' lengths without real signatures' entropy. */
function writeTag(tag: Tag, into: Uint8Array, start: number, size: number): void {
  for (let at = 0; at < size; at++) {
    into[start + at] = (at & 4 ? tag.high : tag.low) >>> ((at & 3) * 8);
  }
}

function isTagAt(tag: Tag, bytes: Uint8Array, start: number, size: number): boolean {
  for (let at = 0; at < size; at++) {
    if (bytes[start + at] !== (((at & 4 ? tag.high : tag.low) >>> ((at & 3) * 8)) & 0xff)) return false;
  }
  return true;
}

/** Indices of the set bits of `bitmap`. */
export function signersOf(bitmap: Uint8Array): number[] {
  const indices: number[] = [];
  for (let at = 0; at < bitmap.length; at++) {
    for (let bit = 0; bit < 8; bit++) if ((bitmap[at] as number) & (1 << bit)) indices.push(at * 8 + bit);
  }
  return indices;
}

/** The first two bytes of a key are its replica's index, so that keys ascend with indices. */
function keyOf(index: number, size: number, random: Random): ReplicaId {
  const key = Uint8Array.from({ length: size }, () => random.below(256));
  key[0] = index >> 8;
  key[1] = index & 0xff;
  return asReplicaId(bytesToHex(key));
}

function shapeFits(
  scheme: SchemeName,
  set: ValidatorSet,
  { slots, bitmap, bytes }: SignatureSet,
  signers: readonly number[],
): boolean {
  const n = set.validators.length;
  if (slots !== slotsFor(scheme, n) || bitmap.length !== (n + 7) >> 3) return false;
  if (signers.length === 0 || (signers.at(-1) ?? 0) >= n) return false;
  return (
    bytes.length === (scheme === 'ed25519' ? SCHEME_SIZES.ed25519.vote * signers.length : AGGREGATE_SIZE)
  );
}

/** Who would sign what: the secrets of all replicas. */
interface Secrets {
  /** Null for a key that nobody here has. */
  tagOf(id: ReplicaId, preimage: Uint8Array): Tag | null;
}

const isTag = (tag: Tag | null, bytes: Uint8Array, start: number, size: number): boolean =>
  tag !== null && isTagAt(tag, bytes, start, size);

const memberAt = (set: ValidatorSet, index: number): ReplicaId => set.validators[index]?.id as ReplicaId;

/** `signers` are indices into `set`. */
function aggregateOf(
  secrets: Secrets,
  set: ValidatorSet,
  signers: readonly number[],
  preimage: Uint8Array,
): Tag | null {
  let [low, high] = [0, 0];
  for (const index of signers) {
    const tag = secrets.tagOf(memberAt(set, index), preimage);
    if (tag === null) return null;
    low ^= tag.low;
    high ^= tag.high;
  }
  return { low, high };
}

function verifiesCertificate(
  scheme: SchemeName,
  secrets: Secrets,
  { set, preimage, signatures }: Extract<SignatureCheck, { type: 'certificate' }>,
): boolean {
  const { bytes } = signatures;
  const signers = signersOf(signatures.bitmap);
  if (!shapeFits(scheme, set, signatures, signers)) return false;
  if (scheme === 'bls12381')
    return isTag(aggregateOf(secrets, set, signers, preimage), bytes, 0, AGGREGATE_SIZE);
  const { vote } = SCHEME_SIZES[scheme];
  let at = 0;
  for (const index of signers) {
    if (!isTag(secrets.tagOf(memberAt(set, index), preimage), bytes, at, vote)) return false;
    at += vote;
  }
  return true;
}

/** The certificate of signers that are members of `set` and of `secrets`. */
function collect(
  scheme: SchemeName,
  secrets: Secrets,
  { set, preimage }: CertificateJob,
  members: readonly ReplicaId[],
): SignatureSet {
  const n = set.validators.length;
  const bitmap = new Uint8Array((n + 7) >> 3);
  for (const id of members) {
    const index = set.indexOf.get(id) as number;
    bitmap[index >> 3] = (bitmap[index >> 3] as number) | (1 << (index & 7));
  }
  const signers = signersOf(bitmap);
  const { vote } = SCHEME_SIZES[scheme];
  const bytes = allocate(scheme === 'bls12381' ? AGGREGATE_SIZE : vote * signers.length);
  if (scheme === 'bls12381') {
    writeTag(aggregateOf(secrets, set, signers, preimage) as Tag, bytes, 0, AGGREGATE_SIZE);
  } else {
    for (const [at, index] of signers.entries()) {
      writeTag(secrets.tagOf(memberAt(set, index), preimage) as Tag, bytes, at * vote, vote);
    }
  }
  return { slots: slotsFor(scheme, n), bitmap, bytes };
}

/** The preimage made last: what one replica votes for, others vote for next, and all verify. */
function createPreimages(scheme: SchemeName): (subject: Subject) => Uint8Array {
  let latest: Extract<Subject, { type: 'phase-vote' }> | null = null;
  let preimage: Uint8Array = new Uint8Array(0);
  return (subject) => {
    if (subject.type !== 'phase-vote') return signingPreimage(scheme, subject);
    const { type, chainId, view, block, phase } = subject;
    const isSame =
      latest?.view === view && latest.block === block && latest.phase === phase && latest.chainId === chainId;
    if (isSame) return preimage;
    latest = { type, chainId, view, block, phase };
    preimage = signingPreimage(scheme, latest);
    return preimage;
  };
}

/** Keys for `count` replicas, validators and listeners alike. */
export function createKeyring(scheme: SchemeName, count: number, random: Random): Keyring {
  const sizes = SCHEME_SIZES[scheme];
  const ids = Array.from({ length: count }, (_, index) => keyOf(index, sizes.publicKey, random));
  const keys = new Map(ids.map((id) => [id, { low: random.uint32(), high: random.uint32() }]));
  // A preimage is signed by many and verified by all, one after the other.
  let latest: Uint8Array = new Uint8Array(0);
  const tags = new Map<ReplicaId, Tag>();
  const secrets: Secrets = {
    tagOf(id, preimage) {
      if (preimage !== latest) {
        latest = preimage;
        tags.clear();
      }
      const known = tags.get(id);
      const key = keys.get(id);
      if (known !== undefined || key === undefined) return known ?? null;
      const tag = halfSipHash(key, preimage);
      tags.set(id, tag);
      return tag;
    },
  };
  const isVote = (id: ReplicaId, preimage: Uint8Array, signature: Uint8Array): boolean =>
    signature.length === sizes.vote && isTag(secrets.tagOf(id, preimage), signature, 0, sizes.vote);
  const signed = (id: ReplicaId, preimage: Uint8Array, size: number): Uint8Array => {
    const tag = secrets.tagOf(id, preimage);
    if (tag === null) throw new RangeError(`no key of ${id}`);
    const signature = allocate(size);
    writeTag(tag, signature, 0, size);
    return signature;
  };

  return {
    scheme,
    ids,
    preimage: createPreimages(scheme),
    sign: (id, preimage) => signed(id, preimage, sizes.vote),
    verifies: (check) =>
      check.type === 'signature'
        ? isVote(check.signer, check.preimage, check.signature)
        : verifiesCertificate(scheme, secrets, check),
    form(job) {
      const isGood = ({ signer, signature }: CertificateJob['votes'][number]): boolean =>
        job.set.indexOf.has(signer) && isVote(signer, job.preimage, signature);
      const signers: ReplicaId[] = [];
      const badSigners: ReplicaId[] = [];
      for (const vote of job.votes) (isGood(vote) ? signers : badSigners).push(vote.signer);
      return { signatures: signers.length === 0 ? null : collect(scheme, secrets, job, signers), badSigners };
    },
    possession: (chainId, id) =>
      sizes.possession === 0 ? null : signed(id, possessionPreimage(chainId, id), sizes.possession),
    isPossession({ chainId, id, possession }) {
      if (sizes.possession === 0 || possession === null) return sizes.possession === 0 && possession === null;
      if (possession.length !== sizes.possession) return false;
      return isTag(secrets.tagOf(id, possessionPreimage(chainId, id)), possession, 0, sizes.possession);
    },
  };
}
