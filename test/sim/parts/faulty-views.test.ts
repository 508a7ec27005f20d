import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leaderOf } from '../../../src/core/pacemaker/leader.ts';
import { asPower, asReplicaId, asView } from '../../../src/model/ids.ts';
import { createValidatorSet, type ValidatorSet } from '../../../src/model/validator-set.ts';
import { mostFaultyViews } from '../../../src/simulator/faulty-views.ts';

const idOf = (index: number) => asReplicaId(`${index}`.padStart(64, '0'));

const setOf = (powers: readonly number[]): ValidatorSet =>
  createValidatorSet(
    powers.map((power, index) => ({ id: idOf(index), power: asPower(power) })),
  ) as ValidatorSet;

function faultyViews(powers: readonly number[], faulty: readonly number[], tenure: number): number {
  const ids = new Set(faulty.map(idOf));
  return mostFaultyViews(setOf(powers), (id) => !ids.has(id), tenure);
}

/** View by view, by the core's own rotation. */
function countedOneByOne(powers: readonly number[], faulty: readonly number[], tenure: number): number {
  const set = setOf(powers);
  const ids = new Set(faulty.map(idOf));
  let [most, faultyInARow, live, chains] = [0, 0, 0, 0];
  for (let view = 0; view < 2 * set.totalPower * tenure; view++) {
    const isLive = !ids.has(leaderOf(set, asView(view), tenure));
    live = isLive ? live + 1 : 0;
    if (!isLive) faultyInARow++;
    if (live < 3) continue;
    chains++;
    most = Math.max(most, faultyInARow);
    faultyInARow = 0;
  }
  return chains === 0 ? Number.POSITIVE_INFINITY : most;
}

test('is what counting view by view gives, for any powers, faulty validators and tenure', () => {
  const power = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 40 }));
  fc.assert(
    fc.property(
      fc.array(power, { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(7), { maxLength: 5 }),
      fc.integer({ min: 1, max: 5 }),
      (powers, faulty, tenure) => {
        expect(faultyViews(powers, faulty, tenure)).toBe(countedOneByOne(powers, faulty, tenure));
      },
    ),
    { numRuns: 2_000 },
  );
});

test('takes no longer for great powers than for small ones', () => {
  // A faulty great one of three and the small one: nine hundred million views in a rotation.
  expect(faultyViews([1e8, 1e8, 1e8, 1], [0], 3)).toBe(3);
  expect(faultyViews([1e9, 1, 1, 1], [0], 1)).toBe(1e9);
});

test('of equal validators each faulty one has its tenure, wherever it stands', () => {
  for (const n of [4, 7, 10]) {
    const powers = Array.from({ length: n }, () => 1);
    const f = (n - 1) / 3;
    for (const tenure of [1, 4]) {
      for (let step = 1; step <= 3; step++) {
        const faulty = Array.from({ length: f }, (_, at) => (at * step) % n);
        expect(faultyViews(powers, faulty, tenure)).toBeLessThanOrEqual(f * tenure);
      }
      expect(
        faultyViews(
          powers,
          Array.from({ length: f }, (_, at) => at),
          tenure,
        ),
      ).toBe(f * tenure);
    }
  }
});

test('of unequal ones a great one breaks several chains', () => {
  // Visited in turn: all seven, those of two and more, of three, of four, of five.
  expect(faultyViews([1, 1, 4, 2, 3, 5, 5, 1], [1, 5], 1)).toBeGreaterThan(2);
  expect(faultyViews([5, 4, 5, 2, 3, 3, 3, 4], [2, 4], 1)).toBeGreaterThan(2);
});

test('no chain comes about when every second leader is faulty', () => {
  expect(faultyViews([1, 1, 1, 1], [0, 2], 1)).toBe(Number.POSITIVE_INFINITY);
});
