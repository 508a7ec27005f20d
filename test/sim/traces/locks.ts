import { asHeight, asView, type BlockHash } from '../../../src/model/ids.ts';
import {
  cutOff,
  enterTogether,
  forbidVotesFor,
  giveNewView,
  justifiesFrom,
  lose,
  must,
  mustGoOn,
  puppet,
  reach,
  type Scenario,
  traceWorld,
} from './scenario.ts';

// Attacks on the lock: certificates that are genuine and old.

export const t1: Scenario = {
  name: 'T1: a stranger walks the lock back to genesis with NewViews',
  rules: ['R1', 'R19'],
  run(given = {}) {
    const world = traceWorld(given, { listeners: 1, adversaries: { 4: puppet } });
    reach(world, 8, [0, 1, 2, 3]);
    const locked = world.replica(0).lockedPc;
    const { view } = world.replica(0);
    for (const pc of justifiesFrom(world, 0, locked)) giveNewView(world, 4, 0, view, pc);
    world.onEvent((index, event) => {
      if (index !== 0 || event.type !== 'locked-pc-updated') return;
      must(
        world,
        event.pc.view > locked.view,
        `the lock of r0 moved from view ${locked.view} to ${event.pc.view}`,
      );
    });
    world.run({ ms: 5 });
    must(world, world.replica(0).lockedPc.view >= locked.view, 'the lock of r0 moved down');
    mustGoOn(world, 5);
  },
};

export const t2: Scenario = {
  name: 'T2: a leader walks the locks back and proposes on the block of height 1',
  rules: ['R1', 'R2', 'R4'],
  run(given = {}) {
    const world = traceWorld(given, { adversaries: { 3: puppet } });
    const silence = lose(world, [
      { from: 3, type: 'proposal', view: 11 },
      { from: 3, type: 'advance-view', view: 10 },
    ]);
    reach(world, 11, [0, 1, 2]);
    const before = [0, 1, 2].map((index) => world.replica(index).height);
    const committed = Math.max(...before);
    for (const to of [0, 1, 2]) {
      for (const pc of justifiesFrom(world, to, world.replica(to).lockedPc))
        giveNewView(world, 3, to, 10, pc);
    }
    const second = world.replica(0).block(world.replica(0).committedAt(2) as BlockHash);
    must(world, second !== null, 'the block of height 2 is committed');
    const x = world.forge.block({ height: committed + 1, justify: second.justify });
    forbidVotesFor(world, x.hash);
    for (const to of [0, 1, 2]) {
      world.give(3, to, { type: 'proposal', chainId: world.chain.chainId, view: asView(11), block: x }, 1);
    }
    world.run({ ms: 10 });
    silence();
    mustGoOn(world, 10);
    for (const [index, height] of before.entries()) {
      must(world, world.replica(index).height >= height, `r${index} lost committed blocks`);
    }
    must(world, world.replica(0).committedAt(asHeight(committed + 1)) !== x.hash, 'X is committed');
  },
};

export const t3: Scenario = {
  name: 'T3: honest but stale leaders propose on ever older certificates',
  rules: ['R1'],
  run(given = {}) {
    // Every view is an epoch-change view, so that replicas can be moved on together by timeouts.
    const world = traceWorld(given, { n: 7, chain: { epochLength: 1 } });
    const script = lose(world, [
      { type: 'proposal', view: 8, to: 6 },
      { type: 'proposal', view: 9, to: [5, 6] },
      { type: 'phase-vote', view: 9, exceptTo: 3 },
      // From the moment when it forms PC(9), replica 3 reaches nobody.
      { type: 'proposal', view: 10, from: 3 },
      { type: 'proposal', view: 11 },
      { type: 'new-view', view: 11, to: 5 },
      { type: 'proposal', view: 12, to: 6 },
      { type: 'phase-vote', view: 12 },
      { type: 'new-view', view: 12, to: 6 },
    ]);
    reach(world, 10, [3]);
    const alone = cutOff(world, 3);
    const seven = world.replica(3).height;
    const b7 = world.replica(3).committedAt(seven);
    const others = [0, 1, 2, 4, 5, 6];
    must(
      world,
      others.every((index) => world.replica(index).height < seven),
      'replica 3 alone has committed B7',
    );
    enterTogether(world, 10, others, 50);
    enterTogether(world, 11, others, 50);
    enterTogether(world, 12, others, 300);
    enterTogether(world, 13, others, 500);
    script();
    alone();
    mustGoOn(world, 20);
    for (const { index } of world.replicas) {
      must(
        world,
        world.replica(index).committedAt(seven) === b7,
        `r${index} committed another block than B7`,
      );
    }
  },
};
