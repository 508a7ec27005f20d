import { asView } from '../../../src/model/ids.ts';
import type { World } from '../../../src/simulator/index.ts';
import {
  cutOff,
  enterTogether,
  giveNewView,
  lose,
  must,
  mustGoOn,
  proposeUpdateIn,
  puppet,
  reach,
  type Scenario,
  traceWorld,
  watchUpdate,
} from './scenario.ts';

// Updates of the validator set, interrupted in every way. U is the block that updates the set.

const hasUpdated = (world: World, replica: number): boolean =>
  (world.replica(replica).status?.validatorSets.updateHeight ?? null) !== null;

const isDecided = (world: World, replica: number): boolean =>
  hasUpdated(world, replica) && world.replica(replica).status?.validatorSets.decided === true;

export const t5: Scenario = {
  name: 'T5: a leader is away for two views of an update; the others are locked on its Precommit certificate',
  rules: ['R3'],
  run(given = {}) {
    const world = traceWorld(given, { listeners: 1 });
    proposeUpdateIn(world, 8, { insert: { 4: 1 } });
    reach(world, 9, [1]);
    // Replica 3 leads view 11; without it and the votes of view 10 nobody sees a Commit certificate.
    const away = cutOff(world, 3);
    const votes = lose(world, [{ type: 'phase-vote', view: 10 }]);
    reach(world, 12, [0, 1, 2]);
    must(
      world,
      [0, 1, 2].every((index) => world.replica(index).lockedPc.phase === 'precommit'),
      'all are locked on U',
    );
    away();
    votes();
    world.runUntil(() => world.replicas.every(({ index }) => isDecided(world, index)), {
      withinMs: 2 * 10 * world.settings.viewTimeMs,
      what: 'U',
    });
    mustGoOn(world, 10);
  },
};

export const t7: Scenario = {
  name: 'T7: a replica misses everything from the middle of an update to the first block after it',
  rules: ['R10', 'R15'],
  run(given = {}) {
    const world = traceWorld(given, { n: 7, listeners: 1 });
    reach(world, 6, [6]);
    world.updateValidators({ insert: { 7: 1 } });
    world.onEvent((index, event) => {
      if (index === 5 && event.type === 'peer-blacklisted') {
        world.fail('scenario', `r5 blacklists ${world.nameOf(event.peer)}, which is honest`);
      }
    });
    reach(world, 9, [0]);
    const away = cutOff(world, 5);
    let decided = false;
    world.intercept((_from, _to, message) => {
      if (message.type === 'proposal') decided ||= message.block.justify.phase === 'decide';
      return undefined;
    });
    world.runUntil(() => decided, { withinMs: 20_000, what: 'a block on a Decide certificate' });
    world.run({ ms: 30 });
    must(world, !hasUpdated(world, 5), 'r5 missed the update');
    away();
    mustGoOn(world, 20);
    must(world, isDecided(world, 5), 'r5 has decided the update');
  },
};

export const t20: Scenario = {
  name: 'T20: three retired validators sign an old block in view 2^40',
  rules: ['R2', 'R11'],
  run(given = {}) {
    const world = traceWorld(given, { listeners: 4, adversaries: { 0: puppet, 7: puppet } });
    proposeUpdateIn(world, 5, { insert: { 4: 1, 5: 1, 6: 1, 7: 1 }, remove: [0, 1, 2, 3] });
    reach(world, 60, [4, 5, 6]);
    const old = world.replica(4).committedAt(1);
    must(world, old !== null, 'the block of height 1 is committed');
    const pc = world.forge.phaseCertificate({ view: 2 ** 40, block: old, signers: [0, 1, 2] });
    const before = [4, 5, 6].map((index) => world.replica(index).lockedPc.view);
    for (const to of [4, 5, 6]) {
      for (const from of [7, 0]) {
        giveNewView(world, from, to, world.replica(to).view, pc);
        world.give(from, to, { type: 'advance-view', certificate: { type: 'pc', pc } });
      }
    }
    world.run({ ms: 5 });
    for (const [at, index] of [4, 5, 6].entries()) {
      const { lockedPc, highestPc, view } = world.replica(index);
      must(
        world,
        lockedPc.view >= (before[at] ?? 0) && lockedPc.block !== old,
        `the lock of r${index} moved`,
      );
      must(world, highestPc.block !== old, `highestPc of r${index} moved`);
      must(world, view < 2 ** 39, `r${index} is in view ${view}`);
    }
    mustGoOn(world, 5, [4, 5, 6]);
  },
};

