import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AppStateUpdates } from '../../../src/model/app.ts';
import { asHeight, ZERO_HASH } from '../../../src/model/ids.ts';
import type { AppView } from '../../../src/ports/app.ts';
import type { StateMachineDefinition } from '../../../src/state-machine/definition.ts';
import type { Envelope } from '../../../src/state-machine/envelope.ts';
import { beginExecution } from '../../../src/state-machine/execution.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Appends a command to a register that it names; some commands write first and throw then. */
const appender: StateMachineDefinition = {
  apply(command, state) {
    const key = command.subarray(0, 1);
    state.set(key, Buffer.concat([state.get(key) ?? new Uint8Array(0), command]));
    if ((command[1] ?? 0) % 5 === 0) throw new Error('no effect');
    if ((command[1] ?? 0) % 7 === 0) state.delete(key);
    return undefined;
  },
};

type State = ReadonlyMap<string, Uint8Array>;

const viewOf = (state: State, height: number): AppView => ({
  block: ZERO_HASH,
  height: height === 0 ? null : asHeight(height - 1),
  appStateHash: new Uint8Array(32),
  validatorSet: null as never,
  get: (key) => state.get(hex(key)) ?? null,
});

const sorted = ({ sets, deletes }: AppStateUpdates): readonly string[] =>
  [
    ...sets.map(([key, value]) => `${hex(key)}=${hex(value)}`),
    ...deletes.map((key) => `${hex(key)}-`),
  ].sort();

function after(state: State, { sets, deletes }: AppStateUpdates): State {
  const next = new Map(state);
  for (const [key, value] of sets) next.set(hex(key), value.slice());
  for (const key of deletes) next.delete(hex(key));
  return next;
}

const envelope = fc.record({
  clientId: fc.integer({ min: 1, max: 3 }).map((name) => new Uint8Array(16).fill(name)),
  sequence: fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 20_000 })),
  notAfter: fc.oneof(fc.constant(1_000), fc.nat({ max: 10 }), fc.constant(10_000_000)),
  isVoid: fc.boolean(),
  command: fc.uint8Array({ minLength: 2, maxLength: 6 }),
}) satisfies fc.Arbitrary<Envelope>;

it('a validator finds the state that the leader made, whatever the leader looked at and left out', () => {
  const blocks = fc.array(fc.array(envelope, { maxLength: 20 }), { maxLength: 8 });
  fc.assert(
    fc.property(blocks, (candidates) => {
      let state: State = new Map();
      for (const [height, pool] of candidates.entries()) {
        const leader = beginExecution(appender, viewOf(state, height));
        const block = pool.filter((each) => leader.apply(each).type === 'applied');
        const made = leader.finish().appStateUpdates;
        const validator = beginExecution(appender, viewOf(state, height));
        expect(block.map((each) => validator.apply(each).type)).toEqual(block.map(() => 'applied'));
        expect(sorted(validator.finish().appStateUpdates)).toEqual(sorted(made));
        state = after(state, made);
      }
    }),
  );
});

it('commands take effect once over all blocks, and those without effect leave no trace', () => {
  const blocks = fc.array(fc.array(envelope, { maxLength: 20 }), { maxLength: 8 });
  fc.assert(
    fc.property(blocks, (datums) => {
      let state: State = new Map();
      const applied = new Set<string>();
      for (const [height, block] of datums.entries()) {
        const execution = beginExecution(appender, viewOf(state, height));
        let effects = 0;
        for (const each of block) {
          const { type } = execution.apply(each);
          if (type !== 'applied') continue;
          effects += 1;
          const name = `${hex(each.clientId)}/${each.sequence}`;
          expect(applied.has(name)).toBe(false);
          expect(each.notAfter).toBeGreaterThanOrEqual(height);
          applied.add(name);
        }
        const updates = execution.finish().appStateUpdates;
        if (effects === 0) expect(sorted(updates)).toEqual([]);
        state = after(state, updates);
      }
    }),
  );
});
