import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PLAN, type Share } from './plan.ts';

const sum = (shares: readonly Share[]): number => shares.reduce((views, share) => views + share.views, 0);

test('the plan is of enough views, half of them under attack', () => {
  expect(sum(PLAN)).toBeGreaterThanOrEqual(70_000);
  expect(sum(PLAN.filter(({ kind }) => kind === 'adversaries'))).toBeGreaterThanOrEqual(sum(PLAN) / 2);
});

test('each share of it has the files that run it', () => {
  const files = readdirSync(new URL('.', import.meta.url)).filter((name) => /-\d+\.test\.ts$/.test(name));
  const wanted = PLAN.flatMap(({ n, kind, files }) =>
    Array.from({ length: files }, (_, part) => `${kind}-${n}-${part}.test.ts`),
  );
  expect(files.toSorted()).toEqual(wanted.toSorted());
});