/** S0 = {0..3}; U adds 4, is proposed in 5, and its Commit certificate of view 7 is known to replica 0 alone. */
function commitKnownToZeroAlone(world: World): () => void {
  const script = lose(world, [
    { type: 'phase-vote', view: 7, exceptTo: 0 },
    { type: ['advertise-pc', 'advertise-block', 'block-sync-request'] },
    ...[7, 8].map((view) => ({ from: 0, view })),
  ]);
  proposeUpdateIn(world, 5, { insert: { 4: 1 } });
  reach(world, 8, [0]);
  const silent = cutOff(world, 0);
  world.run({ ms: 30 });
  must(world, hasUpdated(world, 0), 'replica 0 has committed U');
  must(
    world,
    [1, 2, 3, 4].every((index) => !hasUpdated(world, index)),
    'nobody else has',
  );
  return () => {
    script();
    silent();
  };
}

export const t25: Scenario = {
  name: 'T25: a later Prepare certificate must not hide a Commit certificate',
  rules: ['R1'],
  run(given = {}) {
    const world = traceWorld(given, { listeners: 1, chain: { epochLength: 1 } });
    const seen = watchUpdate(world);
    const speak = commitKnownToZeroAlone(world);
    const lost = lose(world, [{ type: 'phase-vote', view: 9 }, { type: 'timeout-vote' }]);
    for (const view of [8, 9]) enterTogether(world, view, [1, 2, 3], view === 9 ? 60 : 5);
    const u = seen.hash;
    must(world, u !== null, 'U is proposed');
    must(
      world,
      [1, 2, 3].every((index) => world.replica(index).status?.lastVote?.view === 9),
      'U is proposed again in 9',
    );
    const prepare = world.forge.phaseCertificate({ view: 9, block: u, phase: 'prepare', signers: [1, 2, 3] });
    const view10 = lose(world, [{ type: ['proposal', 'nudge', 'phase-vote'], view: 10 }]);
    for (const to of [0, 1, 2, 3, 4]) {
      world.give(2, to, { type: 'advance-view', certificate: { type: 'pc', pc: prepare } });
    }
    world.run({ ms: 30 });
    world.crash(1);
    speak();
    lost();
    view10();
    // Sync and the broadcast of the Commit certificate would heal this; the rule must do without.
    lose(world, [{ type: ['block-sync-request', 'block-sync-response', 'advertise-pc'] }]);
    mustGoOn(world, 30, [0, 2, 3]);
    world.run({ views: 200 });
    must(world, world.height > 100, `${world.height} blocks`);
  },
};

export const t26: Scenario = {
  name: 'T26: a replica locked on an update meets the certificate of its sibling',
  rules: ['R25'],
  run(given = {}) {
    const world = traceWorld(given, { listeners: 1, chain: { epochLength: 1 } });
    const seen = watchUpdate(world);
    proposeUpdateIn(world, 5, { insert: { 4: 1 } });
    reach(world, 5, [1]);
    const script = lose(world, [
      { type: 'phase-vote', view: 6 },
      { type: ['advertise-pc', 'advertise-block', 'block-sync-request', 'timeout-vote'] },
    ]);
    world.run({ ms: 4 });
    const away = cutOff(world, 1);
    reach(world, 6, [0, 2, 3]);
    world.run({ ms: 30 });
    const u = seen.hash;
    must(world, u !== null, 'U is proposed');
    // 0, 2 and 3 voted Precommit in view 6; the nudge with that certificate reaches replica 0 alone.
    const precommit = world.forge.phaseCertificate({
      view: 6,
      block: u,
      phase: 'precommit',
      signers: [0, 2, 3],
    });
    world.give(3, 0, { type: 'nudge', chainId: world.chain.chainId, view: asView(7), justify: precommit });
    world.run({ ms: 5 });
    must(world, world.replica(0).lockedPc.phase === 'precommit', 'replica 0 is locked on U');
    const alone = cutOff(world, 0);
    // Replica 1, stale, leads view 9 and proposes a sibling; 2 and 3 vote for it.
    const stale = lose(world, [{ type: ['new-view', 'advance-view'], to: 1 }]);
    away();
    for (const view of [7, 8]) enterTogether(world, view, [1, 2, 3], 5);
    const lateVotes = lose(world, [{ type: 'phase-vote', view: 9 }]);
    enterTogether(world, 9, [1, 2, 3], 300);
    const sibling = seen.hash;
    must(world, sibling !== null && sibling !== u, 'a sibling of U is proposed and voted for');
    const prepare = world.forge.phaseCertificate({
      view: 9,
      block: sibling,
      phase: 'prepare',
      signers: [1, 2, 3],
    });
    const view10 = lose(world, [{ type: ['proposal', 'nudge', 'phase-vote', 'advance-view'], view: 10 }]);
    for (const to of [0, 1, 2, 3, 4]) {
      world.give(2, to, { type: 'advance-view', certificate: { type: 'pc', pc: prepare } });
    }
    world.run({ ms: 30 });
    world.crash(1);
    for (const stop of [script, alone, stale, lateVotes, view10]) stop();
    mustGoOn(world, 30, [0, 2, 3]);
    must(world, hasUpdated(world, 0), 'one of the two commits');
  },
};

