import { signingPreimage } from '../codec/signing.ts';
import type { CoreCheck, Effect } from '../core/effect.ts';
import type { RequestId } from '../core/input.ts';
import type { AwaitedVote } from '../core/votes/awaited.ts';
import { PoolError, PoolFullError } from '../model/errors.ts';
import type { VoteSubject } from '../model/messages.ts';
import type { SchemeName, SignatureSet } from '../model/scheme.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  CancelSignal,
  FormedCertificate,
  Priority,
  SignatureCheck,
  Verifier,
} from '../ports/signature-scheme.ts';
import { Cancellation } from './cancellation.ts';
import type { Counters } from './counters.ts';
import type { LocalInput } from './local-input.ts';
import { createRetries } from './retries.ts';

export interface VerificationOptions {
  readonly verifier: Verifier;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly answer: (input: LocalInput) => void;
  /** Called when the verifier broke, which says nothing about any signature; never because it is full. */
  readonly onFault: (error: PoolError) => void;
}

/** Takes the core's questions about signatures to the verifier. */
export interface Verification {
  /** Tells the verifier of a vote that the core collects: its certificate is there earlier, and is the same. */
  anticipate(vote: AwaitedVote): void;
  check(effect: Extract<Effect, { type: 'check-signatures' }>): void;
  form(effect: Extract<Effect, { type: 'form-certificate' }>): void;
  /** The answer is not wanted any more: none comes. Unknown requests are ignored. */
  cancel(request: RequestId): void;
  stop(): void;
}

export function createVerification(options: VerificationOptions): Verification {
  const { verifier, clock, counters, answer, onFault } = options;
  const retries = createRetries(clock);
  const running = new Map<RequestId, Cancellation>();
  let latest: { readonly subject: VoteSubject; readonly preimage: Uint8Array } | null = null;

  /** Votes come many over one statement in a row. */
  const preimageOfVotes = (subject: VoteSubject): Uint8Array => {
    if (latest === null || !isSameSubject(latest.subject, subject)) {
      latest = { subject, preimage: signingPreimage(verifier.scheme, subject) };
    }
    return latest.preimage;
  };

  /** Asks until there is room; an answer counts only while the request is wanted. Never throws. */
  const run = <Answer>(
    { request, priority }: { readonly request: RequestId; readonly priority: Priority },
    ask: (signal: CancelSignal) => Promise<Answer>,
    onAnswer: (answer: Answer) => void,
  ): void => {
    const signal = new Cancellation();
    running.set(request, signal);
    const attempt = async (): Promise<void> => {
      if (signal.aborted) return;
      try {
        const result = await ask(signal);
        if (running.delete(request)) onAnswer(result);
      } catch (error) {
        if (!running.has(request)) return;
        if (error instanceof PoolFullError) return retries.later(priority, () => void attempt());
        running.delete(request);
        onFault(asPoolError(error));
      }
    };
    void attempt();
  };

  return {
    anticipate({ set, subject, signer, signature }) {
      verifier.anticipate?.(set, preimageOfVotes(subject), { signer, signature });
    },
    check({ request, checks, priority }) {
      counters.signaturesChecked += checks.length;
      const asked = checks.map((check) => withPreimage(verifier.scheme, check));
      run(
        { request, priority },
        async (signal) => verdictsOf(await verifier.check(asked, priority, signal), asked.length),
        (valid) => answer({ type: 'signatures-checked', request, valid }),
      );
    },
    form({ request, set, subject, votes }) {
      counters.certificatesFormed += 1;
      const preimage = preimageOfVotes(subject);
      run(
        { request, priority: 'now' },
        async (signal) => formedOf(await verifier.formCertificate({ set, preimage, votes }, signal)),
        ({ signatures, badSigners }) =>
          answer({ type: 'certificate-formed', request, signatures, badSigners }),
      );
    },
    cancel(request) {
      const signal = running.get(request);
      running.delete(request);
      signal?.abort();
    },
    stop() {
      retries.stop();
      const signals = [...running.values()];
      running.clear();
      for (const signal of signals) signal.abort();
    },
  };
}

function isSameSubject(a: VoteSubject, b: VoteSubject): boolean {
  if (a.view !== b.view || a.chainId !== b.chainId) return false;
  if (a.type === 'timeout-vote' || b.type === 'timeout-vote') return a.type === b.type;
  return a.block === b.block && a.phase === b.phase;
}

function withPreimage(scheme: SchemeName, check: CoreCheck): SignatureCheck {
  const preimage = signingPreimage(scheme, check.subject);
  if (check.type === 'signature') {
    return { type: 'signature', signer: check.signer, preimage, signature: check.signature };
  }
  return { type: 'certificate', set: check.set, preimage, signatures: check.signatures };
}

/** A verifier that answers nonsense is broken. Throws `PoolError`. */
export function verdictsOf(answer: unknown, count: number): Uint8Array {
  if (answer instanceof Uint8Array && answer.length === count) return answer;
  throw new PoolError(`the verifier did not answer ${count} checks with as many verdicts`);
}

/** The same of a certificate: only its form is looked at. */
function formedOf(answer: unknown): FormedCertificate {
  const { signatures, badSigners } = (answer ?? {}) as Partial<FormedCertificate>;
  if (Array.isArray(badSigners) && (signatures === null || isSignatureSet(signatures)))
    return { signatures, badSigners };
  throw new PoolError(
    'the verifier did not answer votes with a certificate or null, and the signers of bad ones',
  );
}

const isSignatureSet = (signatures: Partial<SignatureSet> | undefined): signatures is SignatureSet =>
  Number.isInteger(signatures?.slots) &&
  signatures?.bitmap instanceof Uint8Array &&
  signatures.bytes instanceof Uint8Array;

export function asPoolError(error: unknown): PoolError {
  if (error instanceof PoolError) return error;
  return new PoolError('the verifier failed', { cause: error });
}
