import { describe, expect, test } from 'vitest';
import type { TreeDelta } from '../../src/core/block-tree/delta.ts';
import { type Effect, NO_WAIT } from '../../src/core/effect.ts';
import type { Input } from '../../src/core/input.ts';
import { asBlockHash, asView } from '../../src/model/ids.ts';
import {
  createWorld,
  SimulationFailure,
  uniform,
  type World,
  type WorldOptions,
} from '../../src/simulator/index.ts';
import { realCore } from '../../src/simulator/real-core.ts';
import type { MakeCore } from '../../src/simulator/simulated-core.ts';

// A checker is worth what it catches: replica 0 runs a core whose effects are bent, and the checker must say so.

type Bend = (effects: readonly Effect[], input: Input) => readonly Effect[];

const bentWorld = (bend: Bend, options: Partial<WorldOptions> = {}): World => {
  let cores = 0;
  const makeCore: MakeCore = (config) => {
    const core = realCore(config);
    const isBent = cores++ === 0;
    return isBent ? { ...core, step: (input) => bend(core.step(input), input) } : core;
  };
  return createWorld({ n: 4, seed: 1, makeCore, ...options });
};

const failureOf = (run: () => void): SimulationFailure => {
  try {
    run();
  } catch (error) {
    if (error instanceof SimulationFailure) return error;
    throw error;
  }
  throw new Error('nothing was noticed');
};

const eachDelta =
  (change: (delta: TreeDelta) => TreeDelta): Bend =>
  (effects) =>
    effects.map((effect) =>
      effect.type === 'persist' ? { ...effect, delta: change(effect.delta) } : effect,
    );

const runFor = (world: World): void => world.run({ views: 60 });

describe('durability', () => {
  test('a vote that does not wait for its disk', () => {
    const hasty: Bend = (effects) =>
      effects.map((effect) =>
        effect.type === 'send' && effect.message.type === 'phase-vote'
          ? { ...effect, after: NO_WAIT }
          : effect,
      );
    const failure = failureOf(() => runFor(bentWorld(hasty)));
    expect(failure.checker).toBe('durability');
    expect(failure.message).toMatch(/r0 sent its vote of view \d+ before its disk had it/);
  });

  test('a proposal that does not wait for proposeUpTo', () => {
    const hasty: Bend = (effects) =>
      effects.map((effect) =>
        effect.type === 'send' && effect.message.type === 'proposal' ? { ...effect, after: NO_WAIT } : effect,
      );
    const world = bentWorld(hasty, { latencies: { flush: uniform(5, 20) } });
    expect(failureOf(() => runFor(world)).message).toMatch(
      /r0 proposed in view \d+ before proposeUpTo was durable/,
    );
  });

  test('a vote record that is never written', () => {
    const forgetful = eachDelta(({ lastVote: _, ...delta }) => delta);
    expect(failureOf(() => runFor(bentWorld(forgetful))).message).toMatch(/before its disk had it/);
  });

  test('two votes in one view', () => {
    const double: Bend = (effects) =>
      effects.flatMap((effect): Effect[] =>
        effect.type === 'send' && effect.message.type === 'phase-vote'
          ? [effect, { ...effect, message: { ...effect.message, block: asBlockHash('ab'.repeat(32)) } }]
          : [effect],
      );
    expect(failureOf(() => runFor(bentWorld(double))).message).toMatch(/r0 voted twice in view \d+/);
  });

  test('a lock that is not on disk when the vote leaves', () => {
    const careless = eachDelta(({ lockedPc: _, ...delta }) => delta);
    expect(failureOf(() => runFor(bentWorld(careless))).message).toMatch(
      /r0 voted in view \d+ before its lock was durable/,
    );
  });
});

