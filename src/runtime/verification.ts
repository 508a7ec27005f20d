import { signingPreimage } from '../codec/signing.ts';
import type { CoreCheck, Effect } from '../core/effect.ts';
import type { RequestId } from '../core/input.ts';
import { PoolError } from '../model/errors.ts';
import type { SchemeName } from '../model/scheme.ts';
import type { FormedCertificate, SignatureCheck, Verifier } from '../ports/signature-scheme.ts';
import type { Counters } from './counters.ts';
import type { LocalInput } from './local-input.ts';

export interface VerificationOptions {
  readonly verifier: Verifier;
  readonly counters: Counters;
  readonly answer: (input: LocalInput) => void;
  /** Called when the verifier broke, which says nothing about any signature. */
  readonly onFault: (error: PoolError) => void;
}

/** Takes the core's questions about signatures to the verifier. */
export interface Verification {
  check(effect: Extract<Effect, { type: 'check-signatures' }>): void;
  form(effect: Extract<Effect, { type: 'form-certificate' }>): void;
  /** The answer is not wanted any more: none comes. Unknown requests are ignored. */
  cancel(request: RequestId): void;
  stop(): void;
}

export function createVerification(options: VerificationOptions): Verification {
  const { verifier, counters, answer, onFault } = options;
  const running = new Map<RequestId, AbortController>();

  /** Runs `ask`; its answer counts only while the request is wanted. Never rejects. */
  const run = async <Answer>(
    request: RequestId,
    ask: (signal: AbortSignal) => Promise<Answer>,
    onAnswer: (answer: Answer) => void,
  ): Promise<void> => {
    const controller = new AbortController();
    running.set(request, controller);
    try {
      const result = await ask(controller.signal);
      if (running.delete(request)) onAnswer(result);
    } catch (error) {
      if (running.delete(request)) onFault(asPoolError(error));
    }
  };

  return {
    check({ request, checks, priority }) {
      counters.signaturesChecked += checks.length;
      const asked = checks.map((check) => withPreimage(verifier.scheme, check));
      void run(
        request,
        async (signal) => verdictsOf(await verifier.check(asked, priority, signal), asked.length),
        (valid) => answer({ type: 'signatures-checked', request, valid }),
      );
    },
    form({ request, set, subject, votes }) {
      counters.certificatesFormed += 1;
      const preimage = signingPreimage(verifier.scheme, subject);
      void run(
        request,
        (signal) => verifier.formCertificate({ set, preimage, votes }, signal),
        ({ signatures, badSigners }: FormedCertificate) =>
          answer({ type: 'certificate-formed', request, signatures, badSigners }),
      );
    },
    cancel(request) {
      const controller = running.get(request);
      running.delete(request);
      controller?.abort();
    },
    stop() {
      const controllers = [...running.values()];
      running.clear();
      for (const controller of controllers) controller.abort();
    },
  };
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

export function asPoolError(error: unknown): PoolError {
  if (error instanceof PoolError) return error;
  return new PoolError('the verifier failed', { cause: error });
}
