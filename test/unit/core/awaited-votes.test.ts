import { describe, expect, test } from 'vitest';
import { awaitedVote } from '../../../src/core/votes/awaited.ts';
import { asView } from '../../../src/model/ids.ts';
import type { PhaseVote, TimeoutVote } from '../../../src/model/messages.ts';
import type { GoldenWorld } from '../../support/golden-world.ts';
import { afterUpdate, follow, inViewOne, play } from './rules/play.ts';

/** r`leader` has followed view 1 of four, whose votes go to r1 and r2. */
function collecting(leader: number): GoldenWorld {
  const world = inViewOne(`n=4 me=r${leader} tenure=1`);
  if (leader !== 1) follow(world, 4, 1, 1);
  return world;
}

/** The vote of r`signer` for B1 that the core holds, as the message that brought it. */
function heldVote(world: GoldenWorld, signer: number): { readonly from: never; readonly message: PhaseVote } {
  const view = asView(1);
  const block = world.hashOf('B1');
  const tallies = [...(world.core.collectors.phases.get(view)?.tallies.values() ?? [])];
  const votes = tallies.flatMap(({ tally }) => [...tally.votes.values()]);
  const vote = votes[signer];
  if (vote === undefined) throw new Error(`no vote ${signer} is held`);
  const { chainId } = world.core.config.chain;
  const message: PhaseVote = {
    type: 'phase-vote',
    chainId,
    view,
    block,
    phase: 'generic',
    signature: vote.signature,
  };
  return { from: vote.signer as never, message };
}

describe('a vote is awaited', () => {
  test('by the leader of the next view, until a certificate is being formed', () => {
    const world = collecting(2);
    play(world, 'vote from=r0 view=1 block=B1');
    const { from, message } = heldVote(world, 0);
    const { type, chainId, view, block, phase, signature } = message;
    expect(awaitedVote(world.core, from, message)).toEqual({
      set: world.core.sets.committed,
      subject: { type, chainId, view, block, phase },
      signer: from,
      signature,
    });
    expect(awaitedVote(world.core, from, message)?.set).toBe(world.core.sets.committed);
    play(world, 'vote from=r1 view=1 block=B1\nvote from=r3 view=1 block=B1');
    expect(awaitedVote(world.core, from, message)).toBeNull();
    play(world, 'formed');
    play(world, 'vote from=r2 view=1 block=B1');
    for (const signer of [0, 1, 2, 3]) {
      const late = heldVote(world, signer);
      expect(awaitedVote(world.core, late.from, late.message)).toBeNull();
    }
  });

  test('not if the core has refused or replaced it', () => {
    const world = collecting(2);
    play(world, 'vote from=r0 view=1 block=B1');
    const { from, message } = heldVote(world, 0);
    const { core } = world;
    expect(awaitedVote(core, from, { ...message, signature: message.signature.slice() })).toBeNull();
    expect(awaitedVote(core, 'someone else' as never, message)).toBeNull();
    expect(awaitedVote(core, from, { ...message, view: asView(7) })).toBeNull();
    expect(awaitedVote(core, from, { ...message, phase: 'prepare' })).toBeNull();
    expect(
      awaitedVote(core, from, { type: 'new-view', chainId: message.chainId, view: asView(1) } as never),
    ).toBeNull();
  });

  test('by the leader of its own view only once the next leader has had its time (R12)', () => {
    const world = inViewOne('n=4 me=r1 tenure=1');
    play(world, 'produced block=B1\nvote from=r0 view=1 block=B1');
    const { from, message } = heldVote(world, 0);
    expect(awaitedVote(world.core, from, message)).toBeNull();
    play(world, 'vote from=r2 view=1 block=B1\nvote from=r3 view=1 block=B1');
    expect(awaitedVote(world.core, from, message)).toBeNull();
  });

  test('of the set whose votes make the certificate, while an update is not decided', () => {
    const world = afterUpdate('r1', '+r4,-r3');
    const { committed, previous } = world.core.sets;
    expect(committed).not.toBe(previous);
    play(world, 'vote from=r2 view=4 block=U phase=decide');
    const held = [...(world.core.collectors.phases.get(asView(4))?.tallies.values() ?? [])];
    const [tally] = held;
    const [vote] = [...(tally?.tally.votes.values() ?? [])];
    const message: PhaseVote = {
      type: 'phase-vote',
      chainId: world.core.config.chain.chainId,
      view: asView(4),
      block: world.hashOf('U'),
      phase: 'decide',
      signature: vote?.signature as Uint8Array,
    };
    expect(awaitedVote(world.core, vote?.signer as never, message)?.set).toBe(committed);
    world.core.sets = { ...world.core.sets, previous: committed, committed: previous };
    expect(awaitedVote(world.core, vote?.signer as never, message)?.set).toBe(previous);
  });

  test('if it is a vote to leave the view', () => {
    const world = inViewOne('n=4 me=r0 tenure=1 epoch=1');
    play(world, 'timeout-vote from=r2 view=1');
    const { core } = world;
    const [vote] = [...(core.collectors.timeouts.get(asView(1))?.votes.values() ?? [])];
    if (vote === undefined) throw new Error('the vote is not held');
    const { chainId } = core.config.chain;
    const message: TimeoutVote = {
      type: 'timeout-vote',
      chainId,
      view: asView(1),
      signature: vote.signature,
      highestTc: null,
    };
    expect(awaitedVote(core, vote.signer, message)).toEqual({
      set: core.sets.committed,
      subject: { type: 'timeout-vote', chainId, view: 1 },
      signer: vote.signer,
      signature: vote.signature,
    });
    expect(awaitedVote(core, vote.signer, { ...message, view: asView(2) })).toBeNull();
  });
});
