import { possessionPreimage } from '../../codec/signing.ts';
import { PoolError } from '../../model/errors.ts';
import { hexToBytes } from '../../model/hex.ts';
import type { ReplicaId } from '../../model/ids.ts';
import { SCHEME_SIZES, type SchemeName, type SignatureSet, slotsFor } from '../../model/scheme.ts';
import type { ValidatorSet } from '../../model/validator-set.ts';
import type {
  CancelSignal,
  CertificateJob,
  FormedCertificate,
  PossessedKey,
  Priority,
  SignatureCheck,
  SignedVote,
  Verifier,
} from '../../ports/signature-scheme.ts';
import { untilAborted } from './abort.ts';
import { Cancelled, type Executor, type ExecutorStatistics, type Pending } from './executor.ts';
import {
  type FormedParts,
  type Job,
  type OutcomeOf,
  offsetsOf,
  type Packed,
  packed,
  packedLists,
  type SharedKeys,
} from './jobs.ts';
import { isKeyOf, type KnownSet, KnownSets, keysOf } from './known-sets.ts';
import { certificateKey, VerdictCache } from './verdict-cache.ts';
import { MIN_VALIDATORS_TO_SUM, type PlacedVotes, VoteSums } from './vote-sums.ts';

export interface VerifierStatistics extends ExecutorStatistics {
  /** Certificates that were answered from memory. */
  readonly remembered: number;
  /** Certificates that waited for the same one, asked for earlier. */
  readonly joined: number;
  /** Certificates that were formed of votes summed as they arrived. */
  readonly summed: number;
}

/** Rejects never for a peer's fault: with `PoolError` when a worker or the addon fails, `PoolFullError` when the queue is full. */
export interface PoolVerifier extends Verifier {
  statistics(): VerifierStatistics;
  /** Answers what was asked, refuses everything else, ends the threads. */
  close(): Promise<void>;
}

type CertificateCheck = Extract<SignatureCheck, { readonly type: 'certificate' }>;
type LooseCheck = Extract<SignatureCheck, { readonly type: 'signature' }>;

/** A part of a check: what to wait for, and where its verdicts go. */
interface Part {
  readonly pending: Pending<unknown>;
  readonly done: Promise<void>;
}

/** A certificate being verified, for everyone who asks. */
interface Shared {
  readonly pending: Pending<boolean>;
  askers: number;
}

interface Indexed<Check> {
  readonly check: Check;
  /** Where the verdict goes. */
  readonly at: number;
}

/** The verifier over any way to run jobs. `trustKeys` as in `createVerifier`. */
export class ExecutorVerifier implements PoolVerifier {
  readonly scheme: SchemeName;
  readonly #executor: Executor;
  readonly #trustKeys: boolean;
  readonly #sets = new KnownSets();
  readonly #cache = new VerdictCache();
  readonly #sums = new VoteSums();
  /** Bounded by the executor's queue. */
  readonly #shared = new Map<string, Shared>();
  /** Calls that are not answered yet. */
  #open = 0;
  #remembered = 0;
  #joined = 0;
  #summed = 0;
  #closed: Promise<void> | null = null;
  #onAllAnswered: (() => void) | null = null;

  constructor(scheme: SchemeName, executor: Executor, trustKeys: boolean) {
    this.scheme = scheme;
    this.#executor = executor;
    this.#trustKeys = trustKeys;
  }

  check(checks: readonly SignatureCheck[], priority: Priority, signal?: CancelSignal): Promise<Uint8Array> {
    return this.#call(signal, () => this.#check(checks, priority, signal));
  }

  formCertificate(job: CertificateJob, signal?: CancelSignal): Promise<FormedCertificate> {
    return this.#call(signal, () => this.#formCertificate(job, signal));
  }

