import type { Scenario } from '../scenario.ts';
import { mustDo, mustHave, mustNot, told } from './told.ts';

// What one core does with certificates. r0 leads views 4, 8, 12; r1 leads 1, 5, 9; r2 leads 2, 6; r3 leads 3, 7.

/** r0 in view 1, with an epoch that ends late. */
const START = `
world n=4 me=r0 tenure=1 epoch=100
start
advance from=r1 with=TC(0)
`;

/** A is committed, D is the newest block. */
const CHAIN = `${START}
proposal from=r1 view=1 block=A on=genesis
valid
proposal from=r2 view=2 block=B on=PC(1,A)
valid
proposal from=r3 view=3 block=C on=PC(2,B)
valid
advance from=r3 with=PC(3,C)
produced block=D
proposal from=r0 view=4 block=D on=PC(3,C)
`;

/** U replaces r3 by r4 and is locked by its Precommit certificate of view 2. */
const LOCKED_UPDATE = `${START}
proposal from=r1 view=1 block=U on=genesis
valid update=+r4,-r3
nudge from=r2 view=2 justify=PC(1,U,prepare)
nudge from=r3 view=3 justify=PC(2,U,precommit)
`;

/** The same, committed by Commit(3, U) and decided by Decide(4, U). */
const DECIDED_UPDATE = `${LOCKED_UPDATE}
advance from=r1 with=PC(3,U,commit)
advance from=r1 with=PC(4,U,decide)
`;

export const rankOfCommit: Scenario = {
  name: 'rank of Commit: a later Precommit certificate does not hide the Commit certificate',
  run() {
    const tell = told(LOCKED_UPDATE);
    mustHave(tell('new-view from=r1 view=10 highest=PC(10,U,precommit)'), 'lock PC(10,U,precommit)');
    const effects = tell('new-view from=r2 view=10 highest=PC(3,U,commit)');
    mustHave(effects, 'highest PC(3,U,commit), lock PC(3,U,commit)');
  },
};

export const rankOfDecide: Scenario = {
  name: 'rank of Decide: a later Commit certificate of the old set does not hide the Decide certificate',
  run() {
    const tell = told(LOCKED_UPDATE);
    mustHave(tell('new-view from=r1 view=10 highest=PC(10,U,commit)'), 'highest PC(10,U,commit)');
    const effects = tell('new-view from=r2 view=10 highest=PC(4,U,decide)');
    mustHave(effects, 'highest PC(4,U,decide), lock PC(4,U,decide)');
  },
};

export const locksOnlyRise: Scenario = {
  name: 'locks only rise: old certificates in NewViews move nothing',
  run() {
    const tell = told(CHAIN);
    for (const pc of ['PC(1,A)', 'PC(2,B)', 'PC(3,C)']) {
      mustNot(tell(`new-view from=r1 view=4 highest=${pc}`), 'lock', 'highest');
    }
  },
};

export const belowTheRoot: Scenario = {
  name: 'below the root: a certificate of a block below the highest committed one certifies nothing',
  run() {
    const tell = told(`${CHAIN}
      proposal from=r1 view=5 block=E on=PC(4,D)
      valid`);
    const lines = tell('new-view from=r1 view=9 highest=PC(9,A)');
    mustNot(lines, 'highest', 'lock');
    mustNot(tell('proposal from=r2 view=10 block=X on=PC(1,A)'), 'validate', 'HALT');
  },
};

export const conflictingBranch: Scenario = {
  name: 'conflicting branch: what conflicts with a commit is pruned',
  run() {
    const tell = told(`${START}
      proposal from=r1 view=1 block=A2 on=genesis
      valid
      timer view
      proposal from=r2 view=2 block=A on=genesis
      valid
      proposal from=r3 view=3 block=B on=PC(2,A)
      valid
      advance from=r3 with=PC(3,B)
      produced block=C
      proposal from=r0 view=4 block=C on=PC(3,B)`);
    const lines = tell('proposal from=r1 view=5 block=D on=PC(4,C)');
    mustHave(lines, 'COMMIT A ');
    mustHave(lines, 'prune A2');
  },
};

export const fittingPhase: Scenario = {
  name: 'fitting phase: no phased certificate of a block that changes no set counts',
  run() {
    const nudged = told(CHAIN)('nudge from=r1 view=5 justify=PC(4,D,prepare)');
    mustNot(nudged, 'vote(', 'highest PC(4,D,prepare)');
    mustNot(told(CHAIN)('advance from=r1 with=PC(9,D,commit)'), 'COMMIT D');
  },
};

