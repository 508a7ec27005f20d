import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cancelled, type Executor, type Pending } from '../../../src/adapters/piscina/executor.ts';
import { createVerifier } from '../../../src/adapters/piscina/index.ts';
import { createInlineExecutor } from '../../../src/adapters/piscina/inline.ts';
import type { Job, OutcomeOf } from '../../../src/adapters/piscina/jobs.ts';
import { WorkerPool } from '../../../src/adapters/piscina/pool.ts';
import { ExecutorVerifier } from '../../../src/adapters/piscina/verifier.ts';
import { PoolError, PoolFullError } from '../../../src/model/errors.ts';
import { asPower, asReplicaId } from '../../../src/model/ids.ts';
import type { SignatureSet } from '../../../src/model/scheme.ts';
import { createValidatorSet, type ValidatorSet } from '../../../src/model/validator-set.ts';
import type { SignatureCheck } from '../../../src/ports/signature-scheme.ts';
import {
  members,
  preimageOf,
  setOf,
  signatureCheck,
  type Vote,
  votesOf,
} from '../../conformance/verifier/cast.ts';

const all = members('ed25519', 4);
const set = setOf(all);
const preimage = preimageOf('ed25519', 1);
let votes: Vote[];
let certificate: SignatureSet;

const certificateCheck = (over = preimage, of: ValidatorSet = set): SignatureCheck => ({
  type: 'certificate',
  set: of,
  preimage: over,
  signatures: certificate,
});

const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  votes = await votesOf(all, preimage);
  const { signatures } = await createVerifier({ scheme: 'ed25519', workers: 0 }).formCertificate({
    set,
    preimage,
    votes,
  });
  certificate = signatures as SignatureSet;
});

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** Runs jobs on the calling thread, but only when the test says so; the parsing of keys at once. */
function heldExecutor(): Executor & { readonly held: Job['type'][]; release(): void } {
  const inline = createInlineExecutor();
  const begins: (() => void)[] = [];
  const held: Job['type'][] = [];
  return {
    held,
    release: () => {
      for (const begin of begins.splice(0)) begin();
    },
    run<Work extends Job>(job: Work): Pending<OutcomeOf<Work>> {
      if (job.type === 'parse-keys') return inline.run(job, 'now');
      held.push(job.type);
      let cancel = (): void => {};
      const promise = new Promise<OutcomeOf<Work>>((resolve, reject) => {
        begins.push(() => resolve(inline.run(job, 'now').promise));
        cancel = () => reject(new Cancelled('in a test'));
      });
      return { promise, cancel };
    },
    statistics: inline.statistics,
    close: inline.close,
  };
}

