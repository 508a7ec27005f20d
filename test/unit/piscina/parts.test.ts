import { describe, expect, it } from 'vitest';
import { runAll } from '../../../src/adapters/piscina/batch.ts';
import type { Executor } from '../../../src/adapters/piscina/executor.ts';
import { createVerifier } from '../../../src/adapters/piscina/index.ts';
import { createInlineExecutor } from '../../../src/adapters/piscina/inline.ts';
import {
  type Job,
  offsetsOf,
  packed,
  packedLists,
  part,
  type SharedKeys,
} from '../../../src/adapters/piscina/jobs.ts';
import { createKernel } from '../../../src/adapters/piscina/kernel.ts';
import { keysOf } from '../../../src/adapters/piscina/known-sets.ts';
import { certificateKey, VerdictCache } from '../../../src/adapters/piscina/verdict-cache.ts';
import {
  createSmallInlineExecutor,
  isSmall,
  shareOfTask,
  workerCount,
} from '../../../src/adapters/piscina/workers.ts';
import { ConfigError, PoolError } from '../../../src/model/errors.ts';
import { asPower, asReplicaId } from '../../../src/model/ids.ts';
import type { SchemeName, SignatureSet } from '../../../src/model/scheme.ts';
import { createValidatorSet, type ValidatorSet } from '../../../src/model/validator-set.ts';
import { type Member, members, preimageOf, setOf } from '../../conformance/verifier/cast.ts';

const bytes = (...values: readonly number[]): Uint8Array => new Uint8Array(values);

const parseKeys = (scheme: SchemeName, id: number, keys: Uint8Array) =>
  ({ scheme, type: 'parse-keys', id, keys, hints: bytes(), trusted: true }) as const;

describe('packing', () => {
  it('copies strings into one buffer of their own', () => {
    const frame = bytes(0, 1, 2, 3, 4, 5, 6, 7);
    const result = packed(frame.subarray(1, 3), frame.subarray(3, 3), frame.subarray(5));
    expect(result).toEqual({ bytes: bytes(1, 2, 5, 6, 7), ends: [2, 2, 5] });
    expect(result.bytes.buffer.byteLength).toBe(5);
    expect([0, 1, 2].map((index) => part(result, index))).toEqual([bytes(1, 2), bytes(), bytes(5, 6, 7)]);
  });

  it('copies lists of strings into one part each', () => {
    const result = packedLists([], [bytes(1), bytes(2, 3)], [], [bytes(4)]);
    expect([0, 1, 2, 3].map((index) => part(result, index))).toEqual([
      bytes(),
      bytes(1, 2, 3),
      bytes(),
      bytes(4),
    ]);
  });

  it('says where strings begin', () => {
    expect(offsetsOf([bytes(1), bytes(), bytes(2, 3)])).toEqual(new Uint32Array([0, 1, 1, 3]));
    expect(offsetsOf([])).toEqual(new Uint32Array([0]));
  });
});

describe('the number of workers', () => {
  it.each([
    ['auto', 1, 0],
    ['auto', 2, 1],
    ['auto', 4, 3],
    ['auto', 64, 4],
    [0, 8, 0],
    [3, 1, 3],
    [256, 1, 256],
  ] as const)('for %s on %i cores is %i', (workers, cores, count) => {
    expect(workerCount(workers, cores)).toBe(count);
  });

  it.each([-1, 0.5, 257, Number.NaN])('is never %s', (workers) => {
    expect(() => workerCount(workers, 2)).toThrow(ConfigError);
    expect(() => createVerifier({ scheme: 'ed25519', workers })).toThrow(/^workers: is /);
  });

  it('comes with a queue of some length', () => {
    for (const maxQueue of [0, -1, 1.5]) {
      expect(() => createVerifier({ scheme: 'ed25519', maxQueue })).toThrow(/^maxQueue: is /);
    }
  });
});

