import type { TimeoutCertificate } from '../../../src/model/certificate.ts';
import { asChainId, asHeight, asView, type View } from '../../../src/model/ids.ts';
import type { TimeoutVote } from '../../../src/model/messages.ts';
import { ADVERSARIES, calm, constant, uniform, type World } from '../../../src/simulator/index.ts';
import { cutOff, lose, must, mustGoOn, puppet, reach, type Scenario, traceWorld } from './scenario.ts';

// Views: when they are left, and on whose word.

const timeoutVote = (
  world: World,
  signer: number,
  view: number,
  highestTc: TimeoutCertificate | null,
): TimeoutVote => {
  const subject = { type: 'timeout-vote' as const, chainId: world.chain.chainId, view: asView(view) };
  return { ...subject, signature: world.forge.signature(signer, subject), highestTc };
};

/** Gives `vote` to a replica that must stay where it is, whole and well. */
function mustIgnore(world: World, from: number, to: number, vote: TimeoutVote): void {
  const before = world.replica(to).view;
  world.give(from, to, vote);
  world.run({ ms: 3 });
  must(world, world.replica(to).isUp, `r${to} stopped`);
  must(
    world,
    world.replica(to).view - before <= 1,
    `r${to} went from view ${before} to ${world.replica(to).view}`,
  );
  mustGoOn(world, 5);
}

/** When `replica` enters views from now on, in virtual milliseconds. */
function entries(world: World, replica: number): Map<View, number> {
  const times = new Map<View, number>();
  world.onEvent((index, event) => {
    if (index === replica && event.type === 'view-started') times.set(event.view, world.now);
  });
  return times;
}

/** The signatures of honest replicas on advertisements of `height`, passed off as a timeout certificate. */
function assembled(world: World, height: number, signers: readonly number[]): TimeoutCertificate {
  const { chainId } = world.chain;
  const subject = { type: 'advertise-block' as const, chainId, height: asHeight(height) };
  return { chainId, view: asView(height), signatures: world.forge.signatures(subject, signers) };
}

export const t4: Scenario = {
  name: 'T4: public advertisements assembled into a timeout certificate',
  rules: ['R8', 'R9'],
  run(given = {}) {
    for (const scheme of ['ed25519', 'bls12381'] as const) {
      const world = traceWorld(given, { scheme, adversaries: { 3: puppet }, chain: { epochLength: 10 } });
      reach(world, 5, [0]);
      const away = cutOff(world, 0);
      reach(world, 23, [1, 2]);
      // Replica 0 is far behind. No epoch ends in view 17; and where kinds of messages are signed apart, no
      // advertisement of height 10 speaks of view 10.
      const { view } = world.replica(0);
      for (const height of scheme === 'bls12381' ? [17, 10] : [17]) {
        const tc = assembled(world, height, [1, 2, 3]);
        world.give(3, 0, timeoutVote(world, 3, 50, tc));
        world.give(3, 0, { type: 'advance-view', certificate: { type: 'tc', tc } });
        world.run({ ms: 3 });
        must(world, world.replica(0).view === view, `r0 went from view ${view} to ${world.replica(0).view}`);
      }
      away();
      mustGoOn(world, 20);
      for (const height of [10, 20]) {
        mustIgnore(world, 3, 0, timeoutVote(world, 3, 100, assembled(world, height, [0, 1, 2])));
      }
    }
  },
};

export const t12: Scenario = {
  name: 'T12: a dead leader after many fast views costs its view time, no more',
  rules: ['R13'],
  run(given = {}) {
    for (const viewTimeMs of [2_000, 900]) {
      const world = traceWorld(given, { settings: { viewTimeMs } });
      reach(world, 79, [1, 2, 3]);
      world.crash(0);
      const times = entries(world, 2);
      reach(world, 81, [1, 2, 3]);
      const lasted = (times.get(asView(81)) ?? Number.NaN) - (times.get(asView(80)) ?? Number.NaN);
      must(world, lasted >= viewTimeMs, `view 80 lasted ${lasted} ms of ${viewTimeMs}`);
      must(world, lasted <= 1.2 * viewTimeMs, `view 80 lasted ${lasted} ms of ${viewTimeMs}`);
    }
  },
};

export const t16: Scenario = {
  name: 'T16: a timeout certificate of another chain',
  rules: ['R8'],
  run(given = {}) {
    const world = traceWorld(given, { adversaries: { 3: puppet }, chain: { epochLength: 10 } });
    reach(world, 12, [0, 1, 2]);
    const tc = world.forge.timeoutCertificate({
      view: 1_000_000,
      signers: [0, 1, 2],
      chainId: asChainId(99),
    });
    mustIgnore(world, 3, 0, timeoutVote(world, 3, 1_000_000, tc));
  },
};

export const t17: Scenario = {
  name: 'T17: a genuine timeout certificate that comes late',
  rules: ['R8'],
  run(given = {}) {
    const world = traceWorld(given, { adversaries: { 3: puppet }, chain: { epochLength: 10 } });
    reach(world, 55, [0, 1, 2]);
    const tc = world.forge.timeoutCertificate({ view: 50, signers: [1, 2, 3] });
    mustIgnore(world, 3, 0, timeoutVote(world, 3, 100, tc));
  },
};