/** Lets everything happen that does not wait for the test. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('certificates that were seen before', () => {
  it('are answered from memory, per set, and only when they were valid', async () => {
    const executor = heldExecutor();
    const verifier = new ExecutorVerifier('ed25519', executor, false);
    const ask = async (check: SignatureCheck): Promise<number> => {
      const answer = verifier.check([check], 'now');
      await settle();
      executor.release();
      return (await answer)[0] as number;
    };
    const other = preimageOf('ed25519', 2);
    expect([await ask(certificateCheck()), await ask(certificateCheck())]).toEqual([1, 1]);
    expect(executor.held).toHaveLength(1);
    expect([await ask(certificateCheck(other)), await ask(certificateCheck(other))]).toEqual([0, 0]);
    expect(executor.held).toHaveLength(3);
    expect(await ask(certificateCheck(preimage, setOf(all, 5)))).toBe(1);
    expect(executor.held).toHaveLength(4);
    expect(verifier.statistics()).toMatchObject({ remembered: 1, joined: 0 });
  });

  it('include those that were formed here', async () => {
    const verifier = createVerifier({ scheme: 'ed25519', workers: 0 });
    await verifier.formCertificate({ set, preimage, votes });
    expect([...(await verifier.check([certificateCheck()], 'now'))]).toEqual([1]);
    expect(verifier.statistics()).toMatchObject({ remembered: 1 });
  });
});

describe('a certificate that many ask for at once', () => {
  it('is verified once', async () => {
    const executor = heldExecutor();
    const verifier = new ExecutorVerifier('ed25519', executor, false);
    const answers = Array.from({ length: 10 }, () => verifier.check([certificateCheck()], 'now'));
    await settle();
    executor.release();
    for (const answer of answers) expect([...(await answer)]).toEqual([1]);
    expect(executor.held).toEqual(['certificate']);
    expect(verifier.statistics()).toMatchObject({ joined: 9 });
  });

  it('is still verified for the others when one gives up', async () => {
    const executor = heldExecutor();
    const verifier = new ExecutorVerifier('ed25519', executor, false);
    const gaveUp = new AbortController();
    const first = verifier.check([certificateCheck()], 'now', gaveUp.signal);
    const second = verifier.check([certificateCheck()], 'now');
    await settle();
    gaveUp.abort(new Error('gave up'));
    await expect(first).rejects.toThrow('gave up');
    executor.release();
    expect([...(await second)]).toEqual([1]);
  });

  it('is asked for anew after all gave up', async () => {
    const executor = heldExecutor();
    const verifier = new ExecutorVerifier('ed25519', executor, false);
    const gaveUp = new AbortController();
    const first = verifier.check([certificateCheck()], 'now', gaveUp.signal);
    const second = verifier.check([certificateCheck()], 'now', gaveUp.signal);
    await settle();
    gaveUp.abort(new Error('gave up'));
    const third = verifier.check([certificateCheck()], 'now');
    await Promise.all([expect(first).rejects.toThrow('gave up'), expect(second).rejects.toThrow('gave up')]);
    await settle();
    executor.release();
    expect([...(await third)]).toEqual([1]);
    expect(executor.held).toEqual(['certificate', 'certificate']);
  });

  it('does not begin when it was given up while keys were parsed', async () => {
    const executor = heldExecutor();
    const verifier = new ExecutorVerifier('ed25519', executor, false);
    const gaveUp = new AbortController();
    const answer = verifier.check([certificateCheck()], 'now', gaveUp.signal);
    gaveUp.abort(new Error('gave up'));
    await expect(answer).rejects.toThrow('gave up');
    await settle();
    expect(executor.held).toEqual([]);
  });
});

describe('single signatures', () => {
  it('by members of a known set use its parsed keys, the others go together', async () => {
    const executor = heldExecutor();
    const verifier = new ExecutorVerifier('ed25519', executor, false);
    const strangers = members('ed25519', 2, 50);
    const checks = [...votes, ...(await votesOf(strangers, preimage))].map(({ signer, signature }) =>
      signatureCheck(signer, preimage, signature),
    );
    const ask = async (): Promise<number[]> => {
      const answer = verifier.check(checks, 'now');
      await settle();
      executor.release();
      return [...(await answer)];
    };
    expect(await ask()).toEqual([1, 1, 1, 1, 1, 1]);
    expect(executor.held.splice(0)).toEqual(['signatures']);
    const known = verifier.check([certificateCheck()], 'now');
    await settle();
    executor.release();
    await known;
    expect(executor.held.splice(0)).toEqual(['certificate']);
    expect(await ask()).toEqual([1, 1, 1, 1, 1, 1]);
    expect(executor.held.splice(0).sort()).toEqual(['signatures', 'votes']);
  });
});

describe('failures', () => {
  it('of a worker under real work lose no request', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hotstuff-verifier-'));
    const deaths = join(directory, 'deaths');
    process.env['HOTSTUFF_TEST_DEATHS'] = deaths;
    closing.push(async () => rmSync(directory, { recursive: true }));
    const filename = new URL('./dying-worker.mjs', import.meta.url);
    const pool = new WorkerPool({ workers: 2, maxQueue: 1_000, filename });
    const verifier = new ExecutorVerifier('ed25519', pool, false);
    closing.push(() => verifier.close());
    for (let round = 1; round <= 3; round++) {
      writeFileSync(deaths, '');
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const over = preimageOf('ed25519', 100 * round + index);
          const given = await votesOf(all, over);
          const { signatures, badSigners } = await verifier.formCertificate({
            set,
            preimage: over,
            votes: given,
          });
          return [signatures?.bytes.length, badSigners.length];
        }),
      );
      expect(answers).toEqual(answers.map(() => [256, 0]));
      expect(verifier.statistics().retried).toBe(round);
    }
  });

  it('of a full queue are PoolFullErrors, and pass', async () => {
    const verifier = createVerifier({ scheme: 'bls12381', workers: 1, maxQueue: 1 });
    closing.push(() => verifier.close());
    const [one] = members('bls12381', 1);
    const ask = async (view: number): Promise<Uint8Array> => {
      const over = preimageOf('bls12381', view);
      const [vote] = await votesOf([one!], over);
      return verifier.check([signatureCheck(vote!.signer, over, vote!.signature)], 'now');
    };
    const outcomes = await Promise.allSettled([1, 2, 3, 4, 5].map(ask));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) expect(reason).toBeInstanceOf(PoolFullError);
    expect([...(await ask(6))]).toEqual([1]);
  });

  it.each([false, true])('of a set whose keys are none are PoolErrors (trusted: %s)', async (trustKeys) => {
    const id = asReplicaId(`${'ff'.repeat(96)}`);
    const broken = createValidatorSet([{ id, power: asPower(1) }]) as ValidatorSet;
    const verifier = createVerifier({ scheme: 'bls12381', workers: 0, trustKeys });
    const signatures: SignatureSet = { slots: 8, bitmap: new Uint8Array([1]), bytes: new Uint8Array(48) };
    const asked = verifier.check([{ type: 'certificate', set: broken, preimage, signatures }], 'now');
    await expect(asked).rejects.toThrow(/^a validator set is none: key 0 is refused/);
    await expect(asked).rejects.toBeInstanceOf(PoolError);
  });

  it('of a set of the other scheme are PoolErrors', async () => {
    const verifier = createVerifier({ scheme: 'bls12381', workers: 0 });
    const signatures: SignatureSet = { slots: 8, bitmap: new Uint8Array([1]), bytes: new Uint8Array(48) };
    const asked = verifier.check([{ type: 'certificate', set, preimage, signatures }], 'now');
    await expect(asked).rejects.toThrow(/has no key of bls12381$/);
    await expect(asked).rejects.toBeInstanceOf(PoolError);
  });
});

describe('trusted keys', () => {
  it('give the same verdicts', async () => {
    const verifier = createVerifier({ scheme: 'ed25519', workers: 0, trustKeys: true });
    const checks = [certificateCheck(), certificateCheck(preimageOf('ed25519', 9))];
    expect([...(await verifier.check(checks, 'now'))]).toEqual([1, 0]);
  });
});

describe('keys parsed before', () => {
  const some = members('bls12381', 4);
  const over = preimageOf('bls12381', 6);

  /** A verifier on the calling thread, with the hints that it parses keys with. */
  const startRecorded = (trustKeys = true) => {
    const hints: Uint8Array[] = [];
    const inline = createInlineExecutor();
    const executor: Executor = {
      ...inline,
      run: (job, priority) => {
        if (job.type === 'parse-keys') hints.push(job.hints);
        return inline.run(job, priority);
      },
    };
    return { verifier: new ExecutorVerifier('bls12381', executor, trustKeys), hints };
  };

  it('are given to be kept, parsed once', async () => {
    const { verifier, hints } = startRecorded();
    const own = setOf(some);
    const parsed = (await verifier.parsedKeys(own)) as Uint8Array;
    expect(parsed).toHaveLength(4 * 192);
    expect(await verifier.parsedKeys(own)).toBe(parsed);
    expect(hints.map(({ length }) => length)).toEqual([0]);
  });

  it('help to parse those of the next process, and of the next set', async () => {
    const parsed = (await startRecorded().verifier.parsedKeys(setOf(some))) as Uint8Array;
    const { verifier, hints } = startRecorded();
    verifier.learnKeys(parsed);
    expect(await verifier.parsedKeys(setOf(some))).toEqual(parsed);
    const next = setOf(members('bls12381', 5));
    const all = await verifier.parsedKeys(next);
    expect(hints).toEqual([parsed, parsed]);
    expect(all).toHaveLength(5 * 192);
    await verifier.parsedKeys(setOf(some));
    expect(hints[2]).toEqual(all);
  });

  it.each([true, false])('may be wrong, and change no verdict (trusted: %s)', async (trustKeys) => {
    const given = await votesOf(some, over);
    const right = (await startRecorded().verifier.parsedKeys(setOf(some))) as Uint8Array;
    const others = (await startRecorded().verifier.parsedKeys(
      setOf(members('bls12381', 4, 9)),
    )) as Uint8Array;
    const spoilt = right.slice();
    spoilt[200]! ^= 4;
    const mixed = new Uint8Array([...right.subarray(0, 96), ...others.subarray(96, 192)]);
    for (const learned of [right, others, spoilt, mixed, right.subarray(5), new Uint8Array(0)]) {
      const { verifier } = startRecorded(trustKeys);
      verifier.learnKeys(learned);
      const own = setOf(some);
      const { signatures, badSigners } = await verifier.formCertificate({
        set: own,
        preimage: over,
        votes: given,
      });
      expect(badSigners).toEqual([]);
      const check = { type: 'certificate', set: own, signatures: signatures as SignatureSet } as const;
      const checks = [over, preimageOf('bls12381', 7)].map((about) => ({ ...check, preimage: about }));
      expect([...(await verifier.check(checks, 'now'))]).toEqual([1, 0]);
      expect(await verifier.parsedKeys(own)).toEqual(right);
    }
  });

  it('are not worth keeping for Ed25519', async () => {
    const verifier = createVerifier({ scheme: 'ed25519', workers: 0 });
    expect(await verifier.parsedKeys?.(set)).toBeNull();
    verifier.learnKeys?.(new Uint8Array(100));
    expect([...(await verifier.check([certificateCheck()], 'now'))]).toEqual([1]);
  });

  it('of a closed verifier are PoolErrors', async () => {
    const { verifier } = startRecorded();
    await verifier.close();
    await expect(verifier.parsedKeys(setOf(some))).rejects.toBeInstanceOf(PoolError);
  });
});

