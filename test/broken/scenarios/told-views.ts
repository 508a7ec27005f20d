import { GoldenWorld } from '../../support/golden-world.ts';
import type { Scenario } from '../scenario.ts';
import { mustDo, mustHave, mustNot, told } from './told.ts';

// When one core enters and leaves views, what it answers, and when it proposes. Leaders change every view: r1 leads 1.

/** r0 in view 1, with an epoch that ends late. */
const START = `
world n=4 me=r0 tenure=1 epoch=100
start
advance from=r1 with=TC(0)
`;

const restarted = (disk: string): readonly string[] =>
  told(`
    world n=4 me=r1 tenure=1
    block name=A on=genesis`)(`restart ${disk}`);

export const restartViews: Scenario = {
  name: 'restart views: a restart begins in the highest view that its disk speaks for',
  run() {
    mustDo(restarted('view=4 voted=5:A:generic highest=PC(1,A)'), 'enter view 5 by start');
    mustDo(restarted('view=4 highest=PC(8,A)'), 'enter view 9 by start');
    mustDo(restarted('view=4 highest=PC(1,A) tc=TC(10)'), 'enter view 11 by start');
    mustDo(restarted('view=4 highest=PC(1,A)'), 'enter view 4 by start');
  },
};

export const epochChange: Scenario = {
  name: 'epoch change: its deadline does not end it, and is set again',
  run() {
    const tell = told('world n=4 me=r0 tenure=1 epoch=2\nstart\nadvance from=r1 with=TC(0)\ntimer view');
    const effects = tell('timer view');
    mustNot(effects, 'enter view');
    mustDo(effects, 'send timeout-vote(2) -> all');
    mustDo(effects, 'timer view of view 2 in 1000 ms');
  },
};

export const deadlines: Scenario = {
  name: 'deadlines: every view has one of its own, a view time after its entry',
  run() {
    const tell = told(START);
    mustDo(tell('timer view'), 'timer view of view 2 in 1000 ms');
    mustDo(tell('advance from=r1 with=TC(100)'), 'timer view of view 101 in 1000 ms');
  },
};

export const relay: Scenario = {
  name: 'relay: who entered by a certificate and hears of none for half a view time broadcasts it',
  run() {
    const tell = told(START);
    mustDo(tell('timer relay'), 'send advance(TC(0)) -> all');
  },
};

export const waitingLeader: Scenario = {
  name: 'waiting leader: it shows the certificate of the view before, so that nobody relays it',
  run() {
    const tell = told(`
      world n=4 me=r2 tenure=1 epoch=100
      start
      advance from=r1 with=TC(0)
      proposal from=r1 view=1 block=A on=genesis
      valid`);
    const effects = tell('advance from=r1 with=PC(1,A)');
    mustDo(effects, 'ask the app for a block');
    mustDo(effects, 'send advance(PC(1,A)) -> all');
  },
};

export const staleTimeoutVote: Scenario = {
  name: 'stale TimeoutVote: it is answered with one of the same view and with the highest certificate',
  run() {
    const tell = told(`${START}
      advance from=r1 with=TC(100)`);
    const effects = tell('timeout-vote from=r2 view=100');
    mustDo(effects, 'send timeout-vote(100) -> r2');
    mustDo(effects, 'send advance(TC(100)) -> r2');
    mustNot(tell('timeout-vote from=r2 view=100'), 'send');
  },
};

export const entryCertificateStays: Scenario = {
  name: 'entry certificate stays: an entry by timer does not erase it',
  run() {
    const tell = told(`${START}
      block name=X on=genesis
      advance from=r1 with=PC(150,X)
      timer view`);
    mustDo(tell('timeout-vote from=r2 view=100'), 'send advance(PC(150,X)) -> r2');
  },
};

export const newViewsFirst: Scenario = {
  name: 'NewViews first: a leader without a certificate of the view before waits for those of a quorum',
  run() {
    const tell = told(START);
    tell('timer view');
    tell('timer view');
    const entered = tell('timer view');
    mustDo(entered, 'timer new-views of view 4 in 250 ms');
    mustNot(entered, 'ask the app');
    mustNot(tell('new-view from=r1 view=3 highest=genesis'), 'ask the app');
    mustDo(tell('new-view from=r2 view=3 highest=genesis'), 'ask the app');
  },
};

