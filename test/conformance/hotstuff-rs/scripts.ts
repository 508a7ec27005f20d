import type { Block } from '../../../src/model/block.ts';
import { GENESIS_PC, type Phase, type PhaseCertificate } from '../../../src/model/certificate.ts';
import { asHeight, asView, type View } from '../../../src/model/ids.ts';
import type { Message } from '../../../src/model/messages.ts';
import { CHAIN, key, pcOf, type SetName, signAs, slotsOf, spoiled, tcOf } from './cast.ts';
import { blockOf, membersOf } from './catalogue.ts';
import { ALL, createScript, leader, next, type Script, type ScriptWriter } from './script.ts';

// What we send to a running hotstuff_rs 0.4.0 replica, and what it must send and tell in turn: its signatures are
// deterministic, so our codec can say every byte beforehand.

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

const QUIET = { epochLength: 1_000, maxViewTimeMs: 60_000, advertiseMs: 600_000 };

const phaseVote = (who: string, view: View, block: Block, phase: Phase): Message => {
  const of = { chainId: CHAIN, view, block: block.hash, phase };
  return { type: 'phase-vote', ...of, signature: signAs(who, { type: 'phase-vote', ...of }) };
};

const timeoutVote = (who: string, view: View, by: readonly string[] | null, set: SetName): Message => {
  const of = { chainId: CHAIN, view };
  const highestTc = by === null ? null : tcOf(asView(view - 1), { set, signers: by });
  return { type: 'timeout-vote', ...of, signature: signAs(who, { type: 'timeout-vote', ...of }), highestTc };
};

const spoil = <T extends Message>(message: T): T =>
  'signature' in message ? { ...message, signature: spoiled(message.signature) } : message;

const proposal = (view: View, block: Block): Message => ({ type: 'proposal', chainId: CHAIN, view, block });

const nudge = (view: View, justify: PhaseCertificate): Message => ({
  type: 'nudge',
  chainId: CHAIN,
  view,
  justify,
});

const newView = (view: View, highestPc: PhaseCertificate): Message => ({
  type: 'new-view',
  chainId: CHAIN,
  view,
  highestPc,
});

const advanceBy = (pc: PhaseCertificate): Message => ({
  type: 'advance-view',
  certificate: { type: 'pc', pc },
});

const advertiseBlock = (who: string, height: number): Message => {
  const of = { chainId: CHAIN, height: asHeight(height) };
  return { type: 'advertise-block', ...of, signature: signAs(who, { type: 'advertise-block', ...of }) };
};

/** What the app of the exchange puts into the blocks that it makes. */
const produced = (view: View): readonly Uint8Array[] => [text(`made in view ${view}`)];

/** A replica on its way through views: what it knows decides what it sends. */
interface Walk {
  readonly script: ScriptWriter;
  readonly replica: string;
  readonly set: SetName;
  view: View;
  highestPc: PhaseCertificate;
}

/** From view 0, by a timeout certificate that the replica passes on. */
function leaveViewZero({ script, set, replica }: Walk, signers: readonly string[]): void {
  const tc = tcOf(asView(0), { set, signers });
  const message: Message = { type: 'advance-view', certificate: { type: 'tc', tc } };
  script.send(slotsOf(set).find((who) => who !== replica) as string, message);
  script.expect(ALL, message);
  script.holds({ highestTc: tc });
}

/** The replica enters the view after its own: NewView goes to that view's leader, or to both sets' leaders. */
function enterNext(walk: Walk, to: readonly string[] = [leader(walk.set, walk.view + 1)]): void {
  for (const leaderOfNext of to) walk.script.expect(leaderOfNext, newView(walk.view, walk.highestPc));
  walk.view = next(walk.view);
  walk.script.holds({ highestViewEntered: walk.view });
}

/** Others have the certificate of the view: the replica passes it on and follows, without it in its tree. */
function advanceFromOutside(walk: Walk, from: string, pc: PhaseCertificate): void {
  walk.script.send(from, advanceBy(pc));
  walk.script.expect(ALL, advanceBy(pc));
}

/** The replica has just learnt `pc` of its view: it broadcasts that, and leaves the view when it hears itself. */
function advanceByOwn({ script, replica }: Walk, pc: PhaseCertificate): void {
  script.expect(ALL, advanceBy(pc));
  script.send(replica, advanceBy(pc));
}

