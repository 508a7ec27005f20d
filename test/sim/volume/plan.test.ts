import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PLAN, type Share } from './plan.ts';

const sum = (shares: readonly Share[]): number => shares.reduce((views, share) => views + share.views, 0);

test('the plan is of enough views, half of them under attack', () => {
  expect(sum(PLAN)).toBeGreaterThanOrEqual(200_000);
  expect(sum(PLAN.filter(({ kind }) => kind === 'adversaries'))).toBeGreaterThanOrEqual(sum(PLAN) / 2);
});

test.each([4, 7, 10])('of a cluster of %i it is of a good part of them', (n) => {
  expect(sum(PLAN.filter((share) => share.n === n))).toBeGreaterThanOrEqual(20_000);
});

test('each shard of it has a file that runs it', () => {
  const files = readdirSync(new URL('.', import.meta.url)).filter((name) => /-\d+\.test\.ts$/.test(name));
  const expected = PLAN.flatMap(({ n, kind, shards }) =>
    Array.from({ length: shards }, (_, shard) => `${kind}-of-${n}-${shard}.test.ts`),
  );
  expect(files.toSorted()).toEqual(expected.toSorted());
});
