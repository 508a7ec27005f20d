import type { Scenario } from '../scenario.ts';
import { mustDo, mustHave, mustNot, told } from './told.ts';

// What one core does as a client and as a server of blocks.

/** r0 in view 1, with an epoch that ends late, and a request to r1 under way. */
const ASKING = `
world n=4 me=r0 tenure=1 epoch=1000
start
advance from=r1 with=TC(0)
block name=A on=genesis only-named
block name=B on=PC(1,A) only-named
block name=C on=PC(2,B) only-named
block name=X on=PC(1,A) only-named
advance from=r1 with=PC(3,C)
`;

export const certifiedBlocks: Scenario = {
  name: 'certified blocks: a response is inserted as far as certificates cover it',
  run() {
    const tell = told(ASKING);
    mustHave(tell('blocks from=r1 with=A,B,C highest=PC(3,C)'), 'validate A (sync)');
    mustHave(tell('valid'), 'validate B (sync)');
    mustHave(tell('valid'), 'validate C (sync)');
    mustHave(tell('valid'), 'highest PC(3,C)');
  },
};

export const uncertifiedBlocks: Scenario = {
  name: 'uncertified blocks: what no certificate covers is not inserted',
  run() {
    // B's justify certifies A; X is a sibling of B, and C is not there to certify either.
    const tell = told(ASKING);
    mustHave(tell('blocks from=r1 with=A,B,X highest=PC(3,C)'), 'validate A (sync)');
    const effects = tell('valid');
    mustNot(effects, 'validate');
    mustHave(effects, 'uncertified-block');
  },
};

export const forgedCertificates: Scenario = {
  name: 'forged certificates: blocks that forged certificates cover are not inserted',
  run() {
    const tell = told(ASKING);
    mustNot(tell('blocks from=r1 with=A,B,C highest=PC(3,C)/4:0.1.2#7 forged'), 'validate');
    // The last block is covered by the response's own certificate alone.
    const single = told(ASKING);
    const effects = single('blocks from=r1 with=A highest=PC(1,A)/4:0.1.2#9 forged');
    mustNot(effects, 'validate');
    mustHave(effects, 'uncertified-block');
  },
};

export const forgedChains: Scenario = {
  name: 'forged chains: a genuine certificate vouches for what it links to by hash, and for nothing else',
  run() {
    const tell = told(`${ASKING}
      block name=F on=genesis only-named
      block name=G on=PC(1,F)/4:0.1.2#7 only-named
      block name=H on=PC(1,A) hash=other only-named
      block name=I on=PC(2,H) only-named
      advance from=r1 with=PC(9,I)`);
    // C is of the height that follows, but names B. The justify of G, which would cover F, is forged.
    mustNot(tell('blocks from=r1 with=F,G,C highest=PC(3,C) forged'), 'validate');
    // I names what H claims to be.
    tell('timer fetch after=250');
    for (const from of ['r1', 'r2', 'r3']) {
      mustNot(tell(`blocks from=${from} with=A,H,I highest=PC(9,I)`), 'validate H');
    }
    mustNot(tell('valid'), 'validate H');
  },
};

/** r9, for which r4 has joined by U, which is not decided; it has asked r1 for blocks. */
const UNDECIDED = `
world n=4 me=r9 tenure=1
block name=U on=genesis update=+r4
block name=V on=PC(5,U,decide)/5:0.1.2.3 only-named
block name=W on=PC(6,V)/5:0.1.2.3 only-named
restart view=5 root=U highest=PC(4,U,commit) set=r0,r1,r2,r3,r4 undecided
advance from=r1 with=PC(7,W)/5:0.1.2.3
`;

export const decidedBySync: Scenario = {
  name: 'decided by sync: the certificate that decides an update is verified itself',
  run() {
    const effects = told(UNDECIDED)('blocks from=r1 with=V,W highest=PC(7,W)/5:0.1.2.3');
    mustHave(effects, 'verify PC(5,U,decide)');
    mustHave(effects, 'validate V (sync)');
    mustNot(told(UNDECIDED)('blocks from=r1 with=V,W highest=PC(7,W)/5:0.1.2.3 forged'), 'validate');
  },
};

export const syncedHeights: Scenario = {
  name: 'synced heights: a block of a wrong height is not inserted, whoever certifies it',
  run() {
    const tell = told(`${ASKING}
      block name=Y on=genesis height=7 only-named`);
    mustNot(tell('blocks from=r1 with=Y highest=PC(4,Y)'), 'validate');
  },
};

