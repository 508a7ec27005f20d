import assert from 'node:assert/strict';
import type { Scenario } from '../scenario.ts';
import { mustDo, mustHave, mustNot, told } from './told.ts';

// What one core votes for, commits and proposes. r0 leads views 4, 8, 12; r1 leads 1, 5, 9; r2 leads 2, 6; r3 leads 3, 7.

/** r0 in view 1, with an epoch that ends late. */
const START = `
world n=4 me=r0 tenure=1 epoch=100
start
advance from=r1 with=TC(0)
`;

/** A, B, C with certificates of views 1, 2, 3: r0 is locked on B. */
const LOCKED = `${START}
proposal from=r1 view=1 block=A on=genesis
valid
proposal from=r2 view=2 block=B on=PC(1,A)
valid
proposal from=r3 view=3 block=C on=PC(2,B)
valid
advance from=r3 with=TC(100)
`;

export const lockClause: Scenario = {
  name: 'lock clause: a block beside the locked one, on an older certificate, gets no vote',
  run() {
    const tell = told(`${START}
      proposal from=r1 view=1 block=A on=genesis
      valid
      proposal from=r2 view=2 block=B on=PC(1,A)
      valid
      proposal from=r3 view=3 block=C on=PC(2,B)
      valid
      advance from=r3 with=PC(3,C)
      advance from=r1 with=TC(100)`);
    tell('proposal from=r1 view=101 block=X on=PC(1,A)');
    mustNot(tell('valid'), 'vote(');
  },
};

export const lockedBlockAgain: Scenario = {
  name: 'locked block again: the re-proposal of the very block that one is locked on gets a vote',
  run() {
    const tell = told(`${START}
      proposal from=r1 view=1 block=U on=genesis
      valid update=+r4,-r3
      nudge from=r2 view=2 justify=PC(1,U,prepare)
      nudge from=r3 view=3 justify=PC(2,U,precommit)
      timer view
      timer view`);
    mustHave(tell('proposal from=r1 view=5 block=U on=genesis'), 'vote(5, U, prepare)');
  },
};

export const evidenceUnlocks: Scenario = {
  name: 'evidence unlocks: a block that highestPc certifies above the lock gets a vote, and not before',
  run() {
    const tell = told(`${START}
      proposal from=r1 view=1 block=P on=genesis
      valid
      proposal from=r2 view=2 block=U on=PC(1,P)
      valid update=+r4,-r3
      nudge from=r3 view=3 justify=PC(2,U,prepare)
      advance from=r3 with=PC(3,U,precommit)
      timer view`);
    tell('proposal from=r1 view=5 block=V on=PC(1,P)');
    mustNot(tell('valid update=+r4,-r2'), 'vote(');
    const unlocked = tell('advance from=r1 with=PC(4,V,prepare)');
    mustHave(unlocked, 'highest PC(4,V,prepare)');
    mustHave(unlocked, 'vote(5, V, prepare)');
  },
};

export const oneVotePerView: Scenario = {
  name: 'one vote per view: a replica that has voted in a view does not vote there after a restart',
  run() {
    const tell = told(`
      world n=4 me=r1 tenure=1
      block name=A on=genesis
      restart view=5 voted=5:A:generic highest=PC(1,A) proposed=5`);
    tell('proposal from=r1 view=5 block=B on=PC(1,A)');
    mustNot(tell('valid'), 'vote(');
  },
};

export const heights: Scenario = {
  name: 'heights: a block is one above its parent',
  run() {
    const height = Number.MAX_SAFE_INTEGER;
    mustNot(told(LOCKED)(`proposal from=r1 view=101 block=X on=PC(3,C) height=${height}`), 'validate');
    mustNot(told(LOCKED)('proposal from=r1 view=101 block=X on=PC(3,C) height=0'), 'validate');
  },
};

export const laterJustify: Scenario = {
  name: 'later justify: a block on a certificate of its own view, or a later one, is refused',
  run() {
    const tell = told(`${LOCKED}
      block name=X on=PC(90,C)
      advance from=r1 with=PC(120,X)`);
    mustNot(tell('proposal from=r3 view=7 block=X on=PC(90,C)'), 'validate');
  },
};

