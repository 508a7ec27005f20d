import { describe, expect, it } from 'vitest';
import { signingPreimage } from '../../../src/codec/signing.ts';
import type { CoreCheck } from '../../../src/core/effect.ts';
import type { RequestId } from '../../../src/core/input.ts';
import { PoolError, PoolFullError } from '../../../src/model/errors.ts';
import { asBlockHash, asChainId, asPower, asReplicaId, asView } from '../../../src/model/ids.ts';
import type { VoteSubject } from '../../../src/model/messages.ts';
import { NO_SIGNATURES } from '../../../src/model/scheme.ts';
import { createValidatorSet, type ValidatorSet } from '../../../src/model/validator-set.ts';
import type {
  CancelSignal,
  CertificateJob,
  SignatureCheck,
  Verifier,
} from '../../../src/ports/signature-scheme.ts';
import { Cancellation } from '../../../src/runtime/cancellation.ts';
import { createCounters } from '../../../src/runtime/counters.ts';
import type { LocalInput } from '../../../src/runtime/local-input.ts';
import { createVerification } from '../../../src/runtime/verification.ts';
import { settle } from './support/held-store.ts';
import { createManualClock } from './support/manual-clock.ts';

const request = (number: number): RequestId => number as RequestId;
const signer = asReplicaId('a'.repeat(64));
const set = createValidatorSet([{ id: signer, power: asPower(1) }]) as ValidatorSet;
const subject: VoteSubject = {
  type: 'phase-vote',
  chainId: asChainId(7),
  view: asView(3),
  block: asBlockHash('b'.repeat(64)),
  phase: 'generic',
};
const signature = new Uint8Array(64).fill(5);
const voteCheck: CoreCheck = { type: 'signature', signer, subject, signature };
const certificateCheck: CoreCheck = { type: 'certificate', set, subject, signatures: NO_SIGNATURES };

interface Asked {
  readonly what: readonly SignatureCheck[] | CertificateJob;
  readonly priority: string | null;
  readonly signal: CancelSignal;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: unknown) => void;
}

function start() {
  const asked: Asked[] = [];
  const answers: LocalInput[] = [];
  const faults: Error[] = [];
  const ask = <Answer>(
    what: Asked['what'],
    priority: string | null,
    signal: CancelSignal | undefined,
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      asked.push({ what, priority, signal: signal as CancelSignal, resolve: resolve as never, reject });
    });
  const verifier: { -readonly [Key in keyof Verifier]: Verifier[Key] } = {
    scheme: 'ed25519',
    check: (checks, priority, signal) => ask(checks, priority, signal),
    formCertificate: (job, signal) => ask(job, null, signal),
    checkPossession: () => Promise.reject(new Error('not asked for here')),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const counters = createCounters();
  const clock = createManualClock();
  const verification = createVerification({
    verifier,
    clock,
    counters,
    answer: (input) => answers.push(input),
    onFault: (error) => faults.push(error),
  });
  return { asked, answers, faults, counters, clock, verification, verifier };
}

