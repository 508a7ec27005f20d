import type { Block } from '../../../src/model/block.ts';
import type { PhaseCertificate } from '../../../src/model/certificate.ts';
import { asPower, asView, type BlockHash } from '../../../src/model/ids.ts';
import type { Proposal } from '../../../src/model/messages.ts';
import { createValidatorSet, type ValidatorSet } from '../../../src/model/validator-set.ts';
import type { World } from '../../../src/simulator/index.ts';
import {
  enterTogether,
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

// T24: S0 = {0..3}, all honest, is replaced by S1 = {4..7}, where 7 is Byzantine, and goes on without knowing it.
// Every view is an epoch-change view, so that both groups can be moved on by timeouts.

const OLD = [0, 1, 2, 3];
const NEW = [4, 5, 6, 7];
const HONEST_NEW = [4, 5, 6];

const newSet = (world: World): ValidatorSet =>
  createValidatorSet(
    NEW.map((index) => ({ id: world.replica(index).id, power: asPower(1) })),
  ) as ValidatorSet;

const pcOf = (world: World, view: number, block: BlockHash, signers: readonly number[]): PhaseCertificate =>
  world.forge.phaseCertificate({ view, block, signers, set: newSet(world) });

const proposal = (world: World, view: number, block: Block): Proposal => ({
  type: 'proposal',
  chainId: world.chain.chainId,
  view: asView(view),
  block,
});

function knownBlock(world: World, replica: number, hash: BlockHash): Block {
  const block = world.replica(replica).block(hash);
  must(world, block !== null, `r${replica} has ${hash}`);
  return block;
}

/** Views 5 to 10: U, and in S1 alone its Commit and Decide certificates and c1, c2 on it. Replica 4 lacks the latter. */
function newSetBuilds(world: World): { readonly u: BlockHash; readonly c1: Block; readonly c2: Block } {
  const seen = watchUpdate(world);
  // S0 does not see what S1 does, nor what replica 0 knows from view 7 on.
  lose(world, [
    { from: NEW, to: OLD },
    { type: ['advertise-pc', 'advertise-block'] },
    { type: 'block-sync-request', from: [...OLD, 5, 6, 7] },
    { type: 'phase-vote', view: 7, exceptTo: 0 },
    ...[7, 8].map((view) => ({ from: 0, to: [1, 2, 3], view })),
  ]);
  proposeUpdateIn(world, 5, { insert: { 4: 1, 5: 1, 6: 1, 7: 1 }, remove: OLD });
  lose(world, [{ type: 'timeout-vote' }]);
  reach(world, 8, [0]);
  lose(world, [{ from: 0, to: [1, 2, 3] }]);
  const script = lose(world, [
    { type: 'phase-vote', view: 8, to: [4, 7] },
    { from: [5, 6, 7], to: 4 },
    { from: 7, type: ['proposal', 'advance-view', 'new-view'] },
    { type: 'phase-vote', view: 10, to: 6 },
  ]);
  reach(world, 10, [6]);
  world.run({ ms: 40 });
  script();
  const u = seen.hash;
  const vote = world.replica(6).status?.lastVote;
  must(world, u !== null && vote?.view === 10, 'U is proposed and replica 6 votes for c2');
  must(
    world,
    world.replica(4).status?.validatorSets.decided === false,
    'replica 4 has committed U, not decided it',
  );
  const c2 = knownBlock(world, 6, vote.block);
  const c1 = knownBlock(world, 6, c2.justify.block);
  must(world, c1.justify.phase === 'decide' && c1.justify.view === 8, 'c1 is on Decide(U, 8)');
  return { u, c1, c2 };
}

/** 1, 2 and 3 propose U again in view 9 and reach its Precommit certificate of view 10, which is shown to 4. */
function oldSetGoesOn(world: World, u: BlockHash): void {
  enterTogether(world, 8, [1, 2, 3], 5);
  enterTogether(world, 9, [1, 2, 3], 60);
  reach(world, 11, [3]);
  const { highestPc } = world.replica(3);
  must(
    world,
    highestPc.phase === 'precommit' && highestPc.view === 10 && highestPc.block === u,
    'Precommit(U, 10)',
  );
  world.give(3, 4, { type: 'nudge', chainId: world.chain.chainId, view: asView(11), justify: highestPc });
  world.run({ ms: 3 });
}

/** Replica 4 gets c1, c2 and c3 and votes for c3; replica 6 alone sees the certificate and commits c1. */
function sixCommits(world: World, c1: Block, c2: Block): void {
  lose(world, [
    { from: 7 },
    { type: 'phase-vote', view: 11 },
    ...[9, 10].map((view) => ({ from: [5, 6], to: 4, view })),
  ]);
  const c3 = world.forge.block({ height: c2.height + 1, justify: pcOf(world, 10, c2.hash, [5, 6, 7]) });
  world.give(5, 4, proposal(world, 9, c1));
  world.give(6, 4, proposal(world, 10, c2), 1);
  for (const to of [4, 6]) world.give(7, to, proposal(world, 11, c3), 4);
  world.run({ ms: 60 });
  for (const voter of [4, 6]) {
    must(world, world.replica(voter).status?.lastVote?.block === c3.hash, `replica ${voter} votes for c3`);
  }
  const pc = pcOf(world, 11, c3.hash, [4, 6, 7]);
  world.give(7, 6, { type: 'advance-view', certificate: { type: 'pc', pc } });
  world.run({ ms: 5 });
  must(world, world.replica(6).committedAt(c1.height) === c1.hash, 'replica 6 commits c1');
}

/** Views 12 to 14 are lost; in 15 replica 7 proposes a rival of c1 on Decide(U, 8), and goes on with who votes. */
function rivalChain(world: World, c1: Block): void {
  const lost = lose(world, [{ type: ['proposal', 'nudge', 'new-view', 'advance-view'] }]);
  for (const view of [12, 13, 14, 15]) {
    const tc = world.forge.timeoutCertificate({ view: view - 1, signers: HONEST_NEW, set: newSet(world) });
    for (const to of HONEST_NEW)
      world.give(to, to, { type: 'advance-view', certificate: { type: 'tc', tc } });
    world.run({ ms: 3 });
  }
  const leaders = new Map([
    [15, 7],
    [16, 4],
    [17, 5],
    [18, 6],
  ]);
  let tip = world.forge.block({ height: c1.height, justify: c1.justify });
  for (const [view, leader] of leaders) {
    for (const to of [4, 5]) world.give(leader, to, proposal(world, view, tip));
    world.run({ ms: 20 });
    const voters = [4, 5].filter((index) => world.replica(index).status?.lastVote?.block === tip.hash);
    // With the Byzantine vote two are a quorum; with one the rival ends here.
    if (voters.length < 2) break;
    tip = world.forge.block({ height: tip.height + 1, justify: pcOf(world, view, tip.hash, [4, 5, 7]) });
  }
  must(world, tip.height === c1.height, `the rival of c1 has a quorum, up to height ${tip.height}`);
  lost();
}

export const t24: Scenario = {
  name: 'T24: the old set goes on with an update that the new set has decided',
  rules: ['R1'],
  run(given = {}) {
    const world = traceWorld(given, { listeners: 4, adversaries: { 7: puppet }, chain: { epochLength: 1 } });
    const { u, c1, c2 } = newSetBuilds(world);
    oldSetGoesOn(world, u);
    sixCommits(world, c1, c2);
    rivalChain(world, c1);
    world.stopIntercepting();
    mustGoOn(world, 30, HONEST_NEW);
    must(world, world.replica(5).committedAt(c1.height) === c1.hash, 'everybody has c1');
  },
};