/** The votes that make `pc` arrive one by one, after one that is spoiled and by somebody whose slot stays empty. */
function collect(
  walk: Walk,
  pc: PhaseCertificate,
  block: Block,
  voters: readonly string[],
  liar: string,
): void {
  const { script } = walk;
  script.send(liar, spoil(phaseVote(liar, pc.view, block, pc.phase)));
  for (const who of voters) script.send(who, phaseVote(who, pc.view, block, pc.phase));
}

/** Views left by the clock: timeout votes with and without certificates, and what collects them. */
function pacemaker(): Script {
  const set = 'weighted';
  const replica = 'k3';
  const script = createScript();
  const walk: Walk = { script, replica, set, view: asView(0), highestPc: GENESIS_PC };
  const voters = ['k1', 'k3', 'k4'];
  script.expect(ALL, timeoutVote(replica, asView(0), null, set));
  script.send('k2', spoil(timeoutVote('k2', asView(0), null, set)));
  for (const who of voters) script.send(who, timeoutVote(who, asView(0), null, set));
  const first = tcOf(asView(0), { set, signers: voters });
  const byFirst: Message = { type: 'advance-view', certificate: { type: 'tc', tc: first } };
  script.expect(ALL, byFirst);
  script.holds({ highestTc: first });
  script.send(replica, byFirst);
  enterNext(walk);
  script.expect(ALL, timeoutVote(replica, walk.view, voters, set));
  // A vote of a later epoch brings the certificate that leads there.
  const ahead = ['k1', 'k2', 'k3'];
  const far = asView(4);
  script.send('k1', timeoutVote('k1', next(far), ahead, set));
  script.expect(leader(set, 2), newView(walk.view, GENESIS_PC));
  walk.view = next(far);
  script.holds({ highestViewEntered: walk.view, highestTc: tcOf(far, { set, signers: ahead }) });
  script.expect(ALL, timeoutVote(replica, walk.view, ahead, set));
  return {
    name: 'timeouts',
    replica,
    set,
    settings: { ...QUIET, epochLength: 1, maxViewTimeMs: 3_000, requestLimit: 2, minViewDifference: 10 },
    steps: script.steps,
  };
}

/** Signers of a view's certificate: quorums by power that leave gaps in different slots. */
const signersOf = (view: number): readonly string[] =>
  view % 2 === 0 ? ['k1', 'k3', 'k4'] : ['k1', 'k2', 'k3'];

/** One round of all leaders in the pipelined mode, with commits; then block sync, as server and as client. */
function pipelined(): Script {
  const set = 'weighted';
  const replica = 'k3';
  const script = createScript();
  const walk: Walk = { script, replica, set, view: asView(0), highestPc: GENESIS_PC };
  leaveViewZero(walk, ['k1', 'k2', 'k4']);
  enterNext(walk);
  const chain: Block[] = [];
  const pcs: PhaseCertificate[] = [];
  while (walk.view <= ROUND) pipelinedView(walk, chain, pcs);
  sync(walk, chain, pcs);
  return {
    name: 'pipelined',
    replica,
    set,
    settings: { ...QUIET, advertiseMs: 1_000, requestLimit: 2, minViewDifference: 10 },
    steps: script.steps,
  };
}

/** The total power of the set and one more: each validator has led as often as its power says. */
const ROUND = 9;

/** The block of `view`, on the block before it; the replica's app makes those that the replica proposes. */
function blockIn(
  view: View,
  replica: string,
  set: SetName,
  chain: readonly Block[],
  pcs: readonly PhaseCertificate[],
): Block {
  const data =
    leader(set, view) === replica ? produced(view) : [text(`data of view ${view}`), Uint8Array.of(view)];
  return blockOf(chain.length, pcs.at(-1) ?? GENESIS_PC, data);
}

function pipelinedView(walk: Walk, chain: Block[], pcs: PhaseCertificate[]): void {
  const { script, replica, set, view } = walk;
  const block = blockIn(view, replica, set, chain, pcs);
  if (leader(set, view) === replica) script.expect(ALL, proposal(view, block));
  script.send(leader(set, view), proposal(view, block));
  learn(walk, chain, block.justify);
  script.holds({ newestBlock: block.hash });
  chain.push(block);
  script.expect(leader(set, view + 1), phaseVote(replica, view, block, 'generic'));
  const pc = pcOf({ view, block: block.hash, phase: 'generic' }, { set, signers: signersOf(view) });
  pcs.push(pc);
  leavePipelinedView(walk, chain, pc);
  enterNext(walk);
}

