import { asHeight, asView, type BlockHash } from '../../../src/model/ids.ts';
import type { Message } from '../../../src/model/messages.ts';
import { ADVERSARIES, calm, constant, uniform, type World } from '../../../src/simulator/index.ts';
import { signersOf } from '../../../src/simulator/signatures.ts';
import {
  cutOff,
  giveNewView,
  lose,
  must,
  mustGoOn,
  puppet,
  reach,
  type Scenario,
  traceWorld,
} from './scenario.ts';

// Blocks: what may be inserted, how they are stored, fetched and synced.

/** Every message of a type that a replica is sent from now on. */
function received(world: World, type: Message['type'], to: number): Message[] {
  const messages: Message[] = [];
  world.intercept((_from, recipient, message) => {
    if (recipient === to && message.type === type) messages.push(message);
    return undefined;
  });
  return messages;
}

const dataOf = (world: World, replica: number, hash: BlockHash | null): string =>
  JSON.stringify(
    hash === null
      ? null
      : world
          .replica(replica)
          .block(hash)
          ?.data.map((datum) => [...datum]),
  );

export const t8: Scenario = {
  name: 'T8: a block with two datums is read back, served by sync and proposed again',
  rules: ['storage', 'R16', 'R17'],
  run(given = {}) {
    const world = traceWorld(given, { encode: true });
    world.crash(3);
    reach(world, 5, [0, 1, 2]);
    // A block that updates the validator set is proposed again when its phases are interrupted.
    world.updateValidators({ insert: { 0: 2 } });
    const nudges = lose(world, [{ type: 'nudge' }]);
    let proposedAgain = 0;
    const seen = new Map<string, string>();
    world.intercept((_from, _to, message) => {
      if (message.type !== 'proposal' || message.block.data.length !== 2) return undefined;
      const data = JSON.stringify(message.block.data.map((datum) => [...datum]));
      const before = seen.get(message.block.hash);
      if (before !== undefined && before !== data) world.fail('scenario', 'the data changed on the way');
      if (before !== undefined) proposedAgain++;
      seen.set(message.block.hash, data);
      return undefined;
    });
    world.run({ ms: 10_000 });
    nudges();
    const hasUpdate = (index: number): boolean =>
      world.replica(index).status?.validatorSets.updateHeight !== null;
    world.runUntil(() => hasUpdate(0), { withinMs: 20_000, what: 'the update' });
    must(world, proposedAgain > 0, 'the block was proposed again');
    world.restart(3);
    world.runUntil(() => hasUpdate(3), {
      withinMs: 20_000,
      what: 'r3 to sync it',
    });
    for (let height = 0; height <= world.replica(3).height; height++) {
      const hash = world.replica(3).committedAt(height);
      must(
        world,
        dataOf(world, 3, hash) === dataOf(world, 0, hash),
        `the data of height ${height} are equal`,
      );
    }
  },
};

export const t9: Scenario = {
  name: 'T9: proposals on the true highest certificate with false heights',
  rules: ['R4'],
  run(given = {}) {
    const world = traceWorld(given, { adversaries: { 3: ADVERSARIES['height-liar'] } });
    const lies = new Set<BlockHash>();
    world.intercept((from, _to, message) => {
      if (from === 3 && message.type === 'proposal') lies.add(message.block.hash);
      return undefined;
    });
    world.onEvent((index, event) => {
      if (event.type === 'phase-voted' && lies.has(event.block))
        world.fail('scenario', `r${index} voted for a lie`);
    });
    world.run({ ms: 60_000 });
    must(world, lies.size >= 10, 'replica 3 lied');
    must(world, world.height > 50, `${world.height} blocks in a minute`);
  },
};

export const t10: Scenario = {
  name: 'T10: six hundred rounds of messages that come a view early',
  rules: ['R19'],
  run(given = {}) {
    const world = traceWorld(given, { adversaries: { 3: puppet } });
    let early = 0;
    let handled = 0;
    world.onEvent((index, event) => {
      if (index === 0 && event.type === 'new-view-received' && world.nameOf(event.from) === 'r3') handled++;
    });
    lose(world, [{ from: 3, type: 'new-view', to: 0 }]);
    for (let round = 0; round < 600; round++) {
      const { view, highestPc } = world.replica(0);
      const newView = {
        type: 'new-view',
        chainId: world.chain.chainId,
        view: asView(view),
        highestPc,
      } as const;
      // Of the view after the one that r0 is in: to be handled when it enters that.
      world.give(3, 0, newView);
      world.give(3, 0, { ...newView });
      early += 2;
      reach(world, view + 2, [0]);
    }
    must(world, handled === early, `${handled} of ${early} early messages were handled`);
    must(world, (world.replica(0).sizes?.['inboxBytes'] ?? 1) === 0, 'the accounting returned to zero');
  },
};