describe('agreement', () => {
  test('an app that is not deterministic', () => {
    const strange = eachDelta((delta) => ({
      ...delta,
      inserts: delta.inserts.map((insert) => ({
        ...insert,
        effects: {
          ...insert.effects,
          appStateUpdates: { sets: [[Uint8Array.of(1), Uint8Array.of(1)]], deletes: [] },
        },
      })),
    }));
    const failure = failureOf(() => runFor(bentWorld(strange)));
    expect(failure.checker).toBe('agreement');
    expect(failure.message).toMatch(/app state .* at height/);
  });

  test('a commit of the wrong block', () => {
    const rash: Bend = (effects) =>
      effects.map((effect) => {
        if (effect.type !== 'persist' || effect.delta.inserts.length === 0) return effect;
        const { block } = effect.delta.inserts[0]!;
        if (block.height !== 7) return effect;
        const commit = { hash: block.hash, height: block.height, commitPc: null };
        return { ...effect, delta: { ...effect.delta, commits: [...effect.delta.commits, commit] } };
      });
    // The storage itself refuses it: a replica whose writes contradict each other stops.
    expect(failureOf(() => runFor(bentWorld(rash))).message).toMatch(/halt: r0: the storage refuses/);
  });
});

describe('invariants', () => {
  test('a lock that moves down', () => {
    let first: TreeDelta['lockedPc'];
    const falling = eachDelta((delta) => {
      if (delta.lockedPc === undefined) return delta;
      first ??= delta.lockedPc;
      return delta.lockedPc.pc.view > 20 ? { ...delta, lockedPc: first } : delta;
    });
    expect(failureOf(() => runFor(bentWorld(falling))).message).toMatch(/invariants: r0 moved its lockedPc/);
  });
});

describe('recovery', () => {
  test('an epoch-change view that is passed without a certificate', () => {
    const hasty = eachDelta((delta) =>
      delta.entry === undefined ? delta : { ...delta, entry: { ...delta.entry, certificate: null } },
    );
    expect(failureOf(() => runFor(bentWorld(hasty))).message).toMatch(/recovery: r0 left epoch-change view/);
  });

  test('views that go back', () => {
    const dizzy = eachDelta((delta) =>
      delta.entry?.view === 7 ? { ...delta, entry: { ...delta.entry, view: asView(3) } } : delta,
    );
    expect(failureOf(() => runFor(bentWorld(dizzy))).message).toMatch(
      /recovery: r0 went from view 6 back to 3/,
    );
  });
});

describe('bounds', () => {
  test('a replica that talks too much', () => {
    const chatty: Bend = (effects) =>
      effects.flatMap((effect) => (effect.type === 'send' ? Array<Effect>(200).fill(effect) : [effect]));
    expect(failureOf(() => runFor(bentWorld(chatty))).message).toMatch(
      /bounds: r0 sent \d+ messages in one view/,
    );
  });
});

describe('liveness', () => {
  test('replicas that never propose', () => {
    const makeCore: MakeCore = (config) => {
      const core = realCore(config);
      const mute = (effects: readonly Effect[]): readonly Effect[] =>
        effects.filter((effect) => effect.type !== 'send' || effect.message.type !== 'proposal');
      return { ...core, step: (input) => mute(core.step(input)) };
    };
    const world = createWorld({ n: 4, seed: 1, makeCore });
    expect(failureOf(() => world.run({ ms: 100_000 })).message).toMatch(
      /liveness: nothing new was committed/,
    );
  });

  test('a replica that stays behind', () => {
    const deaf: Bend = (effects) => effects.filter(({ type }) => type !== 'validate-block');
    expect(failureOf(() => bentWorld(deaf).run({ ms: 100_000 })).message).toMatch(
      /liveness: r0 stays at height/,
    );
  });
});

test('a failure names its seed and shows the past', () => {
  const failure = failureOf(() =>
    createWorld({ n: 4, seed: 77 }).runUntil(() => false, { withinMs: 500, what: 'the impossible' }),
  );
  expect(failure.seed).toBe(77);
  expect(failure.message).toContain('seed 77');
  expect(failure.lines.length).toBeGreaterThan(50);
  expect(failure.lines.join('\n')).toMatch(/r0 {3}<- r\d proposal v\d+ #\d+/);
});