export const newViewsToTheInformed: Scenario = {
  name: 'NewViews to the uninformed: only a leader that has shown our highest certificate itself gets none',
  run() {
    const known = told(`${START}
      proposal from=r1 view=1 block=A on=genesis
      valid`);
    mustNot(known('advance from=r2 with=PC(1,A)'), 'send new-view');
    const unknown = told(`${START}block name=A on=genesis only-named`);
    mustDo(unknown('advance from=r2 with=PC(1,A)'), 'send new-view(1, genesis) -> r2');
  },
};

export const newViewsInTime: Scenario = {
  name: 'NewViews in time: a leader waits for them a quarter of the view time, no longer',
  run() {
    const tell = told(`${START}
      timer view
      timer view
      timer view`);
    mustDo(tell('timer new-views'), 'ask the app');
  },
};

export const proposeOnce: Scenario = {
  name: 'propose once: nothing is proposed after a restart in a view up to proposeUpTo',
  run() {
    const before = 'view=5 highest=PC(4,A) proposed=5';
    mustNot(restarted(before), 'ask the app', 'send proposal', 'timer new-views');
    mustDo(restarted('view=5 highest=PC(4,A) proposed=4'), 'ask the app');
  },
};

export const writtenBeforeProposing: Scenario = {
  name: 'written before proposing: a proposal waits until proposeUpTo covers its view on disk',
  run() {
    const tell = told(`${START}
      timer view
      timer view
      timer view
      timer new-views`);
    const effects = tell('produced block=A commands');
    mustHave(effects, 'propose up to 4');
    const write = effects.find((effect) => effect.startsWith('write #'))?.split(' ')[1];
    mustDo(effects, `send proposal(4, A) -> all after ${write}`);
  },
};

export const catchUp: Scenario = {
  name: 'catch up: a replica follows what more than total - quorum of power shows, not one alone',
  run() {
    const tell = told(`${START}
      block name=X on=genesis`);
    mustNot(tell('vote from=r1 view=7 block=X'), 'enter view');
    mustDo(tell('vote from=r2 view=5 block=X'), 'enter view 5 by timer');
  },
};

export const catchUpToEpochChange: Scenario = {
  name: 'catch up to the epoch: nobody is drawn past an epoch-change view, nor out of one',
  run() {
    const tell = told(
      'world n=4 me=r0 tenure=1 epoch=10\nstart\nadvance from=r1 with=TC(0)\nblock name=X on=genesis',
    );
    tell('vote from=r1 view=15 block=X');
    mustDo(tell('vote from=r2 view=14 block=X'), 'enter view 10 by timer');
    mustNot(tell('vote from=r3 view=16 block=X'), 'enter view');
  },
};

export const astray: Scenario = {
  name: 'astray: after two views left by timer in a row, NewViews go to all validators',
  run() {
    const tell = told(START);
    mustDo(tell('timer view'), 'send new-view(1, genesis) -> r2');
    mustDo(tell('timer view'), 'send new-view(2, genesis) -> r0,r1,r2,r3');
  },
};

export const strangers: Scenario = {
  name: 'strangers: who is no validator is not heard about views and certificates',
  run() {
    mustNot(told(START)('advance from=r9 with=TC(100)'), 'enter view', 'verify');
    mustNot(told(START)('new-view from=r9 view=0 highest=genesis'), 'enter view', 'verify');
    mustHave(told(`${START}block name=A on=genesis`)('vote from=r9 view=1 block=A'), 'not-a-validator');
  },
};

export const mutedSender: Scenario = {
  name: 'muted sender: after a certificate that failed, nothing more of its sender is verified in the view',
  run() {
    const tell = told(`${START}
      proposal from=r1 view=1 block=A on=genesis
      valid`);
    tell('advance from=r3 with=PC(7,A) forged');
    mustNot(tell('advance from=r3 with=PC(8,A) forged'), 'verify');
  },
};