describe('votes told of beforehand', () => {
  const many = members('bls12381', 34);
  const large = setOf(many);
  const over = preimageOf('bls12381', 5);
  let given: Vote[];

  beforeAll(async () => {
    given = (await votesOf(many, over)).slice(0, large.quorum);
  });

  /** A verifier that knows the keys of both sets, with the jobs that it has run since. */
  const startKnowing = async (...sets: readonly ValidatorSet[]) => {
    const ran: Job['type'][] = [];
    const inline = createInlineExecutor();
    const executor: Executor = {
      ...inline,
      run: (job, priority) => {
        ran.push(job.type);
        return inline.run(job, priority);
      },
    };
    const verifier = new ExecutorVerifier('bls12381', executor, true);
    for (const known of sets) verifier.anticipate(known, over, given[0] as Vote);
    await settle();
    expect(ran.splice(0)).toEqual(sets.map(() => 'parse-keys'));
    return { verifier, ran };
  };

  it('leave one verification to be done', async () => {
    const { verifier, ran } = await startKnowing(large);
    for (const vote of given.slice(1)) verifier.anticipate(large, over, vote);
    const { signatures, badSigners } = await verifier.formCertificate({
      set: large,
      preimage: over,
      votes: given,
    });
    expect([signatures?.bytes.length, badSigners]).toEqual([48, []]);
    expect(ran).toEqual(['finish']);
    expect(verifier.statistics().summed).toBe(1);
    // What was formed is known to be valid, and its sum is used up.
    const check: SignatureCheck = {
      type: 'certificate',
      set: large,
      preimage: over,
      signatures: signatures as SignatureSet,
    };
    expect([...(await verifier.check([check], 'now'))]).toEqual([1]);
    await verifier.formCertificate({ set: large, preimage: over, votes: given });
    expect(ran).toEqual(['finish', 'form']);
  });

  it('are judged one by one when their sum is not good', async () => {
    const { verifier, ran } = await startKnowing(large);
    const [other] = await votesOf(many.slice(2, 3), preimageOf('bls12381', 6));
    const spoilt = given.map((vote, index) => (index === 2 ? (other as Vote) : vote));
    for (const vote of spoilt) verifier.anticipate(large, over, vote);
    const { badSigners } = await verifier.formCertificate({ set: large, preimage: over, votes: spoilt });
    expect(badSigners).toEqual([many[2]?.id]);
    expect(ran).toEqual(['finish', 'form']);
    expect(verifier.statistics().summed).toBe(0);
  });

  it.each([
    ['other votes than told', 3, 0],
    ['another vote of a signer', 0, 1],
  ])('are not used for %s', async (_, from, swapped) => {
    const { verifier, ran } = await startKnowing(large);
    for (const vote of given) verifier.anticipate(large, over, vote);
    const asked = given
      .slice(from)
      .map((vote, index) => (index < swapped ? { ...vote, signature: given[5]!.signature } : vote));
    const { badSigners } = await verifier.formCertificate({ set: large, preimage: over, votes: asked });
    expect(badSigners).toHaveLength(swapped);
    expect(ran).toEqual(['form']);
  });

  it('are kept for a few statements: the ones that nobody votes for any more make way', async () => {
    const { verifier, ran } = await startKnowing(large);
    for (const vote of given) verifier.anticipate(large, over, vote);
    const told = async (others: number): Promise<readonly string[]> => {
      for (const vote of given) verifier.anticipate(large, over, vote);
      for (let view = 100; view < 100 + others; view++) {
        verifier.anticipate(large, preimageOf('bls12381', view), given[0] as Vote);
      }
      await verifier.formCertificate({ set: large, preimage: over, votes: given });
      return ran.splice(0);
    };
    expect(await told(7)).toEqual(['finish']);
    expect(await told(8)).toEqual(['form']);
  });

  it('do not make a set and a statement be mixed up with others', async () => {
    const same = setOf(many, 2);
    const { verifier, ran } = await startKnowing(large, same);
    const later = preimageOf('bls12381', 7);
    for (const vote of given) {
      verifier.anticipate(same, over, vote);
      verifier.anticipate(large, later, vote);
    }
    await verifier.formCertificate({ set: large, preimage: over, votes: given });
    expect(ran).toEqual(['form']);
    await verifier.formCertificate({ set: same, preimage: over, votes: given });
    expect(ran).toEqual(['form', 'finish']);
  });

  it('of small sets, and of Ed25519, are not summed', async () => {
    const few = setOf(many.slice(0, 31));
    const { verifier, ran } = await startKnowing();
    for (const vote of given) verifier.anticipate(few, over, vote);
    await settle();
    expect(ran).toEqual([]);
    const other = new ExecutorVerifier('ed25519', createInlineExecutor(), true);
    other.anticipate(large, over, given[0] as Vote);
    await settle();
    expect(other.statistics().completed).toBe(0);
  });

  it('may be garbage', async () => {
    const { verifier, ran } = await startKnowing(large);
    const [first] = given as [Vote];
    verifier.anticipate(large, over, { ...first, signature: first.signature.subarray(1) });
    verifier.anticipate(large, over, { ...first, signature: new Uint8Array(96).fill(255) });
    verifier.anticipate(large, over, { signer: asReplicaId('ff'), signature: first.signature });
    for (const vote of given) verifier.anticipate(large, over, vote);
    for (const vote of given.toReversed()) verifier.anticipate(large, over, vote);
    const { badSigners } = await verifier.formCertificate({ set: large, preimage: over, votes: given });
    expect([badSigners, ran]).toEqual([[], ['finish']]);
  });
});
