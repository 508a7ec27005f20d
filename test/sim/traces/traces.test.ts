import { expect, test } from 'vitest';
import { TRACES } from './index.ts';

/** There is no T11 and no T14. */
const NUMBERS = Array.from({ length: 36 }, (_, at) => at + 1).filter(
  (number) => number !== 11 && number !== 14,
);

test('every trace is there, once', () => {
  expect(TRACES.map(({ name }) => name.split(':')[0])).toEqual(NUMBERS.map((number) => `T${number}`));
});

test.each(TRACES)('$name', (scenario) => scenario.run());
