import { expect, test } from 'vitest';
import { asPower, asReplicaId } from '../../../src/model/ids.ts';
import { createValidatorSet, type ValidatorSet } from '../../../src/model/validator-set.ts';
import { mostFaultyViews } from '../../../src/simulator/faulty-views.ts';

const idOf = (index: number) => asReplicaId(`${index}`.padStart(64, '0'));

function faultyViews(powers: readonly number[], faulty: readonly number[], tenure: number): number {
  const set = createValidatorSet(powers.map((power, index) => ({ id: idOf(index), power: asPower(power) })));
  const ids = new Set(faulty.map(idOf));
  return mostFaultyViews(set as ValidatorSet, (id) => !ids.has(id), tenure);
}

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