describe('verification', () => {
  it('asks for each check with its preimage and passes the verdicts on', async () => {
    const { verification, asked, answers, counters } = start();
    const checks = [voteCheck, certificateCheck];
    verification.check({ type: 'check-signatures', request: request(1), checks, priority: 'soon' });
    const preimage = signingPreimage('ed25519', subject);
    expect(asked[0]?.what).toEqual([
      { type: 'signature', signer, preimage, signature },
      { type: 'certificate', set, preimage, signatures: NO_SIGNATURES },
    ]);
    const [, certificate] = (asked[0] as Asked).what as readonly SignatureCheck[];
    expect(certificate?.type === 'certificate' && certificate.set).toBe(set);
    expect(asked[0]?.priority).toBe('soon');
    asked[0]?.resolve(Uint8Array.of(1, 0) as never);
    await settle();
    expect(answers).toEqual([
      { type: 'signatures-checked', request: request(1), valid: Uint8Array.of(1, 0) },
    ]);
    expect(counters.signaturesChecked).toBe(2);
  });

  it('has certificates formed', async () => {
    const { verification, asked, answers } = start();
    const votes = [{ signer, signature }];
    verification.form({ type: 'form-certificate', request: request(1), set, subject, votes });
    expect(asked[0]?.what).toEqual({ set, preimage: signingPreimage('ed25519', subject), votes });
    asked[0]?.resolve({ signatures: NO_SIGNATURES, badSigners: [signer] } as never);
    await settle();
    expect(answers).toEqual([
      { type: 'certificate-formed', request: request(1), signatures: NO_SIGNATURES, badSigners: [signer] },
    ]);
  });

  it('tells a verifier that wants to know of votes, all of one statement with one preimage', () => {
    const { verifier, verification } = start();
    verification.anticipate({ set, subject, signer, signature });
    const told: (readonly [ValidatorSet, Uint8Array, object])[] = [];
    verifier.anticipate = (...vote) => told.push(vote);
    const leave: VoteSubject = { type: 'timeout-vote', chainId: subject.chainId, view: subject.view };
    const subjects = [
      subject,
      { ...subject },
      leave,
      { ...leave },
      { ...subject, phase: 'prepare' } as const,
    ];
    for (const one of subjects) verification.anticipate({ set, subject: one, signer, signature });
    expect(told).toEqual(
      subjects.map((one) => [set, signingPreimage('ed25519', one), { signer, signature }]),
    );
    expect(told[1]?.[1]).toBe(told[0]?.[1]);
    expect(told[3]?.[1]).toBe(told[2]?.[1]);
  });

  it('aborts a cancelled request and answers nothing, however it ends', async () => {
    const { verification, asked, answers, faults } = start();
    for (const number of [1, 2]) {
      const checks = [voteCheck];
      verification.check({ type: 'check-signatures', request: request(number), checks, priority: 'now' });
      verification.cancel(request(number));
    }
    verification.cancel(request(3));
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    asked[0]?.resolve(Uint8Array.of(1) as never);
    asked[1]?.reject(new DOMException('aborted', 'AbortError'));
    await settle();
    expect(answers).toEqual([]);
    expect(faults).toEqual([]);
  });

  it.each([
    ['rejects', (one: Asked) => one.reject(new Error('worker died'))],
    ['answers too few verdicts', (one: Asked) => one.resolve(new Uint8Array(0) as never)],
    ['answers no bytes', (one: Asked) => one.resolve([1] as never)],
  ])('is a fault when the verifier %s, and never a verdict', async (_, end) => {
    const { verification, asked, answers, faults } = start();
    const checks = [voteCheck];
    verification.check({ type: 'check-signatures', request: request(1), checks, priority: 'now' });
    end(asked[0] as Asked);
    await settle();
    expect(faults).toHaveLength(1);
    expect(faults[0]).toBeInstanceOf(PoolError);
    expect(answers).toEqual([]);
  });

  it.each<readonly [string, unknown]>([
    ['nothing', undefined],
    ['no signers', { signatures: null }],
    ['signatures of no form', { signatures: new Uint8Array(48), badSigners: [] }],
    [
      'signatures without their bytes',
      { signatures: { slots: 8, bitmap: Uint8Array.of(1) }, badSigners: [] },
    ],
  ])('is a fault when the verifier answers %s for a certificate, and never silence', async (_, answer) => {
    const { verification, asked, answers, faults } = start();
    verification.form({ type: 'form-certificate', request: request(1), set, subject, votes: [] });
    asked[0]?.resolve(answer as never);
    await settle();
    expect(faults).toHaveLength(1);
    expect(faults[0]).toBeInstanceOf(PoolError);
    expect(answers).toEqual([]);
  });

  it('aborts everything when it stops', async () => {
    const { verification, asked, answers, faults } = start();
    verification.check({
      type: 'check-signatures',
      request: request(1),
      checks: [voteCheck],
      priority: 'now',
    });
    verification.form({ type: 'form-certificate', request: request(2), set, subject, votes: [] });
    verification.stop();
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    for (const one of asked) one.reject(new Error('aborted'));
    await settle();
    expect([answers, faults]).toEqual([[], []]);
  });
});

