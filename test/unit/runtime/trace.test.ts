import { describe, expect, it } from 'vitest';
import type { Effect } from '../../../src/core/effect.ts';
import type { Input, RequestId } from '../../../src/core/input.ts';
import { type Core, createCore } from '../../../src/core/step.ts';
import { GENESIS_PC } from '../../../src/model/certificate.ts';
import { DEFAULT_LIMITS, defaultSettings } from '../../../src/model/chain.ts';
import { asChainId, asHeight, asMillis, asPower, asReplicaId, asView } from '../../../src/model/ids.ts';
import { createValidatorSet, type ValidatorSet } from '../../../src/model/validator-set.ts';
import { createEffectsDigest } from '../../../src/runtime/effects-digest.ts';
import { createRecorder } from '../../../src/runtime/trace.ts';
import type { TraceFiles } from '../../../src/runtime/trace-files.ts';
import { decodeTrace, deserializeCore } from '../../../src/runtime/trace-format.ts';

const me = asReplicaId('a'.repeat(64));
const chain = {
  chainId: asChainId(7),
  scheme: 'ed25519',
  epochLength: 10,
  leaderTenure: 4,
  limits: DEFAULT_LIMITS,
} as const;

const newCore = (): Core => createCore({ me, chain, settings: defaultSettings(), seed: 1 });
const fired = (now: number): Input => ({
  now: asMillis(now),
  type: 'timer-fired',
  timer: { type: 'advertise' },
});
const message = (now: number, bytes: number): Input => ({
  now: asMillis(now),
  type: 'message-received',
  from: me,
  message: { type: 'advertise-pc', highestPc: GENESIS_PC },
  bytes,
});
const MEGABYTE = 1024 * 1024;

/** A core that counts its inputs in its view. */
function record(core: Core, inputs: readonly Input[], files: TraceFiles | null = null) {
  const errors: unknown[] = [];
  const recorder = createRecorder(core, files, (error) => errors.push(error));
  for (const input of inputs) {
    recorder.beforeStep(input);
    core.view = asView(core.view + 1);
    recorder.afterStep([]);
  }
  return { recorder, errors };
}

const viewAtStart = (trace: Uint8Array): number => deserializeCore(decodeTrace(trace).header.core).view;
const times = (trace: Uint8Array): number[] => decodeTrace(trace).records.map(({ input }) => input.now);
const timesFrom = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

describe('the trace in memory', () => {
  it('begins with the core as it was before the first input that it has', () => {
    const { recorder } = record(newCore(), timesFrom(0, 3).map(fired));
    const trace = recorder.dump();
    expect(viewAtStart(trace)).toBe(0);
    expect(times(trace)).toEqual([0, 1, 2]);
    expect(decodeTrace(trace)).toMatchObject({ isCut: false, header: { skipped: 0 } });
  });

  it('forgets old inputs, and always has at least the last 4,096', () => {
    const { recorder } = record(newCore(), timesFrom(0, 10_000).map(fired));
    const trace = recorder.dump();
    expect(times(trace)).toEqual(timesFrom(4_096, 10_000));
    expect(viewAtStart(trace)).toBe(4_096);
    expect(decodeTrace(trace).header.skipped).toBe(4_096);
  });

  it('is bounded by the bytes of messages as well', () => {
    const { recorder } = record(
      newCore(),
      timesFrom(0, 20).map((now) => message(now, 4 * MEGABYTE)),
    );
    expect(times(recorder.dump())).toEqual(timesFrom(16, 20));
  });

  it('keeps no part that is too heavy beside the next', () => {
    const { recorder } = record(newCore(), [message(0, 40 * MEGABYTE), message(1, 1)]);
    expect(times(recorder.dump())).toEqual([1]);
  });

  it('counts the data of blocks', () => {
    const produced = (now: number): Input => ({
      now: asMillis(now),
      type: 'block-produced',
      request: now as RequestId,
      block: {
        data: [new Uint8Array(4 * MEGABYTE)],
        dataHash: 'd'.repeat(64) as never,
        appStateUpdates: { sets: [[new Uint8Array(1), new Uint8Array(4 * MEGABYTE)]], deletes: [] },
        validatorSetUpdates: null,
        hasCommands: true,
      },
    });
    const { recorder } = record(newCore(), timesFrom(0, 5).map(produced));
    expect(times(recorder.dump())).toEqual([3, 4]);
  });
});

describe('recording', () => {
  it('ends at its first failure, and the replica goes on', () => {
    const core = { ...newCore(), unserializable: () => 1 };
    const { recorder, errors } = record(core, timesFrom(0, 3).map(fired));
    expect(errors).toHaveLength(1);
    expect(core.view).toBe(3);
    expect(() => recorder.dump()).toThrow();
  });
});

const set = (): ValidatorSet => createValidatorSet([{ id: me, power: asPower(1) }]) as ValidatorSet;
const updateValidators = (committed: ValidatorSet, previous: ValidatorSet): Effect => ({
  type: 'update-validators',
  sets: { committed, previous, updateHeight: null, decided: true },
  after: 0 as never,
});

describe('the digest of effects', () => {
  const digestOf = (...steps: (readonly Effect[])[]): string => {
    const digest = createEffectsDigest();
    let last = '';
    for (const effects of steps) last = Buffer.from(digest.add(effects)).toString('hex');
    return last;
  };
  const timer = (at: number): Effect => ({
    type: 'set-timer',
    timer: { type: 'advertise' },
    at: asMillis(at),
  });

  it('depends on values, not on which objects are shared', () => {
    const shared = set();
    expect(digestOf([updateValidators(shared, shared)])).toBe(digestOf([updateValidators(set(), set())]));
  });

  it('depends on every value, their order and their steps', () => {
    const larger = createValidatorSet([{ id: me, power: asPower(2) }]) as ValidatorSet;
    const serve = (bytes: Uint8Array): Effect => ({
      type: 'serve-blocks',
      to: me,
      startHeight: asHeight(1),
      limit: 2,
      branch: [],
      highestPc: { ...GENESIS_PC, signatures: { slots: 0, bitmap: bytes, bytes } },
      after: 0 as never,
    });
    const digests = [
      digestOf([]),
      digestOf([], []),
      digestOf([timer(1)]),
      digestOf([timer(2)]),
      digestOf([timer(1), timer(2)]),
      digestOf([timer(2), timer(1)]),
      digestOf([timer(1)], [timer(2)]),
      digestOf([updateValidators(set(), set())]),
      digestOf([updateValidators(set(), larger)]),
      digestOf([serve(Uint8Array.of(1))]),
      digestOf([serve(Uint8Array.of(2))]),
      digestOf([serve(Uint8Array.of(1, 0))]),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('takes values of any size', () => {
    const long = (fill: number) => [{ ...timer(1), extra: new Uint8Array(300_000).fill(fill) } as never];
    expect(digestOf(long(1))).toBe(digestOf(long(1)));
    expect(digestOf(long(1))).not.toBe(digestOf(long(2)));
  });
});