/** The certificate of the newest block locks the block before it and commits the one before that. */
function learn(walk: Walk, chain: readonly Block[], pc: PhaseCertificate): void {
  if (pc === GENESIS_PC || pc === walk.highestPc) return;
  walk.highestPc = pc;
  walk.script.holds({ highestPc: pc, lockedPc: (chain.at(-1) as Block).justify });
  const committed = chain.at(-3);
  if (committed !== undefined) walk.script.holds({ highestCommittedBlock: committed.hash });
}

/** The next leader collects the votes; others are told, by the leader or, once, by a peer's NewView. */
function leavePipelinedView(walk: Walk, chain: readonly Block[], pc: PhaseCertificate): void {
  const { script, replica, set, view } = walk;
  const isCollector = leader(set, view + 1) === replica;
  if (!isCollector && view !== BY_NEW_VIEW) {
    advanceFromOutside(walk, leader(set, view + 1), pc);
    return;
  }
  if (isCollector) {
    const liar = slotsOf(set).find((who) => !signersOf(view).includes(who)) as string;
    collect(walk, pc, chain.at(-1) as Block, signersOf(view), liar);
  } else {
    script.send('k4', newView(view, pc));
  }
  learn(walk, chain, pc);
  advanceByOwn(walk, pc);
}

const BY_NEW_VIEW = 4;

/** Blocks that the server of the replica gives away have lost their data: see docs/HOTSTUFF-RS.md. */
const withoutData = (block: Block): Block => ({ ...block, data: [] });

function sync(walk: Walk, chain: Block[], pcs: PhaseCertificate[]): void {
  const { script, replica, set, view } = walk;
  script.send('k1', { type: 'block-sync-request', chainId: CHAIN, startHeight: asHeight(0), limit: 3 });
  script.answer('k1', {
    type: 'block-sync-response',
    blocks: chain.slice(0, 3).map(withoutData),
    highestPc: walk.highestPc,
  });

  // Somebody is far ahead, but the only offer to serve is not signed by who makes it.
  script.send('k1', spoil(advertiseBlock('k1', 40)));
  const far = pcOf(
    { view: asView(view + 20), block: FAR_BLOCK, phase: 'generic' },
    { set, signers: ['k1', 'k2', 'k4'] },
  );
  script.send('k1', { type: 'advertise-pc', highestPc: far });
  const block = blockIn(view, replica, set, chain, pcs);
  script.send(leader(set, view), proposal(view, block));
  learn(walk, chain, block.justify);
  script.holds({ newestBlock: block.hash });
  chain.push(block);
  script.expect(leader(set, view + 1), phaseVote(replica, view, block, 'generic'));
  pcs.push(pcOf({ view, block: block.hash, phase: 'generic' }, { set, signers: signersOf(view) }));

  const committed = chain.length - 4;
  script.send('k2', advertiseBlock('k2', committed + 2));
  script.send('k4', { type: 'advertise-pc', highestPc: far });
  for (const later of [next(view), next(next(view))]) {
    const synced = blockOf(chain.length, pcs.at(-1) as PhaseCertificate, [text(`synced, of view ${later}`)]);
    chain.push(synced);
    pcs.push(pcOf({ view: later, block: synced.hash, phase: 'generic' }, { set, signers: signersOf(later) }));
  }
  exchangeBlocks(walk, chain, pcs.at(-1) as PhaseCertificate, committed);
}

const FAR_BLOCK = blockOf(90, GENESIS_PC, []).hash;

/** The replica asks until nothing is new; what it then holds, it advertises. */
function exchangeBlocks(
  walk: Walk,
  chain: readonly Block[],
  newest: PhaseCertificate,
  committed: number,
): void {
  const { script, replica } = walk;
  const request = (startHeight: number): Message => ({
    type: 'block-sync-request',
    chainId: CHAIN,
    startHeight: asHeight(startHeight),
    limit: 2,
  });
  const response = (from: number): Message => ({
    type: 'block-sync-response',
    blocks: chain.slice(from),
    highestPc: newest,
  });
  script.expect('k2', request(committed + 1));
  script.send('k2', response(committed + 1));
  script.expect('k2', request(chain.length - 2));
  script.holds({
    newestBlock: newest.block,
    highestPc: newest,
    highestCommittedBlock: (chain.at(-3) as Block).hash,
  });
  script.send('k2', response(chain.length - 2));
  walk.highestPc = newest;
  advanceByOwn(walk, newest);
  script.expect(leader(walk.set, walk.view + 1), newView(walk.view, newest));
  script.holds({ highestViewEntered: next(newest.view) });
  script.answer(ALL, { type: 'advertise-pc', highestPc: newest });
  script.answer(ALL, advertiseBlock(replica, chain.length - 3));
}