export const t31: Scenario = {
  name: 'T31: two replicas are an epoch ahead by a certificate that the others cannot apply',
  rules: ['R14'],
  run(given = {}) {
    const world = traceWorld(given, { listeners: 1, adversaries: { 3: puppet }, chain: { epochLength: 10 } });
    const seen = watchUpdate(world);
    const script = lose(world, [
      { type: 'phase-vote', view: 7, exceptTo: 0 },
      { type: ['advertise-pc', 'advertise-block', 'block-sync-request', 'block-sync-response'] },
    ]);
    proposeUpdateIn(world, 5, { insert: { 4: 1 } });
    reach(world, 8, [0]);
    const u = seen.hash;
    must(world, u !== null && hasUpdated(world, 0), 'replica 0 has committed U');
    // From here on two groups: 0 with 4, and 1 with 2; nothing is proposed until they part.
    const apart = lose(world, [
      { from: [0, 4], to: [1, 2, 3] },
      { from: [1, 2, 3], to: [0, 4] },
    ]);
    const silence = lose(world, [{ from: 3 }, { type: ['proposal', 'nudge'] }]);
    reach(world, 10, [0, 1, 2, 4]);
    const prepare = world.forge.phaseCertificate({
      view: 10,
      block: u,
      phase: 'prepare',
      signers: [1, 2, 3],
    });
    for (const to of [1, 2])
      world.give(3, to, { type: 'advance-view', certificate: { type: 'pc', pc: prepare } });
    reach(world, 20, [1, 2]);
    must(world, world.replica(0).view === 10, `replica 0 waits in view 10, not in ${world.replica(0).view}`);
    apart();
    silence();
    script();
    lose(world, [{ from: 3 }, { type: ['block-sync-request', 'block-sync-response', 'advertise-pc'] }]);
    world.runUntil(() => new Set([0, 1, 2].map((index) => world.replica(index).view)).size === 1, {
      withinMs: 20_000,
      what: 'replicas 0, 1 and 2 in one view',
    });
    mustGoOn(world, 30, [0, 1, 2]);
  },
};

export const t32: Scenario = {
  name: 'T32: the old set is switched off while a member of the new one lacks the update',
  rules: ['R19'],
  run(given = {}) {
    const world = traceWorld(given, { listeners: 4, adversaries: { 7: puppet } });
    proposeUpdateIn(world, 5, { insert: { 4: 1, 5: 1, 6: 1, 7: 1 }, remove: [0, 1, 2, 3] });
    const away = cutOff(world, 6);
    world.runUntil(() => [4, 5].every((index) => isDecided(world, index)), {
      withinMs: 10_000,
      what: 'Decide(U)',
    });
    const advertised = new Set<number>();
    world.intercept((from, _to, message) => {
      if (message.type === 'advertise-block') advertised.add(from);
      return undefined;
    });
    world.runUntil(() => [4, 5].every((index) => advertised.has(index)), {
      withinMs: 10_000,
      what: 'advertisements',
    });
    for (const index of [0, 1, 2, 3]) world.crash(index);
    lose(world, [{ from: 7 }]);
    must(world, !hasUpdated(world, 6), 'replica 6 missed U');
    away();
    mustGoOn(world, 40, [4, 5, 6]);
  },
};