export const unaskedBlocks: Scenario = {
  name: 'unasked blocks: a response that nobody asked for is not worked through',
  run() {
    const effects = told(ASKING)('blocks from=r2 with=A,B highest=PC(3,C)');
    mustHave(effects, 'unsolicited');
    mustNot(effects, 'validate', 'verify');
  },
};

export const certificateOfNothingNew: Scenario = {
  name: 'certificate of nothing new: it counts although the response brought no block',
  run() {
    const tell = told(`
      world n=4 me=r0 tenure=1 epoch=10
      start
      advance from=r1 with=TC(0)
      proposal from=r1 view=1 block=A on=genesis
      valid
      block name=Z on=genesis only-named
      advance from=r1 with=TC(20)
      advertise from=r2 highest=PC(40,Z) forged`);
    tell('timer sync-trigger after=9000');
    for (const from of ['r1', 'r2', 'r3']) {
      const effects = tell(`blocks from=${from} with= highest=PC(1,A)`);
      if (effects.some((effect) => effect.includes('unsolicited'))) continue;
      mustHave(effects, 'highest PC(1,A)');
      return;
    }
    throw new Error('nobody was asked');
  },
};

export const greedyClient: Scenario = {
  name: 'greedy client: a peer is answered so often in a view time, with so many blocks, and no more',
  run() {
    const tell = told(ASKING);
    mustHave(tell('ask-blocks from=r3 start=0 limit=5000'), 'serve blocks from 0 to r3');
    for (let count = 0; count < 100; count++) tell('ask-blocks from=r3 start=0 limit=1');
    mustHave(tell('ask-blocks from=r3 start=0 limit=1'), 'quota-exceeded');
  },
};

export const longResponse: Scenario = {
  name: 'long response: one with more blocks than were asked for is refused',
  run() {
    const names = Array.from({ length: 100 }, (_, at) => `B${at}`);
    const blocks = names.map(
      (name, at) => `block name=${name} on=${at === 0 ? 'genesis' : `PC(${at},B${at - 1})`} only-named`,
    );
    const tell = told(`
      world n=4 me=r0 tenure=1 epoch=1000
      start
      advance from=r1 with=TC(0)
      ${blocks.join('\n')}`);
    mustDo(tell('advance from=r1 with=PC(100,B99)'), 'send sync-request');
    mustNot(tell(`blocks from=r1 with=${names.join(',')} highest=PC(100,B99)`), 'validate');
  },
};

export const idle: Scenario = {
  name: 'idle: a replica for which nothing moves asks somebody who may know more',
  run() {
    const tell = told('world n=4 me=r0 tenure=1 epoch=100\nstart\nadvance from=r1 with=TC(0)');
    mustDo(tell('timer sync-trigger after=9000'), 'send sync-request(from 0) -> ');
  },
};

export const faultyServer: Scenario = {
  name: 'faulty server: who sent what it should not is not asked again while others can be',
  run() {
    const tell = told(`${ASKING}
      blocks from=r1 with=A,B,X highest=PC(3,C)`);
    const effects = [...tell('valid')];
    for (let count = 0; count < 4; count++) effects.push(...tell('timer fetch after=250'));
    mustHave(effects, 'send sync-request(from 0) -> r2');
    mustNot(effects, '-> r1');
  },
};

export const silentServers: Scenario = {
  name: 'silent servers: who was cut off is asked again, though one that is down has still to answer',
  run() {
    const tell = told(`${ASKING}
      timer fetch after=250
      timer sync-request to=r1 after=9750`);
    const effects = [...tell('timer sync-request to=r2 after=250')];
    for (let count = 0; count < 2; count++) effects.push(...tell('timer fetch after=250'));
    mustHave(effects, 'send sync-request(from 0) -> r2');
  },
};

export const lostRequests: Scenario = {
  name: 'lost requests: when everybody has been asked, requests are repeated long before they end',
  run() {
    const tell = told(`${ASKING}
      timer fetch after=250
      timer fetch after=250
      wait 3000`);
    mustHave(tell('timer fetch'), 'send sync-request(from 0) -> r1');
  },
};

export const lateResponse: Scenario = {
  name: 'late response: one that comes when the next server was asked already is worked through like any other',
  run() {
    const tell = told(ASKING);
    mustDo(tell('timer fetch after=250'), 'send sync-request(from 0) -> r2');
    mustHave(tell('blocks from=r1 with=A,B,C highest=PC(3,C)'), 'validate A (sync)');
  },
};
