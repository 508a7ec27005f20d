import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asBlockHash, asHeight } from '../../../src/model/ids.ts';
import { createAnswers } from '../../../src/state-machine/answers.ts';

const blockHash = asBlockHash('b'.repeat(64));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What happens meanwhile: a block commits so many commands, a turn passes, or all are told at once. */
const happenings = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('commit' as const), commands: fc.integer({ min: 1, max: 100 }) }),
    fc.record({ type: fc.constant('turn' as const) }),
    fc.record({ type: fc.constant('flush' as const) }),
  ),
  { maxLength: 12 },
);

describe('answers', () => {
  it('reach each submitter once, in the order of their commits, a bounded number in a turn', async () => {
    await fc.assert(
      fc.asyncProperty(happenings, async (events) => {
        const told: number[] = [];
        let added = 0;
        let ends = 0;
        const answers = createAnswers(() => {
          ends += 1;
          expect(told).toHaveLength(added);
        });
        const add = (): void => {
          const height = asHeight(added++);
          const resolve = (answer: { readonly height: number }): void => void told.push(answer.height);
          answers.add({ resolve, reject: expect.fail }, { height, blockHash, result: new Uint8Array(0) });
        };
        const pass = async (): Promise<void> => {
          const before = told.length;
          await turn();
          expect(told.length - before).toBeLessThanOrEqual(32);
          expect(told.length > before || answers.waiting === 0).toBe(true);
        };
        for (const event of events) {
          if (event.type === 'turn') await pass();
          else if (event.type === 'flush') answers.flush();
          else for (let count = 0; count < event.commands; count++) add();
          expect(answers.waiting).toBe(added - told.length);
        }
        while (answers.waiting > 0) await pass();
        expect(told).toEqual(Array.from({ length: added }, (_, at) => at));
        expect(ends > 0).toBe(added > 0);
      }),
      { numRuns: 50 },
    );
  });

  it('reach submitters that submit again when they are told, in a later turn', async () => {
    const told: string[] = [];
    const answers = createAnswers(() => {});
    const answer = { height: asHeight(0), blockHash, result: new Uint8Array(0) };
    const reject = expect.fail;
    answers.add(
      { resolve: () => answers.add({ resolve: () => void told.push('second'), reject }, answer), reject },
      answer,
    );
    answers.add({ resolve: () => void told.push('first'), reject }, answer);
    await turn();
    await turn();
    expect(told).toEqual(['first', 'second']);
  });
});
