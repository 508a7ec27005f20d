import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { leaderOf } from '../../../src/core/pacemaker/leader.ts';
import { asPower, asReplicaId, asView, type ReplicaId } from '../../../src/model/ids.ts';
import { createValidatorSet, type ValidatorSet } from '../../../src/model/validator-set.ts';

const setOf = (powers: readonly number[]): ValidatorSet => {
  const members = powers.map((power, at) => ({
    id: asReplicaId(at.toString(16).padStart(64, '0')),
    power: asPower(power),
  }));
  const set = createValidatorSet(members);
  if (typeof set === 'string') throw new Error(set);
  return set;
};

/** The definition of SPECIFICATION.md section 4, walked step by step: slow, and plainly right. */
function walk(set: ValidatorSet): ReplicaId[] {
  const highest = Math.max(...set.validators.map(({ power }) => power));
  const visited: ReplicaId[] = [];
  for (let threshold = 1; threshold <= highest; threshold++) {
    for (const { id, power } of set.validators) if (power >= threshold) visited.push(id);
  }
  return visited;
}

describe('interleaved weighted round robin', () => {
  test('equals its definition over a whole rotation, for any powers and tenure (R26)', () => {
    const powers = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(powers, fc.integer({ min: 1, max: 5 }), fc.nat(3), (chosen, tenure, rotations) => {
        const set = setOf(chosen);
        const expected = walk(set);
        const from = rotations * expected.length * tenure;
        for (let at = 0; at < expected.length * tenure; at++) {
          expect(leaderOf(set, asView(from + at), tenure)).toBe(expected[Math.floor(at / tenure)]);
        }
      }),
    );
  });

  test('gives everybody as many tenures per rotation as it has power', () => {
    const set = setOf([3, 1, 4, 1, 5]);
    const led = new Map<ReplicaId, number>();
    for (let view = 0; view < set.totalPower; view++) {
      const leader = leaderOf(set, asView(view), 1);
      led.set(leader, (led.get(leader) ?? 0) + 1);
    }
    expect(set.validators.map(({ id }) => led.get(id))).toEqual([3, 1, 4, 1, 5]);
  });

  test('does not walk: powers near 2^50 cost what small ones do (R21)', () => {
    const huge = 2 ** 50;
    const set = setOf([huge, huge, huge, 1]);
    const names = set.validators.map(({ id }) => id);
    expect([0, 1, 2, 3, 4, 5, 6].map((view) => leaderOf(set, asView(view), 1))).toEqual([
      ...names,
      ...names.slice(0, 3),
    ]);
    expect(leaderOf(set, asView(3 * huge), 1)).toBe(names[2]);
  });
});