export const retiredSigners: Scenario = {
  name: 'retired signers: what the set before signed mutes nobody',
  run() {
    const world = new GoldenWorld();
    const tell = told(
      `world n=4 me=r1 tenure=1
      start
      advance from=r2 with=TC(0)
      proposal from=r1 view=1 block=U on=genesis
      valid update=+r4,-r0
      nudge from=r2 view=2 justify=PC(1,U,prepare)
      nudge from=r3 view=3 justify=PC(2,U,precommit)
      nudge from=r0 view=4 justify=PC(3,U,commit)
      proposal from=r2 view=5 block=V on=PC(4,U,decide)/4:1.2.3
      valid`,
      world,
    );
    // What the verifier finds under the new set, and then under the old one.
    world.run('advance from=r3 with=PC(4,U,decide)/4:0.1.2');
    world.run('refused');
    if (world.core.pending.size > 0) world.run('certified');
    mustDo(tell('advance from=r3 with=PC(6,V)'), 'verify PC(6,V)');
  },
};

export const heardAnew: Scenario = {
  name: 'heard anew: who waits for a certificate listens to every peer again in each view time',
  run() {
    const tell = told(`world n=4 me=r0 tenure=1 epoch=2
      start
      advance from=r1 with=TC(0)
      proposal from=r1 view=1 block=A on=genesis
      valid
      advance from=r1 with=PC(1,A)
      advance from=r3 with=PC(7,A) forged`);
    mustHave(tell('advance from=r3 with=TC(2)'), 'muted');
    tell('timer view');
    mustDo(tell('advance from=r3 with=TC(2)'), 'enter view 3');
  },
};

export const budgets: Scenario = {
  name: 'budgets: of the AdvanceViews of one peer, four count while the receiver stays in its view',
  run() {
    const tell = told(`${START}
      proposal from=r1 view=1 block=A on=genesis
      valid
      advance from=r1 with=PC(1,A)`);
    for (let count = 0; count < 4; count++) mustNot(tell('advance from=r2 with=PC(1,A)'), 'quota');
    mustHave(tell('advance from=r2 with=PC(1,A)'), 'quota-exceeded');
  },
};

export const inboxIsBounded: Scenario = {
  name: 'inbox is bounded: what one peer sends for later views is kept up to a number of messages',
  run() {
    const tell = told(`${START}
      block name=X on=genesis`);
    let rejected = 0;
    for (let count = 0; count < 1_100; count++) {
      const effects = tell(`vote from=r3 view=${2 + (count % 50)} block=X`);
      if (effects.some((effect) => effect.includes('quota-exceeded'))) rejected++;
    }
    if (rejected === 0) throw new Error('1,100 messages for later views are all kept');
  },
};

export const inboxIsEmptied: Scenario = {
  name: 'inbox is emptied: what was handled leaves room for what comes',
  run() {
    const tell = told(
      'world n=4 me=r0 tenure=1 epoch=10000\nstart\nadvance from=r1 with=TC(0)\nblock name=X on=genesis',
    );
    for (let view = 1; view < 1_200; view++) {
      mustNot(tell(`vote from=r3 view=${view + 1} block=X`), 'quota-exceeded');
      tell('timer view');
    }
  },
};

export const farViews: Scenario = {
  name: 'far views: nothing is kept for views beyond the window',
  run() {
    const tell = told(`${START}
      block name=X on=genesis`);
    mustHave(tell('vote from=r3 view=1000 block=X'), 'too-far-ahead');
  },
};

export const epochEnd: Scenario = {
  name: 'epoch end: TimeoutVotes of a quorum make the certificate that ends the epoch',
  run() {
    const tell = told(`
      world n=4 me=r0 tenure=1 epoch=100
      start
      timeout-vote from=r0 view=0
      timeout-vote from=r1 view=0`);
    mustDo(tell('timeout-vote from=r3 view=0'), 'form TC(0) of r0,r1,r3');
    const effects = tell('formed');
    mustDo(effects, 'enter view 1 by certificate');
    mustDo(effects, 'send advance(TC(0)) -> all');
  },
};

export const listener: Scenario = {
  name: 'listener: it leaves views by timer, and sends no NewViews, no TimeoutVotes and no relays',
  run() {
    const tell = told('world n=4 me=r9 tenure=1 epoch=2\nstart');
    mustNot(tell('timer view'), 'send timeout-vote');
    mustNot(tell('advance from=r1 with=TC(0)'), 'send', 'timer relay');
    const left = tell('timer view');
    mustDo(left, 'enter view 2 by timer');
    mustNot(left, 'send');
    mustNot(tell('timer view'), 'send timeout-vote');
  },
};