export const t22: Scenario = {
  name: 'T22: two of four restart in an epoch-change view in which the others wait',
  rules: ['R7'],
  run(given = {}) {
    const world = traceWorld(given, { chain: { epochLength: 2 } });
    const silence = lose(world, [{ type: 'proposal', view: 2 }]);
    reach(world, 2, [0, 1, 2, 3]);
    world.run({ ms: 200 });
    for (const index of [2, 3]) world.crash(index);
    for (const index of [2, 3]) world.restart(index);
    silence();
    world.runUntil(() => world.replicas.every(({ view }) => view >= 3), {
      withinMs: 2 * 2 * world.settings.viewTimeMs,
      what: 'view 3 at all four',
    });
    mustGoOn(world, 10);
  },
};

export const t27: Scenario = {
  name: 'T27: a Byzantine leader that shows its certificates to one replica at a time',
  rules: ['R13'],
  run(given = {}) {
    for (const [epochLength, leaderTenure, delay] of [
      [40, 1, constant(100)],
      [100, 1, uniform(20, 100)],
      [40, 4, uniform(20, 100)],
      [100, 4, constant(100)],
    ] as const) {
      const world = traceWorld(given, {
        network: calm(delay),
        chain: { epochLength, leaderTenure },
        adversaries: { 1: ADVERSARIES['courtier'] },
      });
      world.run({ ms: 120 * world.settings.viewTimeMs });
      must(world, world.height > 60, `${world.height} blocks in 120 view times`);
    }
  },
};

export const t28: Scenario = {
  name: 'T28: a certificate of an epoch-change view shown to one replica that lacks its block',
  rules: ['R7', 'R14', 'R18'],
  run(given = {}) {
    for (const restarts of [false, true]) {
      const world = traceWorld(given, { adversaries: { 1: puppet }, chain: { epochLength: 20 } });
      lose(world, [
        { type: 'proposal', view: 20, to: 3 },
        { from: 1, type: 'phase-vote', view: 20 },
        { from: 1, type: ['proposal', 'advance-view', 'new-view', 'timeout-vote', 'advertise-pc'] },
      ]);
      const silence = (): void => void lose(world, [{ from: 1 }]);
      // Replica 1 led every fourth view before; it spoke then.
      reach(world, 20, [0, 2]);
      silence();
      world.run({ ms: 60 });
      const block = world.replica(0).status?.lastVote?.block;
      must(
        world,
        block !== undefined && world.replica(0).status?.lastVote?.view === 20,
        'r0 votes in view 20',
      );
      const pc = world.forge.phaseCertificate({ view: 20, block, signers: [0, 1, 2] });
      world.give(1, 3, { type: 'advance-view', certificate: { type: 'pc', pc } });
      world.run({ ms: 30 });
      if (restarts) {
        world.crash(3);
        world.restart(3);
      }
      mustGoOn(world, 12, [0, 2, 3]);
    }
  },
};

export const t33: Scenario = {
  name: 'T33: everybody restarts at genesis, in view 0',
  rules: ['R7'],
  run(given = {}) {
    for (const afterMs of [0, 1, 3, 11, 13]) {
      const world = traceWorld(given);
      world.run({ ms: afterMs });
      for (const { index } of world.replicas) world.crash(index);
      for (const { index } of world.replicas) world.restart(index);
      must(world, world.view <= 1, 'nobody is beyond view 1');
      mustGoOn(world, 5);
    }
  },
};

export const t34: Scenario = {
  name: 'T34: a replica returns two views behind two others, the fourth is dead',
  rules: ['R30'],
  run(given = {}) {
    for (const lateMs of [1_300, 1_800, 2_300, 2_800]) {
      const world = traceWorld(given, { chain: { leaderTenure: 4, epochLength: 40 } });
      world.crash(1);
      reach(world, 100, [0, 2, 3]);
      world.run({ ms: 100 });
      world.crash(0);
      world.run({ ms: lateMs });
      world.restart(0);
      must(world, world.replica(0).view < world.replica(2).view, 'r0 is behind');
      const before = world.height;
      world.runUntil(() => world.height > before, { withinMs: 5_000, what: 'a commit' });
    }
  },
};

export const t36: Scenario = {
  name: 'T36: an idle cluster relays nothing and times nothing out',
  rules: ['R13'],
  run(given = {}) {
    for (const n of [4, 7, 13]) {
      const world = traceWorld(given, {
        n,
        load: 'idle',
        network: calm(constant(125)),
        chain: { leaderTenure: 4, epochLength: 10 },
      });
      reach(world, 3, [0]);
      world.onEvent((index, event) => {
        const isRelay = event.type === 'view-advanced' && event.why === 'relay';
        if (isRelay || event.type === 'view-timed-out')
          world.fail('scenario', `r${index}: ${event.type} v${event.view}`);
      });
      world.run({ ms: 60_000 });
    }
  },
};
