import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../../src/codec/messages.ts';
import type { Input, RequestId } from '../../../src/core/input.ts';
import type { AppStateUpdates, BlockEffects } from '../../../src/model/app.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { asDataHash, asMillis, asReplicaId } from '../../../src/model/ids.ts';
import { keepInput, restoreInput, weightOf } from '../../../src/runtime/kept-input.ts';
import { message } from '../codec/arbitraries.ts';

const format = { scheme: 'ed25519', limits: DEFAULT_LIMITS } as const;
const now = asMillis(12);
const request = 7 as RequestId;
const from = asReplicaId('a'.repeat(64));

const bytes = fc.uint8Array({ maxLength: 100 });
/** Each key once, in ascending order: as answers of the app are handed on. */
const appStateUpdates: fc.Arbitrary<AppStateUpdates> = fc
  .uniqueArray(fc.tuple(bytes, fc.option(bytes)), { selector: ([key]) => key.join() })
  .map((updates) => {
    updates.sort(([a], [b]) => Buffer.compare(a, b));
    const sets = updates.flatMap(([key, value]) => (value === null ? [] : [[key, value] as const]));
    return { sets, deletes: updates.flatMap(([key, value]) => (value === null ? [key] : [])) };
  });
const effects: fc.Arbitrary<BlockEffects> = fc.record({
  appStateUpdates,
  validatorSetUpdates: fc.constant(null),
  hasCommands: fc.boolean(),
});
const received = message('ed25519').map((value): [Input, Uint8Array] => {
  const frame = encodeMessage('ed25519', value);
  return [{ now, type: 'message-received', from, message: value, bytes: frame.length }, frame];
});
const validated = effects.map(
  (of): Input => ({ now, type: 'block-validated', request, validity: { valid: true, ...of } }),
);
const dataHash = asDataHash('d'.repeat(64));
const produced = fc
  .tuple(effects, fc.array(bytes))
  .map(([of, data]): Input => ({ now, type: 'block-produced', request, block: { ...of, data, dataHash } }));
const others: fc.Arbitrary<Input> = fc.constantFrom(
  { now, type: 'block-validated', request, validity: null },
  { now, type: 'block-validated', request, validity: { valid: false } },
  { now, type: 'block-produced', request, block: null },
  { now, type: 'timer-fired', timer: { type: 'advertise' } },
);

describe('an input that is kept', () => {
  it('comes back equal, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(validated, produced, others), (input) => {
        expect(restoreInput(keepInput(input, null), format)).toEqual(input);
      }),
    );
    fc.assert(
      fc.property(received, fc.boolean(), ([input, frame], withFrame) => {
        expect(restoreInput(keepInput(input, withFrame ? frame : null), format)).toEqual(input);
      }),
    );
  });

  it('does not follow what happens to the bytes that it was made from', () => {
    fc.assert(
      fc.property(produced, (input) => {
        const before = structuredClone(input);
        const kept = keepInput(input, null);
        const { block } = input as Extract<Input, { type: 'block-produced' }>;
        for (const datum of block?.data ?? []) datum.fill(1);
        for (const [key, value] of block?.appStateUpdates.sets ?? []) key.fill(1) && value.fill(1);
        for (const key of block?.appStateUpdates.deletes ?? []) key.fill(1);
        expect(restoreInput(kept, format)).toEqual(before);
      }),
    );
  });

  it('weighs as much as the bytes that stand for it', () => {
    const updates = { sets: [[new Uint8Array(3), new Uint8Array(5)]], deletes: [new Uint8Array(2)] } as const;
    const of = { appStateUpdates: updates, validatorSetUpdates: null, hasCommands: true };
    const block = { ...of, data: [new Uint8Array(7)], dataHash };
    const [count, lengths, starts] = [8, 4 + 1 + 4 + 4 + 1, 2 * 4];
    const packed = count + lengths + starts + 3 + 5 + 2;
    expect(
      weightOf(keepInput({ now, type: 'block-validated', request, validity: { valid: true, ...of } }, null)),
    ).toBe(packed);
    expect(weightOf(keepInput({ now, type: 'block-produced', request, block }, null))).toBe(7 + packed);
  });
});