export const updatePhases: Scenario = {
  name: 'update phases: an update is voted for in Prepare, Precommit, Commit, and commits by a Commit certificate',
  run() {
    const tell = told(START);
    tell('proposal from=r1 view=1 block=U on=genesis');
    mustHave(tell('valid update=+r4,-r3'), 'vote(1, U, prepare)');
    const prepared = tell('nudge from=r2 view=2 justify=PC(1,U,prepare)');
    mustHave(prepared, 'vote(2, U, precommit)');
    mustNot(prepared, 'lock');
    const precommitted = tell('nudge from=r3 view=3 justify=PC(2,U,precommit)');
    mustHave(precommitted, 'lock PC(2,U,precommit)');
    mustHave(precommitted, 'vote(3, U, commit)');
    mustNot(precommitted, 'COMMIT');
    mustHave(tell('advance from=r1 with=PC(3,U,commit)'), 'COMMIT U');
    mustHave(tell('advance from=r1 with=PC(4,U,decide)'), 'DECIDED');
  },
};

export const timeoutOfNoEpoch: Scenario = {
  name: 'TC of no epoch: a TC of another view than an epoch-change view moves nothing',
  run() {
    mustNot(told(START)('advance from=r1 with=TC(55)'), 'enter view', 'highest TC');
  },
};

export const timeoutOfAnotherChain: Scenario = {
  name: 'TC of another chain: it moves nothing',
  run() {
    mustNot(told(START)('advance from=r1 with=TC(1000000) chain=99'), 'enter view', 'highest TC');
  },
};

export const certificateOfAnotherChain: Scenario = {
  name: 'PC of another chain: it moves nothing',
  run() {
    mustNot(told(CHAIN)('advance from=r1 with=PC(77,D) chain=99'), 'enter view', 'highest');
  },
};

export const oldTimeout: Scenario = {
  name: 'old TC: it is learnt, if it is news, and is no error',
  run() {
    const tell = told(`${START}
      block name=X on=genesis
      advance from=r1 with=PC(300,X)`);
    mustNot(tell('advance from=r2 with=TC(200)'), 'enter view');
    mustNot(tell('timeout-vote from=r2 view=400 tc=TC(100)'), 'enter view');
  },
};

export const decideWithoutCommit: Scenario = {
  name: 'Decide without Commit: a Decide certificate of a pending update counts for nothing and starts a sync',
  run() {
    const effects = told(LOCKED_UPDATE)('new-view from=r1 view=4 highest=PC(4,U,decide)');
    mustNot(effects, 'highest', 'lock', 'COMMIT', 'DECIDED');
    mustHave(effects, 'sync-request');
  },
};

export const retiredMembers: Scenario = {
  name: 'retired members: whom a decided update removed is heard no more',
  run() {
    mustHave(told(DECIDED_UPDATE)('new-view from=r3 view=5 highest=PC(4,U,decide)'), 'not-a-validator');
    mustNot(told(DECIDED_UPDATE)('advance from=r3 with=TC(100)'), 'enter view');
  },
};

export const keptCertificate: Scenario = {
  name: 'kept certificate: one of an unknown block is kept, its block fetched, and applied when that comes',
  run() {
    const tell = told(`${START}
      block name=A on=genesis`);
    mustDo(tell('advance from=r1 with=PC(1,A)'), 'send sync-request');
    tell('advance from=r1 with=TC(100)');
    tell('proposal from=r1 view=1 block=A on=genesis');
    mustHave(tell('valid'), 'highest PC(1,A)');
  },
};

export const certificatesFirst: Scenario = {
  name: 'certificates first: those in a message of a far view are processed when it comes',
  run() {
    const tell = told(CHAIN);
    mustHave(tell('proposal from=r2 view=22 block=X on=PC(18,D)'), 'enter view 19 by certificate');
  },
};

export const lateParent: Scenario = {
  name: 'late parent: a proposal whose parent was missing is tried again when that comes',
  run() {
    const tell = told(`${START}
      block name=A on=genesis
      proposal from=r2 view=2 block=B on=PC(1,A)`);
    tell('proposal from=r1 view=1 block=A on=genesis');
    mustHave(tell('valid'), 'validate B');
    mustHave(tell('valid'), 'vote(2, B, generic)');
  },
};

export const passedOn: Scenario = {
  name: 'passed on: a member of the old set broadcasts the Commit certificate of an update that it commits',
  run() {
    const effects = told(LOCKED_UPDATE)('advance from=r1 with=PC(3,U,commit)');
    mustDo(effects, 'send advance(PC(3,U,commit)) -> all');
  },
};