export const otherChains: Scenario = {
  name: 'other chains: their messages are not heard',
  run() {
    mustNot(told(START)('proposal from=r1 view=1 block=A on=genesis chain=99'), 'validate');
  },
};

export const gapsInViews: Scenario = {
  name: 'gaps in views: certificates that are not of three consecutive views commit nothing',
  run() {
    const tell = told(`${START}
      proposal from=r1 view=1 block=A on=genesis
      valid
      proposal from=r2 view=2 block=B on=PC(1,A)
      valid
      timer view
      advance from=r3 with=PC(2,B)
      timer view
      timer new-views
      produced block=C
      proposal from=r0 view=4 block=C on=PC(2,B)`);
    mustNot(tell('advance from=r1 with=PC(4,C)'), 'COMMIT');
  },
};

export const threeInARow: Scenario = {
  name: 'three in a row: a block commits with the third certificate, not before',
  run() {
    const tell = told(START);
    mustNot(tell('proposal from=r1 view=1 block=A on=genesis'), 'COMMIT');
    tell('valid');
    mustNot(tell('proposal from=r2 view=2 block=B on=PC(1,A)'), 'COMMIT');
    tell('valid');
    mustNot(tell('proposal from=r3 view=3 block=C on=PC(2,B)'), 'COMMIT');
    tell('valid');
    mustHave(tell('advance from=r3 with=PC(3,C)'), 'COMMIT A at height 0');
  },
};

export const knownBlock: Scenario = {
  name: 'known block: a block that comes again is not inserted again',
  run() {
    const tell = told(`${LOCKED}
      block name=U on=PC(3,C)`);
    tell('proposal from=r1 view=101 block=U on=PC(3,C)');
    mustHave(tell('valid update=+r4,-r3'), 'insert U');
    tell('timer view');
    mustNot(tell('proposal from=r2 view=102 block=U on=PC(3,C)'), 'insert U', 'validate');
  },
};

export const voteTwice: Scenario = {
  name: 'vote twice: the second vote of a signer in a view counts for nothing',
  run() {
    const tell = told(`${START}
      block name=A on=genesis
      block name=B on=genesis`);
    tell('vote from=r2 view=1 block=A');
    mustHave(tell('vote from=r2 view=1 block=B'), 'reject phase-vote of r2: duplicate');
  },
};

export const badVote: Scenario = {
  name: 'bad vote: it voids itself alone',
  run() {
    const tell = told(`
      world n=4 me=r2 tenure=1
      start
      advance from=r1 with=TC(0)
      proposal from=r1 view=1 block=A on=genesis
      valid`);
    tell('vote from=r0 view=1 block=A');
    tell('vote from=r1 view=1 block=A');
    mustDo(tell('vote from=r2 view=1 block=A'), 'form PC(1,A) of r0,r1,r2');
    mustNot(tell('formed bad=r1'), 'advance');
    mustDo(tell('vote from=r3 view=1 block=A'), 'form PC(1,A) of r0,r2,r3');
  },
};

export const bothLeaders: Scenario = {
  name: 'both leaders: a vote goes to the leaders of its view and of the next',
  run() {
    const tell = told(START);
    tell('proposal from=r1 view=1 block=A on=genesis');
    mustHave(tell('valid'), 'vote(1, A, generic) -> r1,r2');
  },
};

export const evidenceFirst: Scenario = {
  name: 'evidence first: the certificate of a re-proposed block is broadcast before it',
  run() {
    const tell = told(`
      world n=4 me=r1 tenure=1 epoch=100
      start
      advance from=r1 with=TC(0)
      block name=U on=genesis
      proposal from=r1 view=1 block=U on=genesis
      valid update=+r4,-r3
      advance from=r2 with=PC(1,U,prepare)
      timer view
      timer view
      timer view`);
    const sent = tell('timer new-views').filter((effect) => effect.startsWith('send '));
    assert.match(sent[0] ?? '', /^send advance\(PC\(1,U,prepare\)\) -> all/);
    assert.match(sent[1] ?? '', /^send proposal\(5, U\) -> all/);
  },
};