describe('the rule for small jobs', () => {
  const parts = packed(bytes(1), bytes(2), new Uint8Array(64 * 11));
  const larger = packed(bytes(1), bytes(2), new Uint8Array(64 * 12));
  const keys = { id: 1, parsed: bytes() };
  const votes = (scheme: SchemeName, count: number): Job => ({
    scheme,
    type: 'votes',
    keys,
    indexes: new Uint32Array(count),
    offsets: new Uint32Array(count + 1),
    parts: packed(),
  });

  it('counts Ed25519 signatures', () => {
    expect(isSmall({ scheme: 'ed25519', type: 'certificate', keys, parts })).toBe(true);
    expect(isSmall({ scheme: 'ed25519', type: 'certificate', keys, parts: larger })).toBe(false);
    expect(isSmall(parseKeys('ed25519', 1, new Uint8Array(32 * 11)))).toBe(true);
    expect(isSmall(parseKeys('ed25519', 1, new Uint8Array(32 * 12)))).toBe(false);
    for (const type of ['signatures', 'possessions'] as const) {
      expect(isSmall({ scheme: 'ed25519', type, offsets: new Uint32Array(12), parts })).toBe(true);
      expect(isSmall({ scheme: 'ed25519', type, offsets: new Uint32Array(13), parts })).toBe(false);
    }
    expect(isSmall(votes('ed25519', 11))).toBe(true);
    expect(isSmall(votes('ed25519', 12))).toBe(false);
  });

  it('holds for no BLS job', () => {
    expect(isSmall(votes('bls12381', 1))).toBe(false);
  });

  it('starts workers with the first job that is not small, and only then', async () => {
    const ran: string[] = [];
    const executor = (name: string): Executor => ({
      run: () => {
        ran.push(name);
        return { promise: Promise.resolve() as Promise<never>, cancel: () => {} };
      },
      statistics: createInlineExecutor().statistics,
      close: async () => {
        ran.push(`${name} closed`);
      },
    });
    let started = 0;
    const auto = createSmallInlineExecutor(executor('inline'), () => {
      started++;
      return executor('pool');
    });
    auto.run(votes('ed25519', 4), 'now');
    expect(started).toBe(0);
    expect(auto.statistics().workers).toBe(0);
    auto.run(votes('ed25519', 40), 'now');
    auto.run(votes('ed25519', 41), 'now');
    auto.run(votes('ed25519', 5), 'now');
    await auto.close();
    expect(started).toBe(1);
    expect(ran).toEqual(['inline', 'pool', 'pool', 'inline', 'pool closed']);
  });
});

describe('the keys of a set', () => {
  const size = 96;
  const idsOf = (count: number): string[] =>
    Array.from({ length: count }, (_, index) => (index + 1).toString(16).padStart(2 * size, '0'));
  const named = (ids: readonly string[]): ValidatorSet =>
    createValidatorSet(ids.map((id) => ({ id: asReplicaId(id), power: asPower(1) }))) as ValidatorSet;

  it.each([1, 31, 32, 33, 100])('lie one after the other, of %i validators', (count) => {
    const keys = keysOf('bls12381', named(idsOf(count)));
    expect(Buffer.from(keys).toString('hex')).toBe(idsOf(count).join(''));
    expect(keys.buffer.byteLength).toBe(count * size);
  });

  it.each([0, 5, 40, 69])('are refused when that of validator %i is none, which is named', (index) => {
    for (const wrong of [
      '',
      'ab',
      'f'.repeat(2 * size - 1),
      'f'.repeat(2 * size + 2),
      `${'f'.repeat(2 * size - 1)}g`,
    ]) {
      const ids = idsOf(70);
      ids[index] = wrong;
      expect(() => keysOf('bls12381', named(ids))).toThrow(
        new PoolError(`validator ${wrong} has no key of bls12381`),
      );
    }
  });
});

describe('parsing keys', () => {
  const set = setOf(members('bls12381', 4));
  const keys = keysOf('bls12381', set);
  const votes = (id: number, parsed: Uint8Array): Job => ({
    scheme: 'bls12381',
    type: 'votes',
    keys: { id, parsed },
    indexes: Uint32Array.of(),
    offsets: Uint32Array.of(0),
    parts: packed(bytes(), bytes()),
  });

  it('leaves the thread that did it nothing to read', () => {
    const kernel = createKernel();
    expect(kernel(parseKeys('bls12381', 1, keys))).toHaveProperty('parsed');
    const unreadable = bytes(1, 2, 3);
    expect(kernel(votes(1, unreadable))).toEqual(bytes());
    expect(() => kernel(votes(2, unreadable))).toThrow();
  });

  it('gives the same whatever the hints are', () => {
    const kernel = createKernel();
    const plain = kernel(parseKeys('bls12381', 1, keys)) as { readonly parsed: Uint8Array };
    const wrong = plain.parsed.slice();
    wrong[191]! ^= 1;
    const more = new Uint8Array([...plain.parsed, ...plain.parsed]);
    for (const hints of [wrong, plain.parsed.subarray(7), plain.parsed.subarray(192), more, bytes(1)]) {
      expect(kernel({ ...parseKeys('bls12381', 2, keys), hints })).toEqual(plain);
    }
    const hints = plain.parsed;
    expect(kernel({ ...parseKeys('bls12381', 2, keys), hints })).toEqual({ parsed: null });
    const none = { ...parseKeys('bls12381', 3, new Uint8Array(96)), hints: plain.parsed };
    expect(kernel(none)).toEqual({ fault: 'key 0 is refused: malformed' });
  });
});