export const t13: Scenario = {
  name: 'T13: crashes between voting and recording the vote, with two proposals of one view',
  rules: ['R6', 'R7'],
  run(given = {}) {
    for (let crashAfterMs = 0; crashAfterMs <= 12; crashAfterMs += 2) {
      const world = traceWorld(given, {
        seed: 100 + crashAfterMs,
        adversaries: { 3: puppet },
        latencies: { flush: uniform(2, 8) },
      });
      lose(world, [{ from: 3, type: 'proposal', view: 11 }]);
      reach(world, 11, [0, 1, 2]);
      const { highestPc } = world.replica(0);
      const parent = world.replica(0).block(highestPc.block);
      must(world, parent !== null && highestPc.view === 10, 'everybody holds PC(10)');
      const votes = new Set<BlockHash>();
      world.intercept((from, _to, message) => {
        if (from === 0 && message.type === 'phase-vote' && message.view === 11) votes.add(message.block);
        return undefined;
      });
      for (const round of [1, 2, 3]) {
        const data = [new TextEncoder().encode(`{"id":"steady/${round}"}`)];
        const block = world.forge.block({ height: parent.height + 1, justify: highestPc, data });
        world.give(3, 0, { type: 'proposal', chainId: world.chain.chainId, view: asView(11), block });
        world.run({ ms: crashAfterMs });
        world.crash(0);
        world.restart(0);
      }
      must(world, votes.size <= 1, `r0 voted for ${votes.size} blocks in view 11`);
      mustGoOn(world, 20);
    }
  },
};

export const t15: Scenario = {
  name: 'T15: certificates and messages that change nothing come between the votes of a view',
  rules: ['collectors'],
  run(given = {}) {
    const world = traceWorld(given, { listeners: 1 });
    reach(world, 7, [0, 1, 2, 3]);
    world.updateValidators({ insert: { 4: 1 } });
    const isDecided = (index: number): boolean => {
      const sets = world.replica(index).status?.validatorSets;
      return sets?.updateHeight !== null && sets?.decided === true;
    };
    const everyone = world.replicas.map(({ index }) => index);
    world.runUntil(() => everyone.every(isDecided), { withinMs: 20_000, what: 'the update' });
    // Of five equal validators four are a quorum: the collector's own vote, two early ones and a late one.
    const view = Math.max(...world.replicas.map((replica) => replica.view)) + 3;
    const collector = (view + 1) % 5;
    const [late, lost, ...early] = everyone.filter((index) => index !== collector);
    const forget = world.intercept((from, to, message) => {
      if (message.type !== 'phase-vote' || message.view !== view) return undefined;
      if (to !== collector || from === lost) return 'drop';
      return from === late ? { delayMs: 100 } : undefined;
    });
    const formed: string[] = [];
    world.onEvent((index, event) => {
      if (index === collector && event.type === 'pc-collected' && event.pc.view === view)
        formed.push(signersOf(event.pc.signatures.bitmap).join());
    });
    reach(world, view, everyone);
    world.run({ ms: 50 });
    const { highestPc } = world.replica(collector);
    must(world, highestPc.view === view - 1 && formed.length === 0, 'the collector waits for one more vote');
    for (const from of early) {
      for (let time = 0; time < 3; time++) {
        world.give(from, collector, { type: 'advance-view', certificate: { type: 'pc', pc: highestPc } });
        giveNewView(world, from, collector, view - 1, highestPc);
      }
    }
    world.run({ ms: 100 });
    const voters = [...early, late, collector].toSorted().join();
    must(
      world,
      formed.join(' ') === voters,
      `certificates of view ${view}: "${formed.join(' ')}" of ${voters}`,
    );
    forget();
    mustGoOn(world, 5);
  },
};

export const t18: Scenario = {
  name: 'T18: a fresh replica syncs thirty blocks from an honest server',
  rules: ['R17', 'R18'],
  run(given = {}) {
    const world = traceWorld(given, { listeners: 1, encode: true });
    const away = cutOff(world, 4);
    reach(world, 34, [0, 1, 2, 3]);
    const proposals = lose(world, [{ type: 'proposal', to: 4 }]);
    away();
    world.runUntil(() => world.replica(4).height >= 30, { withinMs: 20_000, what: 'thirty blocks' });
    proposals();
    for (let height = 0; height <= 30; height++) {
      const hash = world.replica(0).committedAt(height);
      must(world, world.replica(4).committedAt(height) === hash, `r4 has block ${height}`);
      must(
        world,
        dataOf(world, 4, hash) === dataOf(world, 0, hash) && dataOf(world, 4, hash) !== '[]',
        'with its data',
      );
    }
  },
};