/** A block whose first datum is read by the app of the exchange as additions of validators: key, power. */
const growth = (who: string, power: number): Uint8Array =>
  new Uint8Array([...text('validators'), ...Buffer.from(key(who).id, 'hex'), power, 0, 0, 0, 0, 0, 0, 0]);

/** A validator-set update through all phases, with the replica nudging once, until the new set's first block. */
function phased(): Script {
  const set = 'equal';
  const replica = slotsOf(set)[0] as string;
  const script = createScript();
  const walk: Walk = { script, replica, set, view: asView(0), highestPc: GENESIS_PC };
  const signers = slotsOf(set).filter((who) => who !== slotsOf(set)[1]);
  leaveViewZero(walk, signers);
  enterNext(walk);
  const certify = (block: Block, phase: Phase): PhaseCertificate =>
    pcOf({ view: walk.view, block: block.hash, phase }, { set, signers });
  const learn = (pc: PhaseCertificate): void => {
    script.holds({ highestPc: pc });
    walk.highestPc = pc;
  };

  const first = blockOf(0, GENESIS_PC, [text('before')]);
  script.send(leader(set, 1), proposal(walk.view, first));
  script.expect(leader(set, 2), phaseVote(replica, walk.view, first, 'generic'));
  const firstPc = certify(first, 'generic');
  advanceFromOutside(walk, leader(set, 2), firstPc);
  enterNext(walk);

  const update = blockOf(1, firstPc, [growth('k5', 1)]);
  script.send(leader(set, 2), proposal(walk.view, update));
  learn(firstPc);
  script.expect(leader(set, 3), phaseVote(replica, walk.view, update, 'prepare'));
  const preparePc = certify(update, 'prepare');
  advanceFromOutside(walk, leader(set, 3), preparePc);
  enterNext(walk);

  script.send(leader(set, 3), nudge(walk.view, preparePc));
  learn(preparePc);
  script.expect(replica, phaseVote(replica, walk.view, update, 'precommit'));
  const precommitPc = certify(update, 'precommit');
  collect(walk, precommitPc, update, signers, slotsOf(set)[1] as string);
  learn(precommitPc);
  script.holds({ lockedPc: precommitPc });
  advanceByOwn(walk, precommitPc);
  enterNext(walk);

  script.expect(ALL, nudge(walk.view, precommitPc));
  script.send(replica, nudge(walk.view, precommitPc));
  script.expect(leader(set, 5), phaseVote(replica, walk.view, update, 'commit'));
  const commitPc = certify(update, 'commit');
  advanceFromOutside(walk, leader(set, 5), commitPc);
  enterNext(walk);
  decide(walk, update, commitPc);
  return {
    name: 'validator-set update',
    replica,
    set,
    settings: { ...QUIET, requestLimit: 2, minViewDifference: 10 },
    steps: script.steps,
  };
}

/** The Commit certificate makes the new set, whose Decide certificate carries the next block. */
function decide(walk: Walk, update: Block, commitPc: PhaseCertificate): void {
  const { script, replica, set } = walk;
  script.send(leader(set, 5), nudge(walk.view, commitPc));
  script.expect(replica, phaseVote(replica, walk.view, update, 'decide'));
  script.holds({
    highestPc: commitPc,
    highestCommittedBlock: update.hash,
    committedValidators: membersOf('grown'),
    previousValidators: membersOf(set),
    updateHeight: update.height,
    updateDecided: false,
  });
  const signers = ['k5', 'k2', 'k1', 'k4'];
  const decidePc = pcOf({ view: walk.view, block: update.hash, phase: 'decide' }, { set: 'grown', signers });
  collect(walk, decidePc, update, signers, 'k3');
  walk.highestPc = decidePc;
  advanceByOwn(walk, decidePc);
  script.holds({ highestPc: decidePc, updateDecided: true });
  enterNext(walk, [leader('grown', 6)]);
  const after = blockOf(2, decidePc, produced(walk.view));
  script.expect(ALL, proposal(walk.view, after));
  script.send(replica, proposal(walk.view, after));
  script.expect(leader('grown', 7), phaseVote(replica, walk.view, after, 'generic'));
  script.holds({ newestBlock: after.hash, highestViewVoted: walk.view });
}

export const scripts = (): readonly Script[] => [pacemaker(), pipelined(), phased()];