describe('jobs that go together', () => {
  it.each(['bls12381', 'ed25519'] as const)('give what each gives alone (%s)', async (scheme) => {
    const all = members(scheme, 4);
    const kernel = createKernel();
    const setKeys = (id: number, some: readonly Member[]): SharedKeys => {
      const keys = keysOf(scheme, setOf(some));
      const parsed = kernel(parseKeys(scheme, id, keys));
      return { id, parsed: ('parsed' in parsed ? parsed.parsed : null) ?? bytes() };
    };
    const sets = [setKeys(1, all), setKeys(2, all.slice(0, 3))] as const;
    const job = async (keys: SharedKeys, views: readonly number[], bad: number | null): Promise<Job> => {
      const messages = views.map((view) => preimageOf(scheme, view));
      const votes = await Promise.all(
        messages.map((message, at) => all[at % 3]!.signer.sign(at === bad ? bytes(1) : message)),
      );
      const ids = views.map((_, at) => all[at % 3]!.id);
      const order = setOf(keys.id === 1 ? all : all.slice(0, 3)).indexOf;
      return {
        scheme,
        type: 'votes',
        keys,
        indexes: Uint32Array.from(ids, (id) => order.get(id) as number),
        offsets: offsetsOf(messages),
        parts: packedLists(messages, votes),
      };
    };
    const jobs = [
      await job(sets[0], [1], null),
      await job(sets[0], [1, 2, 3], 1),
      await job(sets[0], [], null),
      await job(sets[0], [4], 0),
      await job(sets[1], [1, 5], null),
      parseKeys(scheme, 3, keysOf(scheme, setOf(all))),
      await job(sets[1], [2], null),
      await job(sets[0], [2], null),
    ];
    const outcomes = runAll(kernel, jobs);
    expect(outcomes).toEqual(jobs.map((one) => kernel(one)));
    expect(outcomes.slice(0, 4)).toEqual([bytes(1), bytes(1, 0, 1), bytes(), bytes(0)]);
    expect(runAll(kernel, [])).toEqual([]);
  });

  it('fill a task by what they take', () => {
    const ofVotes = (scheme: SchemeName, count: number): number =>
      shareOfTask({ scheme, type: 'votes', indexes: new Uint32Array(count) } as unknown as Job);
    expect([ofVotes('bls12381', 1), ofVotes('bls12381', 4)]).toEqual([0.25, 1]);
    expect([ofVotes('ed25519', 11), ofVotes('ed25519', 22)]).toEqual([1, 2]);
    const certificate = { type: 'certificate', keys: { id: 1, parsed: bytes() } } as const;
    const parts = packed(bytes(1), bytes(2), new Uint8Array(64 * 3));
    expect(shareOfTask({ scheme: 'bls12381', ...certificate, parts })).toBe(1);
    expect(shareOfTask({ scheme: 'ed25519', ...certificate, parts })).toBeCloseTo(3 / 11);
  });
});

describe('the inline executor', () => {
  it('makes a failure of the addon a PoolError', async () => {
    const broken: Job = {
      scheme: 'ed25519',
      type: 'signatures',
      offsets: new Uint32Array([0, 5]),
      parts: packed(bytes(), bytes(), bytes()),
    };
    const { promise } = createInlineExecutor().run(broken, 'now');
    await expect(promise).rejects.toBeInstanceOf(PoolError);
    await expect(promise).rejects.toThrow('the addon failed at a job of type signatures');
  });
});

describe('the verdict cache', () => {
  it('forgets what was not seen for longest', () => {
    const cache = new VerdictCache();
    for (let index = 0; index < 4_096; index++) cache.add(`${index}`);
    expect(cache.has('0')).toBe(true);
    cache.add('one more');
    expect(cache.has('0')).toBe(true);
    expect(cache.has('1')).toBe(false);
    expect(cache.has('one more')).toBe(true);
  });

  it('tells certificates apart by everything that matters', () => {
    const signatures: SignatureSet = { slots: 8, bitmap: bytes(7), bytes: bytes(1, 2) };
    const keys = [
      certificateKey(1, bytes(1, 2), signatures),
      certificateKey(2, bytes(1, 2), signatures),
      certificateKey(1, bytes(1, 3), signatures),
      certificateKey(1, bytes(1, 2, 7), { ...signatures, bitmap: bytes() }),
      certificateKey(1, bytes(1, 2), { ...signatures, slots: 7 }),
      certificateKey(1, bytes(1, 2), { ...signatures, bitmap: bytes(7, 1), bytes: bytes(2) }),
      certificateKey(1, bytes(1, 2), { ...signatures, bytes: bytes(1, 3) }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(certificateKey(1, bytes(1, 2), { ...signatures })).toBe(keys[0]);
  });
});
