import { asHeight, asView, type BlockHash } from '../../../src/model/ids.ts';
import type { AdvanceView, Message, NewView } from '../../../src/model/messages.ts';
import { encodeCommand } from '../../../src/simulator/app.ts';
import { type AdversaryFactory, createWorld, type World } from '../../../src/simulator/index.ts';
import type { Scenario } from '../scenario.ts';

// Small worlds in which one thing happens; the simulator's checkers watch.

/** A Byzantine replica that does nothing by itself: the scenario speaks for it. */
const puppet: AdversaryFactory = () => ({});

function must(world: World, condition: boolean, what: string): asserts condition {
  if (!condition) world.fail('scenario', what);
}

/** Runs until all replicas named, by default the honest ones that are up, have committed more than anybody has now. */
function mustGoOn(world: World, withinViewTimes: number, replicas?: readonly number[]): void {
  const all =
    replicas ?? world.replicas.filter(({ isHonest, isUp }) => isHonest && isUp).map(({ index }) => index);
  const target = world.height + 3;
  world.runUntil(() => all.every((index) => world.replica(index).height >= target), {
    withinMs: withinViewTimes * world.settings.viewTimeMs,
    what: `height ${target} at ${all}`,
  });
}

/** Changes the validator set and runs until every replica named has decided the update. */
function change(
  world: World,
  update: Parameters<World['updateValidators']>[0],
  replicas: readonly number[],
): void {
  const before = replicas.map((index) => world.replica(index).status?.validatorSets.updateHeight ?? -1);
  world.updateValidators(update);
  world.runUntil(
    () =>
      replicas.every((index, at) => {
        const sets = world.replica(index).status?.validatorSets;
        return sets?.decided && (sets.updateHeight ?? -1) > (before[at] ?? -1);
      }),
    {
      withinMs: 40 * world.settings.viewTimeMs,
      what: `the decision of ${JSON.stringify(update)} at ${replicas}`,
    },
  );
}

export const halves: Scenario = {
  name: 'halves: of a cluster cut in two, neither half commits',
  run() {
    const world = createWorld({ n: 4, seed: 3 });
    world.run({ views: 12 });
    world.partition([
      [0, 1],
      [2, 3],
    ]);
    world.run({ ms: 60_000 });
    world.heal();
    mustGoOn(world, 30);
  },
};

export const pace: Scenario = {
  name: 'pace: nothing waits for a lazy write in a busy cluster',
  run() {
    const world = createWorld({ n: 4, seed: 5 });
    world.run({ views: 12 });
    const start = world.now;
    world.run({ views: 40 });
    // Two delays of 10 ms, a flush, and the questions to app and verifier: 25 ms a view; a lazy write waits 125 ms.
    must(world, world.now - start < 40 * 60, `${(world.now - start) / 40} ms a view`);
  },
};

export const oneDown: Scenario = {
  name: 'one down: commits keep coming wherever it stands, also when leaders change every view',
  run() {
    for (const leaderTenure of [1, 4]) {
      for (const down of [0, 1, 2, 3]) {
        const world = createWorld({ n: 4, seed: 100 + down, chain: { leaderTenure } });
        world.crash(down);
        world.run({ views: 8 * leaderTenure });
        const before = world.height;
        world.run({ views: 8 * leaderTenure });
        must(world, world.height > before, `r${down} is down and nothing commits`);
      }
    }
  },
};

export const setChanges: Scenario = {
  name: 'set changes: members added, weighed and removed, then all replaced; each is decided and the chain goes on',
  run() {
    const world = createWorld({ n: 4, listeners: 4, seed: 8, scheme: 'bls12381', encode: true });
    const everybody = [0, 1, 2, 3, 4, 5, 6, 7];
    world.run({ views: 6 });
    change(world, { insert: { 4: 1 } }, everybody);
    mustGoOn(world, 20);
    change(world, { insert: { 4: 3, 1: 2 } }, everybody);
    change(world, { remove: [0] }, everybody);
    mustGoOn(world, 20);
    change(world, { insert: { 5: 2, 6: 2, 7: 2 }, remove: [1, 2, 3] }, everybody);
    mustGoOn(world, 30);
  },
};

export const sleptThroughChanges: Scenario = {
  name: 'slept through changes: who was away during several set changes catches up by sync',
  run() {
    const world = createWorld({ n: 4, listeners: 3, seed: 9 });
    world.run({ views: 6 });
    world.crash(3);
    for (const insert of [{ 4: 1 }, { 5: 1 }, { 6: 1 }]) change(world, { insert }, [0, 1, 2]);
    world.run({ views: 10 });
    world.restart(3);
    mustGoOn(world, 40);
  },
};

/** The set {0..3} is replaced by {4..7}, 7 is Byzantine, and the update is decided. */
function replaced(): World {
  const world = createWorld({
    n: 4,
    listeners: 4,
    seed: 10,
    adversaries: { 7: puppet },
    chain: { epochLength: 1_000 },
  });
  world.run({ views: 8 });
  const next = [4, 5, 6];
  change(world, { insert: { 4: 1, 5: 1, 6: 1, 7: 1 }, remove: [0, 1, 2, 3] }, next);
  mustGoOn(world, 20, next);
  return world;
}

