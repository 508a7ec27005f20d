import { describe, expect, it } from 'vitest';
import { portableHasher } from '../../../src/codec/data-hash.ts';
import type { TreeDelta } from '../../../src/core/block-tree/delta.ts';
import type { RequestId } from '../../../src/core/input.ts';
import type { AppStateUpdates } from '../../../src/model/app.ts';
import type { Block } from '../../../src/model/block.ts';
import { GENESIS_PC } from '../../../src/model/certificate.ts';
import { type ChainParameters, DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { PoolError, PoolFullError, StorageError } from '../../../src/model/errors.ts';
import type { ReplicaEvent } from '../../../src/model/events.ts';
import { bytesToHex } from '../../../src/model/hex.ts';
import {
  asBlockHash,
  asChainId,
  asDataHash,
  asHeight,
  asMillis,
  asPower,
  asReplicaId,
  asView,
  type BlockHash,
  ZERO_HASH,
} from '../../../src/model/ids.ts';
import { createValidatorSet, type ValidatorSet } from '../../../src/model/validator-set.ts';
import type { App, AppView } from '../../../src/ports/app.ts';
import { type AppRunner, type AppRunnerOptions, createAppRunner } from '../../../src/runtime/app-runner.ts';
import { hashDataWith } from '../../../src/runtime/data-hash.ts';
import type { LocalInput } from '../../../src/runtime/local-input.ts';
import type { OpenState } from '../../../src/runtime/open-state.ts';
import { packUpdates } from '../../../src/storage/app-state.ts';
import { settle } from './support/held-store.ts';
import { createManualClock } from './support/manual-clock.ts';

const VIEW_TIME_MS = 1_000;
const request = (number = 1): RequestId => number as RequestId;
const me = asReplicaId('a'.repeat(64));
const newcomer = asReplicaId('c'.repeat(64));
const validatorSet = createValidatorSet([{ id: me, power: asPower(1) }]) as ValidatorSet;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const chain: ChainParameters = {
  chainId: asChainId(7),
  scheme: 'ed25519',
  epochLength: 10,
  leaderTenure: 4,
  limits: { ...DEFAULT_LIMITS, maxBlockBytes: 100, maxDatums: 3, maxValidators: 2 },
};
const block: Block = {
  height: asHeight(0),
  hash: asBlockHash('b'.repeat(64)),
  justify: GENESIS_PC,
  dataHash: asDataHash('d'.repeat(64)),
  data: [bytes('command')],
};
const NOTHING: TreeDelta = { inserts: [], commits: [], prunes: [] };
const NO_UPDATES = { appStateUpdates: { sets: [], deletes: [] }, validatorSetUpdates: null };

function updatesIn(answer: LocalInput | undefined): AppStateUpdates {
  if (answer?.type === 'block-produced' && answer.block !== null) return answer.block.appStateUpdates;
  if (answer?.type === 'block-validated' && answer.validity?.valid === true)
    return answer.validity.appStateUpdates;
  throw new Error('no block was produced, and none is valid');
}

function start(app: Partial<App>, options: Partial<AppRunnerOptions> = {}) {
  const clock = createManualClock();
  const answers: LocalInput[] = [];
  const events: ReplicaEvent[] = [];
  const faults: unknown[] = [];
  const opened: BlockHash[] = [];
  let open = 0;
  const state: AppView = {
    block: ZERO_HASH,
    height: null,
    appStateHash: new Uint8Array(32),
    validatorSet,
    get: () => null,
  };
  const complete: App = {
    produceBlock: () => Promise.reject(new Error('not asked for here')),
    validateBlock: () => Promise.reject(new Error('not asked for here')),
    ...app,
  };
  const runner = createAppRunner({
    app: complete,
    chain,
    viewTimeMs: VIEW_TIME_MS,
    clock,
    verifier: { checkPossession: async (keys) => new Uint8Array(keys.length).fill(1) },
    hashData: hashDataWith(portableHasher, complete),
    openState(parent): OpenState {
      opened.push(parent);
      open += 1;
      return { view: state, failure: null, close: () => void open-- };
    },
    answer: (input) => answers.push(input),
    emit: (event) => events.push(event),
    onFault: (error) => faults.push(error),
    ...options,
  });
  const produce = (waitUntil = 0): void =>
    runner.produce({
      type: 'produce-block',
      request: request(),
      ask: { view: asView(5), parent: null, waitUntil: asMillis(waitUntil) },
    });
  const validate = (): void =>
    runner.validate({ type: 'validate-block', request: request(), ask: { context: 'sync', block } });
  const failures = (): string[] =>
    events.map((event) => (event.type === 'app-failed' ? `${event.call}: ${event.error}` : event.type));
  return {
    runner,
    clock,
    answers,
    events,
    failures,
    faults,
    opened,
    produce,
    validate,
    get openStates() {
      return open;
    },
  };
}

const PRODUCED_NOTHING: LocalInput = { type: 'block-produced', request: request(), block: null };
const NO_VERDICT: LocalInput = { type: 'block-validated', request: request(), validity: null };
const INVALID: LocalInput = { type: 'block-validated', request: request(), validity: { valid: false } };

describe('produceBlock', () => {
  it('is asked with the state after the parent and how long it may wait', async () => {
    const asked: unknown[] = [];
    const started = start({
      produceBlock(ask) {
        asked.push(ask);
        return { data: [bytes('one'), bytes('two')] };
      },
    });
    started.clock.advance(100);
    started.produce(150);
    await settle();
    expect(asked).toMatchObject([{ view: 5, parent: null, waitMs: 50, state: { block: ZERO_HASH } }]);
    expect(started.opened).toEqual([ZERO_HASH]);
    const data = [bytes('one'), bytes('two')];
    const dataHash = bytesToHex(portableHasher.merkleRoot(data));
    expect(started.answers).toEqual([
      {
        type: 'block-produced',
        request: request(),
        block: { data, dataHash, ...NO_UPDATES, hasCommands: true },
      },
    ]);
    expect([started.openStates, started.clock.armed, started.events, started.faults]).toEqual([0, 0, [], []]);
  });

  it('takes what the app says of the block, and says no commands for no data', async () => {
    const appStateUpdates = { sets: [[bytes('k'), bytes('v')]], deletes: [bytes('old')] } as const;
    const quiet = start({ produceBlock: () => ({ data: [] }) });
    quiet.produce();
    const loud = start({
      produceBlock: () => ({ data: [bytes('tick')], appStateUpdates, hasCommands: false }),
    });
    loud.produce();
    await settle();
    expect(quiet.answers).toMatchObject([{ block: { hasCommands: false } }]);
    expect(loud.answers).toMatchObject([{ block: { hasCommands: false, appStateUpdates } }]);
  });

  it('hands updates on in ascending order of the keys, in whatever order the app gives them', async () => {
    const [a, b, ab] = [bytes('a'), bytes('b'), bytes('ab')];
    const appStateUpdates = {
      sets: [b, a, ab].map((key) => [key, key] as const),
      deletes: [bytes('z'), bytes('c')],
    };
    const { produce, answers } = start({ produceBlock: () => ({ data: [], appStateUpdates }) });
    produce();
    await settle();
    const inOrder = { sets: [a, ab, b].map((key) => [key, key]), deletes: [bytes('c'), bytes('z')] };
    expect(answers).toMatchObject([{ block: { appStateUpdates: inOrder } }]);
  });

  it('owns its data: what the app does to it later changes nothing', async () => {
    const datum = bytes('before');
    const { produce, answers } = start({ produceBlock: () => ({ data: [datum] }) });
    produce();
    await settle();
    datum.fill(0);
    expect(answers).toMatchObject([{ block: { data: [bytes('before')] } }]);
  });

  it('stores the updates that it was answered with, whatever the app does to them later', async () => {
    const [key, value, gone] = [bytes('key'), bytes('value'), bytes('gone')];
    const updates = (): AppStateUpdates => ({ sets: [[key, value]], deletes: [gone] });
    const before = packUpdates(updates()).slice();
    const { produce, validate, answers } = start({
      produceBlock: () => ({ data: [], appStateUpdates: updates() }),
      validateBlock: () => ({ valid: true, appStateUpdates: updates() }),
    });
    produce();
    await settle();
    validate();
    await settle();
    for (const memory of [key, value, gone]) memory.fill(0);
    expect(answers.map((answer) => packUpdates(updatesIn(answer)))).toEqual([before, before]);
  });

  it('changes the validator set as it was answered, whatever the app does to its answer later', async () => {
    const possession = new Uint8Array(4).fill(1);
    const insert = { id: newcomer, power: asPower(2), possession };
    const validatorSetUpdates = { inserts: [insert], deletes: [me] };
    const before = structuredClone(validatorSetUpdates);
    const { produce, validate, answers } = start({
      produceBlock: () => ({ data: [], validatorSetUpdates }),
      validateBlock: () => ({ valid: true, validatorSetUpdates }),
    });
    produce();
    await settle();
    validate();
    await settle();
    possession.fill(0);
    insert.power = asPower(9);
    validatorSetUpdates.inserts.length = 0;
    validatorSetUpdates.deletes.length = 0;
    expect(answers).toMatchObject([
      { block: { validatorSetUpdates: before } },
      { validity: { validatorSetUpdates: before } },
    ]);
  });

  it("uses the app's own data hash where there is one", async () => {
    const own = asDataHash('e'.repeat(64));
    const { produce, answers } = start({
      dataHash: () => own,
      produceBlock: () => ({ data: [bytes('one')], dataHash: own }),
    });
    produce();
    await settle();
    expect(answers).toMatchObject([{ block: { dataHash: own } }]);
  });

  const key = bytes('k');
  it.each<readonly [string, () => unknown, RegExp]>([
    [
      'throws',
      () => {
        throw new Error('oops');
      },
      /oops/,
    ],
    ['rejects', () => Promise.reject(new Error('oops')), /oops/],
    ['answers nothing', () => undefined, /must answer an object/],
    ['answers no data', () => ({}), /data must be an array/],
    ['answers data of strings', () => ({ data: ['text'] }), /data\[0\] must be a Uint8Array/],
    ['answers too many datums', () => ({ data: Array(4).fill(key) }), /4 datums, of 3 at most/],
    ['answers too many bytes', () => ({ data: [new Uint8Array(101)] }), /101 bytes of data, of 100 at most/],
    ['claims another data hash', () => ({ data: [], dataHash: 'f'.repeat(64) }), /dataHash is f+, but/],
    [
      'answers a vague hasCommands',
      () => ({ data: [], hasCommands: 'yes' }),
      /hasCommands must be a boolean/,
    ],
    ['sets a key twice', () => withState([key, key], []), /the key 6b occurs twice/],
    ['sets and deletes a key', () => withState([key], [key]), /the key 6b occurs twice/],
    ['sets an empty key', () => withState([bytes('')], []), /1 to 1024 bytes/],
    ['sets too long a key', () => withState([new Uint8Array(1_025)], []), /1 to 1024 bytes/],
    ['answers half of its updates', () => ({ data: [], appStateUpdates: { sets: [] } }), /sets and deletes/],
    ['sets no pairs', () => ({ data: [], appStateUpdates: { sets: [key], deletes: [] } }), /pairs/],
    ['adds a validator of a wrong id', () => withValidator({ id: 'x' }), /64 lower-case hex digits/],
    ['adds a validator of power 0', () => withValidator({ power: 0 }), /power-not-positive/],
    ['adds a validator of half a power', () => withValidator({ power: 0.5 }), /whole number/],
    [
      'removes all validators',
      () => ({ data: [], validatorSetUpdates: { inserts: [], deletes: [me] } }),
      /empty/,
    ],
  ])('that %s is an app fault, and no block is proposed', async (_, answer, message) => {
    const { produce, answers, failures, faults } = start({ produceBlock: answer as App['produceBlock'] });
    produce();
    await settle();
    expect(failures()).toHaveLength(1);
    expect(failures()[0]).toMatch(/^produceBlock: /);
    expect(failures()[0]).toMatch(message);
    expect(answers).toEqual([PRODUCED_NOTHING]);
    expect(faults).toEqual([]);
  });

  it('that does not answer in time is an app fault; it is aborted and what it answers later is dropped', async () => {
    let answerLate: () => void = () => {};
    let signal: AbortSignal | null = null;
    const started = start({
      produceBlock: (_, abort) => {
        signal = abort;
        return new Promise((resolve) => {
          answerLate = () => resolve({ data: [] });
        });
      },
    });
    started.produce(100);
    await settle();
    started.clock.advance(599);
    await settle();
    expect(started.answers).toEqual([]);
    started.clock.advance(1);
    await settle();
    expect(started.failures()).toEqual([
      'produceBlock: AppFault: produceBlock has not answered within 600 ms',
    ]);
    expect((signal as AbortSignal | null)?.aborted).toBe(true);
    answerLate();
    await settle();
    expect(started.answers).toEqual([PRODUCED_NOTHING]);
    expect([started.openStates, started.clock.armed]).toEqual([0, 0]);
  });

  it('that is cancelled is aborted, answers nothing and is no fault', async () => {
    const started = start({
      produceBlock: (_, signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    });
    started.produce();
    started.runner.cancel(request());
    started.runner.cancel(request(99));
    await settle();
    expect([started.answers, started.events, started.faults]).toEqual([[], [], []]);
    expect([started.openStates, started.clock.armed]).toEqual([0, 0]);
  });
});

function withState(sets: readonly Uint8Array[], deletes: readonly Uint8Array[]): unknown {
  return { data: [], appStateUpdates: { sets: sets.map((key) => [key, key]), deletes } };
}

function withValidator(fields: object): unknown {
  const validator = { id: newcomer, power: 1, possession: null, ...fields };
  return { data: [], validatorSetUpdates: { inserts: [validator], deletes: [] } };
}

describe('validateBlock', () => {
  it('is asked with the block, its context and the state after its parent', async () => {
    const asked: unknown[] = [];
    const { validate, answers, opened } = start({
      validateBlock(ask) {
        asked.push(ask);
        return { valid: true };
      },
    });
    validate();
    await settle();
    expect(asked).toMatchObject([{ block, context: 'sync', state: { block: ZERO_HASH } }]);
    expect(opened).toEqual([block.justify.block]);
    expect(answers).toEqual([
      {
        type: 'block-validated',
        request: request(),
        validity: { valid: true, ...NO_UPDATES, hasCommands: true },
      },
    ]);
  });

  it('may refuse the block, which is no fault', async () => {
    const { validate, answers, events } = start({ validateBlock: () => ({ valid: false }) });
    validate();
    await settle();
    expect(answers).toEqual([INVALID]);
    expect(events).toEqual([]);
  });

  it.each<readonly [string, () => unknown]>([
    ['rejects', () => Promise.reject(new Error('oops'))],
    ['answers no verdict', () => ({})],
    ['answers a truthy verdict', () => ({ valid: 1 })],
    ['answers nonsense with its verdict', () => ({ valid: true, appStateUpdates: 3 })],
  ])('that %s is an app fault and no verdict: the replica abstains', async (_, answer) => {
    const { validate, answers, failures } = start({ validateBlock: answer as App['validateBlock'] });
    validate();
    await settle();
    expect(answers).toEqual([NO_VERDICT]);
    expect(failures()).toHaveLength(1);
    expect(failures()[0]).toMatch(/^validateBlock: /);
  });

  it.each<readonly [string, object]>([
    ['a power of 0', { power: 0 }],
    ['a total power above 2^53 - 1', { power: Number.MAX_SAFE_INTEGER }],
  ])('makes a block that asks for %s invalid, whatever the app says (R21)', async (_, fields) => {
    const { validatorSetUpdates } = withValidator(fields) as { validatorSetUpdates: never };
    const { validate, answers, events } = start({
      validateBlock: () => ({ valid: true, validatorSetUpdates }),
    });
    validate();
    await settle();
    expect(answers).toEqual([INVALID]);
    expect(events).toEqual([]);
  });

  it('makes a block invalid that asks for more validators than the chain allows', async () => {
    const inserts = ['1', '2'].map((digit) => ({
      id: asReplicaId(digit.repeat(64)),
      power: asPower(1),
      possession: null,
    }));
    const { validate, answers } = start({
      validateBlock: () => ({ valid: true, validatorSetUpdates: { inserts, deletes: [] } }),
    });
    validate();
    await settle();
    expect(answers).toEqual([INVALID]);
  });

  it('asks no proof of possession of a key that is in the set, but none that is wrong either', async () => {
    const asked: unknown[] = [];
    const answersTo = async (possession: Uint8Array | null) => {
      const { validatorSetUpdates } = withValidator({ id: me, power: 2, possession }) as {
        validatorSetUpdates: never;
      };
      const { validate, answers } = start(
        { validateBlock: () => ({ valid: true, validatorSetUpdates }) },
        {
          verifier: {
            checkPossession: (keys) => {
              asked.push(...keys);
              return Promise.resolve(new Uint8Array(keys.length));
            },
          },
        },
      );
      validate();
      await settle();
      return answers;
    };
    expect(await answersTo(null)).toMatchObject([{ validity: { valid: true } }]);
    expect(asked).toEqual([]);
    expect(await answersTo(bytes('wrong'))).toEqual([INVALID]);
    expect(asked).toEqual([{ chainId: 7, id: me, possession: bytes('wrong') }]);
  });

  it('has the proofs of possession checked, and a bad one makes the block invalid (R22)', async () => {
    const asked: unknown[] = [];
    const { validatorSetUpdates } = withValidator({ possession: bytes('proof') }) as {
      validatorSetUpdates: never;
    };
    const { validate, answers } = start(
      { validateBlock: () => ({ valid: true, validatorSetUpdates }) },
      {
        verifier: {
          async checkPossession(keys) {
            asked.push(...keys);
            return Uint8Array.of(0);
          },
        },
      },
    );
    validate();
    await settle();
    expect(asked).toEqual([{ chainId: 7, id: newcomer, possession: bytes('proof') }]);
    expect(answers).toEqual([INVALID]);
  });

  it('takes a validator-set update that changes nothing for none', async () => {
    const { validate, answers } = start({
      validateBlock: () => ({ valid: true, validatorSetUpdates: { inserts: [], deletes: [] } }),
    });
    validate();
    await settle();
    expect(answers).toMatchObject([{ validity: { valid: true, validatorSetUpdates: null } }]);
  });

  it('is aborted when its parent is pruned or another block takes its height, not before', async () => {
    for (const last of [
      { ...NOTHING, commits: [{ hash: asBlockHash('1'.repeat(64)), height: asHeight(0), commitPc: null }] },
      {
        ...NOTHING,
        commits: [{ hash: asBlockHash('2'.repeat(64)), height: asHeight(9), commitPc: null }],
        prunes: [{ hash: block.justify.block, height: asHeight(9) }],
      },
    ]) {
      const started = start({ validateBlock: () => new Promise(() => {}) });
      started.validate();
      const unrelated = asBlockHash('3'.repeat(64));
      started.runner.onTreeMoved(NOTHING);
      started.runner.onTreeMoved({
        ...NOTHING,
        commits: [{ hash: unrelated, height: asHeight(5), commitPc: null }],
        prunes: [{ hash: unrelated, height: asHeight(5) }],
      });
      await settle();
      expect(started.answers).toEqual([]);
      started.runner.onTreeMoved(last);
      await settle();
      expect(started.answers).toEqual([NO_VERDICT]);
      expect([started.events, started.openStates, started.clock.armed]).toEqual([[], 0, 0]);
    }
  });

  it('is not waited for after ten view times', async () => {
    const started = start({ validateBlock: () => new Promise(() => {}) });
    started.validate();
    await settle();
    started.clock.advance(10 * VIEW_TIME_MS);
    await settle();
    expect(started.answers).toEqual([NO_VERDICT]);
    expect(started.failures()).toEqual([
      'validateBlock: AppFault: validateBlock has not answered within 10000 ms',
    ]);
  });
});

describe('what is not the fault of the app', () => {
  const valid = (): { valid: true } => ({ valid: true });

  it('is a branch that is gone: no verdict, no event', async () => {
    const { validate, answers, events, faults } = start({ validateBlock: valid }, { openState: () => null });
    validate();
    await settle();
    expect([answers, events, faults]).toEqual([[NO_VERDICT], [], []]);
  });

  it('is a store that fails, before the call or during it', async () => {
    const error = new StorageError('cannot read');
    const before = start(
      { validateBlock: valid },
      {
        openState: () => {
          throw error;
        },
      },
    );
    before.validate();
    let closed = 0;
    const during = start(
      {
        validateBlock: () => {
          throw error;
        },
      },
      { openState: () => ({ view: {} as AppView, failure: error, close: () => void closed++ }) },
    );
    during.validate();
    await settle();
    expect([before.faults, before.events]).toEqual([[error], []]);
    expect([during.faults, during.events, closed]).toEqual([[error], [], 1]);
  });

  it('is a verifier that is full: it is asked again', async () => {
    let full = 2;
    const { validatorSetUpdates } = withValidator({ possession: bytes('proof') }) as {
      validatorSetUpdates: never;
    };
    const { validate, answers, events, faults, clock } = start(
      { validateBlock: () => ({ valid: true, validatorSetUpdates }) },
      {
        verifier: {
          checkPossession: (keys) =>
            full-- > 0
              ? Promise.reject(new PoolFullError('so many wait already'))
              : Promise.resolve(new Uint8Array(keys.length).fill(1)),
        },
      },
    );
    validate();
    await settle();
    expect(answers).toEqual([]);
    clock.advance(5);
    await settle();
    expect(answers).toEqual([]);
    clock.advance(5);
    await settle();
    expect(answers).toMatchObject([{ validity: { valid: true } }]);
    expect([events, faults]).toEqual([[], []]);
  });

  it('is a verifier that breaks', async () => {
    const cause = new Error('worker died');
    const { validatorSetUpdates } = withValidator({}) as { validatorSetUpdates: never };
    const { validate, faults, events } = start(
      { validateBlock: () => ({ valid: true, validatorSetUpdates }) },
      { verifier: { checkPossession: () => Promise.reject(cause) } },
    );
    validate();
    await settle();
    expect(faults).toHaveLength(1);
    expect(faults[0]).toBeInstanceOf(PoolError);
    expect((faults[0] as PoolError).cause).toBe(cause);
    expect(events).toEqual([]);
  });
});

it('aborts all calls when it stops, and answers none', async () => {
  const signals: AbortSignal[] = [];
  const hang = (_: unknown, signal: AbortSignal): Promise<never> => {
    signals.push(signal);
    return new Promise(() => {});
  };
  const started = start({ produceBlock: hang, validateBlock: hang });
  started.produce();
  started.runner.validate({
    type: 'validate-block',
    request: request(2),
    ask: { context: 'proposal', block },
  });
  await settle();
  started.runner.stop();
  await settle();
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  expect([started.answers, started.events, started.openStates, started.clock.armed]).toEqual([[], [], 0, 0]);
});

describe('a call', () => {
  it('begins in a turn of its own, after the step that asks for it', async () => {
    let calls = 0;
    const started = start({
      validateBlock: () => {
        calls += 1;
        return { valid: false };
      },
    });
    started.validate();
    await Promise.resolve();
    expect([calls, started.openStates]).toEqual([0, 1]);
    await settle();
    await settle();
    expect([calls, started.openStates]).toEqual([1, 0]);
    expect(started.answers).toHaveLength(1);
  });

  it.each([
    ['cancelled', (runner: AppRunner) => runner.cancel(request()), 0],
    ['stopped', (runner: AppRunner) => runner.stop(), 0],
    [
      'aborted with its branch',
      (runner: AppRunner) =>
        runner.onTreeMoved({
          ...NOTHING,
          commits: [{ hash: ZERO_HASH, height: block.height, commitPc: null }],
        }),
      1,
    ],
  ] as const)('does not begin when it is %s before its turn', async (_, end, answers) => {
    let calls = 0;
    const started = start({
      validateBlock: () => {
        calls += 1;
        return { valid: true };
      },
    });
    started.validate();
    end(started.runner);
    await settle();
    await settle();
    expect([calls, started.openStates, started.clock.armed]).toEqual([0, 0, 0]);
    expect(started.answers).toHaveLength(answers);
    expect([started.events, started.faults]).toEqual([[], []]);
  });
});