describe('a verifier that is full', () => {
  const full = new PoolFullError('so many wait already');
  const ask = (
    { verification }: ReturnType<typeof start>,
    number: number,
    priority: 'now' | 'soon' | 'sync',
  ): void =>
    verification.check({
      type: 'check-signatures',
      request: request(number),
      checks: [voteCheck],
      priority,
    });

  it('is asked again until it has room, the most urgent first, and is no fault', async () => {
    const world = start();
    const { asked, answers, faults, clock, verification } = world;
    ask(world, 1, 'sync');
    ask(world, 2, 'soon');
    ask(world, 3, 'now');
    verification.form({ type: 'form-certificate', request: request(4), set, subject, votes: [] });
    for (const one of asked.splice(0)) {
      one.reject(full);
      await settle();
    }
    expect([asked, faults]).toEqual([[], []]);
    clock.advance(5);
    expect(asked.map(({ priority }) => priority)).toEqual(['now', null, 'soon', 'sync']);
    const [first, , third] = asked.splice(0) as [Asked, Asked, Asked];
    third.reject(full);
    first.resolve(Uint8Array.of(1) as never);
    await settle();
    clock.advance(5);
    expect(asked.map(({ priority }) => priority)).toEqual(['soon']);
    asked[0]?.resolve(Uint8Array.of(0) as never);
    await settle();
    expect(answers).toEqual([
      { type: 'signatures-checked', request: request(3), valid: Uint8Array.of(1) },
      { type: 'signatures-checked', request: request(2), valid: Uint8Array.of(0) },
    ]);
    expect([faults, clock.armed]).toEqual([[], 0]);
  });

  it('is asked a few at a time, in order', async () => {
    const world = start();
    const { asked, counters, clock } = world;
    for (let number = 1; number <= 100; number++) ask(world, number, 'now');
    for (const one of asked.splice(0)) one.reject(full);
    await settle();
    clock.advance(5);
    expect(asked).toHaveLength(64);
    for (const one of asked.splice(0)) one.reject(full);
    await settle();
    clock.advance(5);
    expect(asked).toHaveLength(64);
    expect(counters.signaturesChecked).toBe(100);
  });

  it('is not asked again for what is cancelled, nor after the end', async () => {
    const world = start();
    const { asked, answers, faults, clock, verification } = world;
    ask(world, 1, 'now');
    ask(world, 2, 'now');
    for (const one of asked.splice(0)) one.reject(full);
    await settle();
    verification.cancel(request(1));
    clock.advance(5);
    expect(asked).toHaveLength(1);
    asked[0]?.reject(full);
    await settle();
    verification.stop();
    expect(clock.armed).toBe(0);
    clock.advance(1_000);
    await settle();
    expect([asked.length, answers, faults]).toEqual([1, [], []]);
  });
});

describe('a cancellation', () => {
  it('tells everyone who listens, once', () => {
    const signal = new Cancellation();
    const heard: string[] = [];
    const first = (): unknown => heard.push('first');
    const second = (): unknown => heard.push(`second: ${(signal.reason as Error).name}`);
    for (const listener of [first, second, second]) signal.addEventListener('abort', listener);
    signal.removeEventListener('abort', first);
    signal.removeEventListener('abort', first);
    expect([signal.aborted, signal.reason]).toEqual([false, undefined]);
    signal.abort();
    signal.abort();
    expect([signal.aborted, heard]).toEqual([true, ['second: AbortError']]);
  });

  it('is told to everyone, and harms nobody, when one of them throws', () => {
    const signal = new Cancellation();
    const heard: string[] = [];
    signal.addEventListener('abort', () => {
      throw new Error('a listener that fails');
    });
    signal.addEventListener('abort', () => heard.push('second'));
    signal.abort();
    expect(heard).toEqual(['second']);
  });
});