/** Gives `message` of r7 to r4, which must not be moved by it. */
function mustNotMove(world: World, message: Message): void {
  const { view, lockedPc } = world.replica(4);
  const height = world.height;
  world.give(7, 4, message);
  world.run({ ms: 5 });
  must(world, world.replica(4).view <= view + 2, `r4 went from view ${view} to ${world.replica(4).view}`);
  must(
    world,
    world.replica(4).lockedPc.view <= lockedPc.view + 2,
    `r4 is locked on view ${world.replica(4).lockedPc.view}`,
  );
  mustGoOn(world, 20, [4, 5, 6]);
  must(world, world.height > height, 'nothing commits any more');
}

export const retiredKeys: Scenario = {
  name: 'retired keys: what members of a retired set sign together moves nobody',
  run() {
    const world = replaced();
    const { chainId } = world.chain;
    const view = 2 ** 40;
    const old = world.replica(4).committedAt(1);
    must(world, old !== null, 'height 1 is committed');
    const highestPc = world.forge.phaseCertificate({ view, block: old, signers: [0, 1, 2] });
    const newView: NewView = { type: 'new-view', chainId, view: asView(view), highestPc };
    mustNotMove(world, newView);
    const tc = world.forge.timeoutCertificate({ view: 1_000_000, signers: [0, 1, 2] });
    const advance: AdvanceView = { type: 'advance-view', certificate: { type: 'tc', tc } };
    mustNotMove(world, advance);
  },
};

/**
 * U replaces {0..3} by {4..7}; r1, which is Byzantine, has shown r4 a sibling U' of it, that nobody else has seen. When
 * U is decided, the retired keys sign a Commit certificate of U'.
 */
export const retiredFork: Scenario = {
  name: 'retired fork: a retired set commits no sibling of the update that retired it',
  run() {
    const world = createWorld({
      n: 4,
      listeners: 4,
      seed: 10,
      adversaries: { 1: puppet, 7: puppet },
      chain: { epochLength: 1_000, leaderTenure: 1 },
    });
    const { chainId } = world.chain;
    const next = [4, 5, 6];
    world.runUntil(() => world.replica(3).view >= 11, { withinMs: 20_000, what: 'view 11' });
    world.updateValidators({ insert: { 4: 1, 5: 1, 6: 1, 7: 1 }, remove: [0, 1, 2, 3] });
    const updates: { readonly view: number; readonly block: BlockHash }[] = [];
    world.onEvent((index, event) => {
      if (index === 0 && event.type === 'phase-voted' && event.phase === 'prepare') updates.push(event);
    });
    // r1 shows r4 the certificate of its nudge alone, so that its slot of that view is free for another proposal.
    world.intercept((from, to, message) => {
      if (from !== 1 || to !== 4 || message.type !== 'nudge') return undefined;
      world.give(1, 4, { type: 'advance-view', certificate: { type: 'pc', pc: message.justify } });
      return 'drop';
    });
    world.runUntil(() => updates.length > 0, { withinMs: 10_000, what: 'a vote for the update' });
    const [{ view, block: hash }] = updates as [(typeof updates)[number]];
    const update = world.replica(0).block(hash);
    must(world, update !== null && (view + 1) % 4 === 1, `r0 has proposed the update, not in view ${view}`);
    const command = encodeCommand({ id: 'steady/sibling', set: { sibling: 'yes' } });
    const sibling = world.forge.block({ ...update, data: [...update.data, command] });
    world.runUntil(() => world.replica(4).view > view, { withinMs: 1_000, what: `view ${view + 1} at r4` });
    world.give(1, 4, { type: 'proposal', chainId, view: asView(view + 1), block: sibling });
    world.runUntil(() => world.replica(4).block(sibling.hash) !== null, {
      withinMs: 1_000,
      what: 'the sibling at r4',
    });
    world.runUntil(
      () =>
        world.replica(4).status?.validatorSets.decided === true && world.replica(4).height > update.height,
      {
        withinMs: 10_000,
        what: 'a child of the update',
      },
    );
    const highestPc = world.forge.phaseCertificate({
      view: 2 ** 30,
      block: sibling.hash,
      phase: 'commit',
      signers: [0, 1, 2],
    });
    world.give(7, 4, { type: 'new-view', chainId, view: asView(2 ** 30), highestPc });
    world.run({ ms: 10 });
    must(world, world.replica(4).isUp, 'r4 stopped');
    must(world, world.replica(4).committedAt(update.height) === hash, 'r4 has committed the sibling');
    mustGoOn(world, 40, next);
  },
};

export const advertisedTimeout: Scenario = {
  name: 'advertised timeout: public advertisements of a height make no TC of the view of that number',
  run() {
    const world = createWorld({ n: 4, seed: 12, scheme: 'bls12381', adversaries: { 3: puppet } });
    const { chainId } = world.chain;
    world.runUntil(() => world.replica(0).view >= 13, { withinMs: 20_000, what: 'view 13' });
    const learnt: number[] = [];
    world.onEvent((index, event) => {
      if (index === 0 && event.type === 'highest-tc-updated') learnt.push(event.tc.view);
    });
    const advertisement = { type: 'advertise-block', chainId, height: asHeight(10) } as const;
    const tc = { chainId, view: asView(10), signatures: world.forge.signatures(advertisement, [0, 1, 2]) };
    world.give(3, 0, { type: 'advance-view', certificate: { type: 'tc', tc } });
    world.run({ ms: 5 });
    must(world, learnt.length === 0, `r0 has learnt a TC of view ${learnt}`);
  },
};