  anticipate(set: ValidatorSet, preimage: Uint8Array, vote: SignedVote): void {
    if (this.scheme !== 'bls12381' || set.validators.length < MIN_VALIDATORS_TO_SUM) return;
    const known = this.#sets.get(set);
    if (known.keys !== null) this.#sums.add(known, preimage, vote);
    // Whoever needs the keys next hears of a failure.
    else if (this.#closed === null) this.#parse(known).catch(() => {});
  }

  checkPossession(keys: readonly PossessedKey[], signal?: CancelSignal): Promise<Uint8Array> {
    return this.#call(signal, () => this.#checkPossession(keys, signal));
  }

  parsedKeys(set: ValidatorSet): Promise<Uint8Array | null> {
    // An Ed25519 key is parsed as fast as it is read.
    if (this.scheme !== 'bls12381') return Promise.resolve(null);
    return this.#call(undefined, async () => {
      const known = this.#sets.get(set);
      const { parsed } = known.keys ?? (await this.#parse(known));
      return parsed;
    });
  }

  learnKeys(parsed: Uint8Array): void {
    this.#sets.learn(parsed);
  }

  statistics(): VerifierStatistics {
    return {
      ...this.#executor.statistics(),
      remembered: this.#remembered,
      joined: this.#joined,
      summed: this.#summed,
    };
  }

  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #finish(): Promise<void> {
    if (this.#open > 0) {
      await new Promise<void>((resolve) => {
        this.#onAllAnswered = resolve;
      });
    }
    await this.#executor.close();
  }

  /** `begin` does not throw. */
  #call<Value>(signal: CancelSignal | undefined, begin: () => Promise<Value>): Promise<Value> {
    if (this.#closed !== null) return Promise.reject(new PoolError('the verifier is closed'));
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    this.#open++;
    const answer = begin();
    answer.then(this.#onAnswered, this.#onAnswered);
    return answer;
  }

  readonly #onAnswered = (): void => {
    this.#open--;
    if (this.#open === 0) this.#onAllAnswered?.();
  };

  #check(
    checks: readonly SignatureCheck[],
    priority: Priority,
    signal: CancelSignal | undefined,
  ): Promise<Uint8Array> {
    const verdicts = new Uint8Array(checks.length);
    const parts: Part[] = [];
    const loose: Indexed<LooseCheck>[] = [];
    for (const [at, check] of checks.entries()) {
      if (check.type === 'signature') {
        if (isKeyOf(this.scheme, check.signer) && check.signature.length === SCHEME_SIZES[this.scheme].vote) {
          loose.push({ check, at });
        }
      } else if (fits(this.scheme, check)) {
        this.#startCertificate({ check, at }, priority, verdicts, parts);
      }
    }
    if (loose.length > 0) this.#startLoose(loose, priority, verdicts, parts);
    const [first, ...others] = parts;
    if (first === undefined) return Promise.resolve(verdicts);
    const done = others.length === 0 ? first.done : Promise.all(parts.map((part) => part.done));
    const answer = done.then(() => verdicts);
    return untilAborted(answer, signal, () => {
      for (const { pending } of parts) pending.cancel();
    });
  }

  async #formCertificate(job: CertificateJob, signal: CancelSignal | undefined): Promise<FormedCertificate> {
    const { set, preimage } = job;
    const voteSize = SCHEME_SIZES[this.scheme].vote;
    const signers: ReplicaId[] = [];
    const indexes: number[] = [];
    const signatures: Uint8Array[] = [];
    const badSigners: ReplicaId[] = [];
    for (const { signer, signature } of job.votes) {
      const index = set.indexOf.get(signer);
      if (index === undefined || signature.length !== voteSize) {
        badSigners.push(signer);
      } else {
        signers.push(signer);
        indexes.push(index);
        signatures.push(signature);
      }
    }
    if (signers.length === 0) return { signatures: null, badSigners };
    const known = this.#sets.get(set);
    const votes = { indexes, signatures };
    const sum = known.keys === null ? null : this.#sums.take(known, preimage, votes);
    if (sum !== null) {
      const summed = await this.#finishSum(known, preimage, sum, signal);
      if (summed !== null) return { signatures: summed, badSigners };
    }
    const formed = await this.#formOf(known, preimage, votes, signal);
    for (const [at, signer] of signers.entries()) if (formed.bad[at] === 1) badSigners.push(signer);
    return { signatures: this.#certificateOf(known, preimage, formed), badSigners };
  }

  /** The certificate of votes that were summed as they arrived; null if one of them is bad: which one is not known. */
  async #finishSum(
    known: KnownSet,
    preimage: Uint8Array,
    parts: Packed,
    signal: CancelSignal | undefined,
  ): Promise<SignatureSet | null> {
    const keys = known.keys as SharedKeys;
    const pending = this.#executor.run({ scheme: this.scheme, type: 'finish', keys, parts }, 'now');
    const formed = await untilAborted(pending.promise, signal, pending.cancel);
    const signatures = this.#certificateOf(known, preimage, formed);
    if (signatures !== null) this.#summed++;
    return signatures;
  }

  #formOf(
    known: KnownSet,
    preimage: Uint8Array,
    { indexes, signatures }: PlacedVotes,
    signal: CancelSignal | undefined,
  ): Promise<FormedParts> {
    const parts = packedLists([preimage], signatures);
    const pending = this.#runWith(
      known,
      (keys) => ({
        scheme: this.scheme,
        type: 'form' as const,
        keys,
        indexes: Uint32Array.from(indexes),
        parts,
      }),
      'now',
    );
    return untilAborted(pending.promise, signal, pending.cancel);
  }

  async #checkPossession(
    keys: readonly PossessedKey[],
    signal: CancelSignal | undefined,
  ): Promise<Uint8Array> {
    const verdicts = new Uint8Array(keys.length);
    const size = SCHEME_SIZES[this.scheme].possession;
    const whole = [...keys.entries()].filter(
      ([, { id, possession }]) => isKeyOf(this.scheme, id) && (possession?.length ?? 0) === size,
    );
    if (whole.length === 0) return verdicts;
    const messages = whole.map(([, { chainId, id }]) => possessionPreimage(chainId, id));
    const pending = this.#executor.run(
      {
        scheme: this.scheme,
        type: 'possessions',
        offsets: offsetsOf(messages),
        parts: packedLists(
          whole.map(([, { id }]) => hexToBytes(id)),
          messages,
          whole.map(([, { possession }]) => possession ?? new Uint8Array(0)),
        ),
      },
      'soon',
    );
    const valid = await untilAborted(pending.promise, signal, pending.cancel);
    for (const [index, [at]] of whole.entries()) verdicts[at] = valid[index] as number;
    return verdicts;
  }

  #startCertificate(
    { check, at }: Indexed<CertificateCheck>,
    priority: Priority,
    verdicts: Uint8Array,
    parts: Part[],
  ): void {
    const known = this.#sets.get(check.set);
    const key = certificateKey(known.id, check.preimage, check.signatures);
    if (this.#cache.has(key)) {
      this.#remembered++;
      verdicts[at] = 1;
      return;
    }
    const pending = this.#joinCertificate(key, known, check, priority);
    const done = pending.promise.then((valid) => {
      verdicts[at] = valid ? 1 : 0;
    });
    parts.push({ pending, done });
  }

  /** Many peers show the same certificate at once: it is verified once, and given up when nobody asks any more. */
  #joinCertificate(
    key: string,
    known: KnownSet,
    check: CertificateCheck,
    priority: Priority,
  ): Pending<boolean> {
    let shared = this.#shared.get(key);
    if (shared === undefined) shared = this.#shareCertificate(key, known, check, priority);
    else this.#joined++;
    const joined = shared;
    joined.askers++;
    return {
      promise: joined.pending.promise,
      cancel: () => {
        joined.askers--;
        if (joined.askers > 0) return;
        this.#unshare(key, joined);
        joined.pending.cancel();
      },
    };
  }

  #shareCertificate(
    key: string,
    known: KnownSet,
    { preimage, signatures: { bitmap, bytes } }: CertificateCheck,
    priority: Priority,
  ): Shared {
    const parts = packed(preimage, bitmap, bytes);
    const pending = this.#runWith(
      known,
      (keys) => ({ scheme: this.scheme, type: 'certificate' as const, keys, parts }),
      priority,
    );
    const promise = pending.promise.then(
      (verdict) => {
        this.#unshare(key, shared);
        const isValid = verdict[0] === 1;
        if (isValid) this.#cache.add(key);
        return isValid;
      },
      (error: Error) => {
        this.#unshare(key, shared);
        throw error;
      },
    );
    const shared: Shared = { pending: { promise, cancel: pending.cancel }, askers: 0 };
    this.#shared.set(key, shared);
    return shared;
  }

  #unshare(key: string, shared: Shared): void {
    if (this.#shared.get(key) === shared) this.#shared.delete(key);
  }

  /** Signatures by members of a set whose keys are parsed, set by set; and those by others, all in one job. */
  #startLoose(
    loose: readonly Indexed<LooseCheck>[],
    priority: Priority,
    verdicts: Uint8Array,
    parts: Part[],
  ): void {
    for (const [known, group] of groupedBy(loose, ({ check }) => this.#sets.withSigner(check.signer))) {
      const messages = group.map(({ check }) => check.preimage);
      const signatures = group.map(({ check }) => check.signature);
      const offsets = offsetsOf(messages);
      const pending =
        known === null
          ? this.#executor.run(
              {
                scheme: this.scheme,
                type: 'signatures',
                offsets,
                parts: packedLists(
                  group.map(({ check }) => hexToBytes(check.signer)),
                  messages,
                  signatures,
                ),
              },
              priority,
            )
          : this.#runWith(
              known,
              (keys) => ({
                scheme: this.scheme,
                type: 'votes' as const,
                keys,
                indexes: Uint32Array.from(
                  group,
                  ({ check }) => known.set.indexOf.get(check.signer) as number,
                ),
                offsets,
                parts: packedLists(messages, signatures),
              }),
              priority,
            );
      const done = pending.promise.then((valid) => {
        for (const [index, { at }] of group.entries()) verdicts[at] = valid[index] as number;
      });
      parts.push({ pending, done });
    }
  }

  #certificateOf(known: KnownSet, preimage: Uint8Array, { certificate }: FormedParts): SignatureSet | null {
    if (certificate === null) return null;
    const slots = slotsFor(this.scheme, known.set.validators.length);
    const signatures: SignatureSet = { slots, ...certificate };
    this.#cache.add(certificateKey(known.id, preimage, signatures));
    return signatures;
  }

  /** Runs a job about a set, once its keys are parsed. */
  #runWith<Work extends Job>(
    known: KnownSet,
    jobOf: (keys: SharedKeys) => Work,
    priority: Priority,
  ): Pending<OutcomeOf<Work>> {
    if (known.keys !== null) return this.#executor.run(jobOf(known.keys), priority);
    let begun: Pending<OutcomeOf<Work>> | null = null;
    let cancelled = false;
    const promise = this.#parse(known).then((keys) => {
      if (cancelled) throw new Cancelled('taken back before it began');
      begun = this.#executor.run(jobOf(keys), priority);
      return begun.promise;
    });
    return {
      promise,
      cancel: () => {
        cancelled = true;
        begun?.cancel();
      },
    };
  }

  #parse(known: KnownSet): Promise<SharedKeys> {
    known.parsing ??= this.#parseOnce(known).finally(() => {
      known.parsing = null;
    });
    return known.parsing;
  }

  async #parseOnce(known: KnownSet): Promise<SharedKeys> {
    const { id, set } = known;
    const keys = keysOf(this.scheme, set);
    const { hints } = this.#sets;
    const job = {
      scheme: this.scheme,
      type: 'parse-keys' as const,
      id,
      keys,
      hints,
      trusted: this.#trustKeys,
    };
    const outcome = await this.#executor.run(job, 'now').promise;
    if ('fault' in outcome) throw new PoolError(`a validator set is none: ${outcome.fault}`);
    return this.#sets.parsed(known, outcome.parsed, hints);
  }
}

const ED25519_BYTES = SCHEME_SIZES.ed25519.vote;

/** Whether a certificate has the shape that its set asks for (R20); what remains is for the addon to judge. */
function fits(scheme: SchemeName, { set, signatures: { slots, bitmap, bytes } }: CertificateCheck): boolean {
  if (slots !== slotsFor(scheme, set.validators.length) || bitmap.length !== (slots + 7) >> 3) return false;
  return scheme === 'bls12381' || bytes.length % ED25519_BYTES === 0;
}

function groupedBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
