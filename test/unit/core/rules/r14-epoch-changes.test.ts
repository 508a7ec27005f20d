import { describe, expect, test } from 'vitest';
import { inViewOne, play } from './play.ts';

describe('leaving an epoch-change view', () => {
  test('a quorum of a set that is committed meanwhile makes a TC at the next deadline', () => {
    // U removes three of seven. r0 learns of its commit in view 10, where r1 and r2 vote to leave with it.
    const world = inViewOne('n=7 me=r0 tenure=1');
    play(
      world,
      `proposal from=r1 view=1 block=U on=genesis
       valid update=-r4,-r5,-r6
       advance from=r2 with=PC(2,U,precommit)
       certified
       advance from=r2 with=PC(9,U,precommit)
       certified
       timer view
       timeout-vote from=r0 view=10
       timeout-vote from=r1 view=10
       timeout-vote from=r2 view=10`,
    );
    expect(world.status.view).toBe(10);
    play(
      world,
      `advance from=r1 with=PC(3,U,commit)
       certified`,
    );
    expect(world.status.validatorSets.committed.validators).toHaveLength(4);
    expect(play(world, 'timer view')).toContain('form TC(10) of r0,r1,r2');
  });
});