export const t19: Scenario = {
  name: 'T19: a server answers sync with siblings that no certificate covers',
  rules: ['R18'],
  run(given = {}) {
    const world = traceWorld(given, {
      listeners: 1,
      adversaries: { 3: ADVERSARIES['fake-sync'] },
      chain: { leaderTenure: 4 },
    });
    world.crash(0);
    reach(world, 40, [1, 2]);
    let blacklisted = false;
    let votes = 0;
    const inserted = new Set<string>();
    world.onEvent((index, event) => {
      if (index === 0 && event.type === 'peer-blacklisted') blacklisted ||= world.nameOf(event.peer) === 'r3';
      if (index === 0 && event.type === 'block-inserted')
        inserted.add(`${event.block.height} ${event.block.hash}`);
      if (index === 1 && event.type === 'phase-voted') votes++;
    });
    // Replica 0 comes back and hears of nobody but the liar at first.
    const honest = lose(world, [
      { from: [1, 2], to: 0, type: ['block-sync-response', 'advertise-block', 'proposal'] },
    ]);
    world.restart(0);
    world.runUntil(() => blacklisted, { withinMs: 60_000, what: 'the liar to be blacklisted' });
    for (const hash of inserted) {
      const [height, block] = hash.split(' ');
      must(
        world,
        world.replica(1).committedAt(asHeight(Number(height))) === block,
        `a sibling was inserted: ${hash}`,
      );
    }
    const before = votes;
    honest();
    mustGoOn(world, 40, [0, 1, 2]);
    must(world, votes > before, 'voting went on');
  },
};

export const t21: Scenario = {
  name: 'T21: each uncommitted block comes nineteen more times',
  rules: ['R16'],
  run(given = {}) {
    const world = traceWorld(given);
    const proposals: [number, number, Message][] = [];
    world.intercept((from, to, message) => {
      if (message.type === 'proposal') proposals.push([from, to, message]);
      return undefined;
    });
    reach(world, 12, [0, 1, 2, 3]);
    let inserts = 0;
    world.onEvent((_index, event) => {
      if (event.type === 'block-inserted') inserts++;
    });
    const sizes = world.replicas.map(({ status }) => status?.uncommittedBlocks ?? 0);
    const recent = proposals.filter(([, , message]) => message.type === 'proposal' && message.view >= 9);
    for (let time = 0; time < 19; time++) {
      for (const [from, to, message] of recent) world.give(from, to, message);
    }
    world.run({ ms: 0 });
    must(world, inserts === 0, `${inserts} blocks were inserted again`);
    for (const [index, { status }] of world.replicas.entries()) {
      must(world, status?.uncommittedBlocks === sizes[index], `the tree of r${index} changed`);
    }
    mustGoOn(world, 5);
  },
};

export const t23: Scenario = {
  name: 'T23: sync after an update of the validator set starts where it is asked to',
  rules: ['R10', 'R18'],
  run(given = {}) {
    const world = traceWorld(given, { listeners: 1, adversaries: { 4: puppet } });
    reach(world, 10, [0, 1, 2, 3]);
    world.updateValidators({ insert: { 0: 2 } });
    world.runUntil(() => world.replica(0).status?.validatorSets.updateHeight !== null, { withinMs: 5_000 });
    mustGoOn(world, 5, [0, 1, 2, 3]);
    const update = world.replica(0).status?.validatorSets.updateHeight ?? 0;
    const answers = received(world, 'block-sync-response', 4);
    for (const startHeight of [update + 1, update]) {
      const { chainId } = world.chain;
      world.give(4, 0, {
        type: 'block-sync-request',
        chainId,
        startHeight: asHeight(startHeight),
        limit: 64,
      });
      world.run({ ms: 50 });
      const answer = answers.pop();
      must(world, answer?.type === 'block-sync-response', 'an answer');
      const heights = answer.blocks.map(({ height }) => height);
      must(world, heights[0] === startHeight, `the answer begins at ${heights[0]}, not at ${startHeight}`);
      must(
        world,
        startHeight > update || heights.length === 1,
        `${heights.length} blocks: a response ends at an update`,
      );
      const phase = startHeight > update ? 'generic' : 'commit';
      must(
        world,
        answer.highestPc.phase === phase,
        `its highestPc is a ${answer.highestPc.phase} certificate`,
      );
    }
  },
};

export const t35: Scenario = {
  name: 'T35: a leader shows its blocks to a bare quorum, every delay is an eighth of the view time',
  rules: ['late responses'],
  run(given = {}) {
    for (const leaderTenure of [1, 4]) {
      const world = traceWorld(given, {
        network: calm(constant(125)),
        adversaries: { 3: ADVERSARIES['partial-delivery'] },
        chain: { leaderTenure, epochLength: 10 },
      });
      reach(world, 10, [0, 1, 2]);
      // Replica 2 misses the leader's blocks: each answer to its fetches comes when the next server was asked already.
      const since = [world.now, world.now, world.now];
      world.onEvent((index, event) => {
        const before = since[index];
        if (event.type !== 'block-committed' || before === undefined) return;
        if (world.now - before > 2_000)
          world.fail('scenario', `r${index} commits after ${world.now - before} ms`);
        since[index] = world.now;
      });
      world.run({ ms: 60_000 });
      must(world, world.height > 100, `${world.height} blocks in 60 view times`);
      for (const index of [0, 1, 2])
        must(world, world.replica(index).height > world.height - 5, `r${index} follows`);
    }
  },
};
