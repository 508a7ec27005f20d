import { assertNever } from '../../model/assert.ts';
import { SCHEME_SIZES, type SchemeName } from '../../model/scheme.ts';
import { type KeySet as NativeKeySet, native, SCHEME_NUMBERS, VERDICT } from '../native/binding.ts';
import {
  type FormedParts,
  type Job,
  type OutcomeOf,
  type ParsedKeys,
  part,
  type SharedKeys,
} from './jobs.ts';

/** Runs one job to its end on the calling thread. */
export type Kernel = <Work extends Job>(job: Work) => OutcomeOf<Work>;

/**
 * Sets whose parsed keys a thread keeps: the committed and the previous one, and a few that block sync passes through.
 * More would only hold memory: 300 KB for a thousand BLS keys.
 */
const MAX_SETS = 8;

/** A kernel with parsed keys of its own. Throws what the addon throws: never for what a peer sent. */
export function createKernel(): Kernel {
  const keySets = new Map<number, NativeKeySet>();

  const keep = (id: SharedKeys['id'], set: NativeKeySet): NativeKeySet => {
    keySets.delete(id);
    keySets.set(id, set);
    if (keySets.size > MAX_SETS) keySets.delete(keySets.keys().next().value as number);
    return set;
  };

  const keySet = (scheme: SchemeName, { id, parsed }: SharedKeys): NativeKeySet =>
    keep(id, keySets.get(id) ?? native.KeySet.fromExport(SCHEME_NUMBERS[scheme], parsed));

  /** The set is kept, so that this thread need not read what it gives. */
  const parseKeys = ({ scheme, id, keys, hints, trusted }: JobOf<'parse-keys'>): ParsedKeys => {
    try {
      const set = keep(id, native.KeySet.withHints(SCHEME_NUMBERS[scheme], keys, hints, trusted));
      return { parsed: set.isHinted() ? null : set.exportKeys() };
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ERR_NATIVE_KEY') return { fault: (error as Error).message };
      throw error;
    }
  };

  const run = (job: Job): OutcomeOf<Job> => {
    switch (job.type) {
      case 'parse-keys':
        return parseKeys(job);
      case 'certificate':
        return verifyCertificate(keySet(job.scheme, job.keys), job);
      case 'form':
        return formCertificate(keySet(job.scheme, job.keys), job);
      case 'finish':
        return finishSum(keySet(job.scheme, job.keys), job);
      case 'votes':
        return checkVotes(keySet(job.scheme, job.keys), job);
      case 'signatures':
        return checkSignatures(job);
      case 'possessions':
        return checkPossessions(job);
      default:
        return assertNever(job);
    }
  };
  return run as Kernel;
}

type JobOf<Type extends Job['type']> = Extract<Job, { readonly type: Type }>;

function verifyCertificate(set: NativeKeySet, { parts }: JobOf<'certificate'>): Uint8Array {
  const verdict = set.verifyCertificate(part(parts, 0), part(parts, 1), part(parts, 2));
  return new Uint8Array([verdict === VERDICT.valid ? 1 : 0]);
}

function formCertificate(set: NativeKeySet, { indexes, parts }: JobOf<'form'>): FormedParts {
  const { verdict, bitmap, signatures, votes } = set.formCertificate(part(parts, 0), indexes, part(parts, 1));
  return {
    certificate: verdict === VERDICT.valid ? { bitmap, bytes: signatures } : null,
    bad: votes.map((vote) => (vote === VERDICT.valid || vote === VERDICT.duplicateSigner ? 0 : 1)),
  };
}

function finishSum(set: NativeKeySet, { parts }: JobOf<'finish'>): FormedParts {
  const message = part(parts, 0);
  set.learnMessage(message, part(parts, 1));
  const sum = set.finishPartial(message, part(parts, 2), part(parts, 3), part(parts, 4));
  const isGood = sum.verdict === VERDICT.valid;
  return {
    certificate: isGood ? { bitmap: sum.bitmap, bytes: sum.signatures } : null,
    bad: NONE_BAD,
  };
}

const NONE_BAD = new Uint8Array(0);

const validity = (verdicts: Uint8Array): Uint8Array =>
  verdicts.map((byte) => (byte === VERDICT.valid ? 1 : 0));

function checkVotes(set: NativeKeySet, { indexes, offsets, parts }: JobOf<'votes'>): Uint8Array {
  return validity(set.checkVotes(indexes, part(parts, 0), offsets, part(parts, 1)));
}

function checkSignatures({ scheme, offsets, parts }: JobOf<'signatures'>): Uint8Array {
  const number = SCHEME_NUMBERS[scheme];
  return validity(native.checkSignatures(number, part(parts, 0), part(parts, 1), offsets, part(parts, 2)));
}

function checkPossessions({ scheme, offsets, parts }: JobOf<'possessions'>): Uint8Array {
  const keys = part(parts, 0);
  // In a scheme without proofs a key is as good as its bytes.
  if (SCHEME_SIZES[scheme].possession === 0) return validity(native.checkKeys(SCHEME_NUMBERS[scheme], keys));
  return validity(native.checkPossessions(keys, part(parts, 1), offsets, part(parts, 2)));
}
