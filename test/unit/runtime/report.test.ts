import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { report } from '../../../src/runtime/report.ts';

describe('a report', () => {
  it.each<readonly [string, unknown, string | RegExp]>([
    ['an error, with its stack', new Error('thrown'), /^Error: thrown\n +at /],
    ['a text', 'thrown', 'thrown'],
    ['nothing', undefined, 'undefined'],
    ['a symbol', Symbol('thrown'), 'Symbol(thrown)'],
    ['what cannot be made a text', Object.create(null), '[Object: null prototype] {}'],
  ])('tells of %s', async (_, error, detail) => {
    const warned = once(process, 'warning');
    report('a listener threw', error);
    const [warning] = (await warned) as [Error & { detail: string }];
    expect(warning).toMatchObject({ name: 'HotStuffWarning', message: 'a listener threw' });
    if (typeof detail === 'string') expect(warning.detail).toBe(detail);
    else expect(warning.detail).toMatch(detail);
  });
});
