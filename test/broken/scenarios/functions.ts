import assert from 'node:assert/strict';
import { areEffectsAcceptable } from '../../../src/core/block-tree/insert.ts';
import { assignedSet, isLockClauseSatisfied } from '../../../src/core/block-tree/rules.ts';
import { isLearned } from '../../../src/core/certificates.ts';
import { newViewRecipients, proposersOf, signersOf, votersOn } from '../../../src/core/hotstuff/roles.ts';
import { leaderOf } from '../../../src/core/pacemaker/leader.ts';
import { coreStatus } from '../../../src/core/state.ts';
import { step } from '../../../src/core/step.ts';
import { hasQuorumShape, recordVerdict, subjectOfPc, verdictOn } from '../../../src/core/verdicts.ts';
import { NO_APP_STATE_UPDATES } from '../../../src/model/app.ts';
import type { Phase, PhaseCertificate } from '../../../src/model/certificate.ts';
import { GENESIS_PC } from '../../../src/model/certificate.ts';
import {
  asChainId,
  asHeight,
  asMillis,
  asPower,
  asReplicaId,
  asView,
  type BlockHash,
} from '../../../src/model/ids.ts';
import type { SignatureSet } from '../../../src/model/scheme.ts';
import {
  createValidatorSet,
  type ValidatorSet,
  type ValidatorSets,
} from '../../../src/model/validator-set.ts';
import { GoldenWorld } from '../../support/golden-world.ts';
import type { Scenario } from '../scenario.ts';
import { told } from './told.ts';

// Rules that other rules cover for in every run, and rules about single functions: each asserted by itself.

const worldAfter = (script: string): GoldenWorld => {
  const world = new GoldenWorld();
  told(script, world);
  return world;
};

const pcOf = (block: BlockHash, view: number, phase: Phase): PhaseCertificate => ({
  ...GENESIS_PC,
  chainId: asChainId(7),
  view: asView(view),
  block,
  phase,
});

/** U, which replaces r3 by r4, is the highest committed block; V and W follow it. */
const UPDATED = `
world n=4 me=r0 tenure=1 epoch=1000
block name=P on=genesis
block name=U on=PC(1,P) update=+r4,-r3
block name=V on=PC(9,U,decide)
block name=W on=PC(10,V)
`;

export const assignedSets: Scenario = {
  name: 'assigned sets: who must have signed a certificate, by the place of its block',
  run() {
    const undecided = worldAfter(`${UPDATED}
      restart view=9 root=U highest=PC(8,U,commit) set=r0,r1,r2,r4 undecided`);
    const decided = worldAfter(`${UPDATED}
      restart view=12 root=U highest=PC(8,U,commit) set=r0,r1,r2,r4 decided`);
    const of = (world: GoldenWorld, name: string, phase: Phase) =>
      assignedSet(world.core, pcOf(world.hashOf(name), 2 ** 40, phase));
    const { committed, previous } = undecided.core.sets;
    assert.equal(of(undecided, 'U', 'prepare'), 'superseded');
    assert.equal(of(undecided, 'U', 'precommit'), 'superseded');
    assert.equal(of(undecided, 'U', 'commit'), previous);
    assert.equal(of(undecided, 'U', 'decide'), committed);
    for (const phase of ['prepare', 'precommit', 'commit'] as const)
      assert.equal(of(decided, 'U', phase), 'retired', phase);
    assert.equal(of(decided, 'U', 'decide'), decided.core.sets.committed);
    assert.equal(of(decided, 'V', 'generic'), decided.core.sets.committed);
  },
};

export const belowTheUpdate: Scenario = {
  name: 'below the update: nothing new is accepted of a block below the latest update',
  run() {
    const world = worldAfter(`${UPDATED}
      restart view=12 root=U highest=PC(8,U,commit) set=r0,r1,r2,r4 decided`);
    const { core } = world;
    // No block below the root is known in any run (R2); were one known, it would still not count (R11).
    const root = core.tree.blocks.get(world.hashOf('U'));
    assert.ok(root !== undefined);
    const header = { ...root.header, hash: world.hashOf('P'), height: (root.header.height - 1) as never };
    core.tree.blocks.set(header.hash, { ...root, header, validatorSetUpdates: null });
    assert.equal(assignedSet(core, pcOf(header.hash, 2 ** 40, 'generic')), 'retired');
  },
};

export const deepLock: Scenario = {
  name: 'deep lock: the locked block may be any ancestor of the block that is voted for',
  run() {
    const { core, hash } = (() => {
      const world = worldAfter(`
        world n=4 me=r0 tenure=1 epoch=1000
        block name=A on=genesis
        block name=B on=PC(1,A)
        block name=C on=PC(2,B)
        block name=D on=PC(3,C)
        restart view=30 highest=PC(20,A) lock=PC(20,A)`);
      return { core: world.core, hash: (name: string) => world.hashOf(name) };
    })();
    const justify = pcOf(hash('D'), 4, 'generic');
    assert.equal(isLockClauseSatisfied(core, justify, 'ff'.repeat(32) as BlockHash, hash('D')), true);
  },
};

const setOf = (...powers: readonly number[]): ValidatorSet => {
  const set = createValidatorSet(
    powers.map((power, at) => ({
      id: asReplicaId((at + 1).toString(16).padStart(64, '0')),
      power: asPower(power),
    })),
  );
  assert.ok(typeof set !== 'string', set as string);
  return set;
};

const signedBy = (n: number, ...signers: readonly number[]): SignatureSet => {
  const bitmap = new Uint8Array((n + 7) >> 3);
  for (const at of signers) bitmap[at >> 3] = (bitmap[at >> 3] ?? 0) | (1 << (at & 7));
  return { slots: n, bitmap, bytes: new Uint8Array(64 * signers.length) };
};

export const shapes: Scenario = {
  name: 'shapes: a certificate has exactly one slot a validator, no signer that is not there, and a quorum of power',
  run() {
    const { core } = worldAfter('world n=4 me=r0');
    const four = setOf(1, 1, 1, 1);
    const good = signedBy(4, 0, 1, 2);
    assert.equal(hasQuorumShape(core, four, good), true);
    assert.equal(hasQuorumShape(core, four, { ...good, slots: 5 }), false, 'a slot too many');
    assert.equal(hasQuorumShape(core, four, { ...good, slots: 3 }), false, 'a slot too few');
    assert.equal(
      hasQuorumShape(core, four, { ...good, bitmap: Uint8Array.of(7, 0) }),
      false,
      'a byte too many',
    );
    assert.equal(hasQuorumShape(core, four, signedBy(4, 0, 1, 2, 5)), false, 'a signer who is not there');
    assert.equal(hasQuorumShape(core, four, signedBy(4, 0, 1)), false, 'too few');
    const uneven = setOf(5, 1, 1, 1);
    assert.equal(hasQuorumShape(core, uneven, signedBy(4, 1, 2, 3)), false, 'many of little power');
    assert.equal(hasQuorumShape(core, uneven, signedBy(4, 0, 1)), true, 'few of great power');
  },
};

export const learned: Scenario = {
  name: 'learned: highestPc is nothing new once its view is left, and only in the very same bytes',
  run() {
    const { core } = worldAfter(`${UPDATED}
      restart view=12 root=U highest=PC(11,W) set=r0,r1,r2,r4`);
    const { pc } = core.highestPc;
    const { signatures } = pc;
    const isKnown = (shown: PhaseCertificate): boolean => isLearned(core, { type: 'pc', pc: shown });
    assert.equal(isKnown({ ...pc, signatures: { ...signatures } }), true);
    assert.equal(isKnown({ ...pc, view: asView(10) }), false, 'another view');
    const bitmap = signatures.bitmap.map((byte) => byte ^ 1);
    assert.equal(isKnown({ ...pc, signatures: { ...signatures, bitmap } }), false, 'other signers');
    const bytes = signatures.bytes.map((byte) => byte ^ 1);
    assert.equal(isKnown({ ...pc, signatures: { ...signatures, bytes } }), false, 'other signatures');
    core.view = pc.view;
    assert.equal(isKnown(pc), false, 'its view is not left');
  },
};

export const quorums: Scenario = {
  name: 'quorums: two of them share more power than may be faulty',
  run() {
    for (const total of [1, 2, 3, 4, 7, 10, 100, 3001, Number.MAX_SAFE_INTEGER]) {
      const set = setOf(total);
      const faulty = Math.floor((total - 1) / 3);
      assert.ok(BigInt(set.quorum) * 2n - BigInt(total) > BigInt(faulty), `of ${total}: ${set.quorum}`);
      assert.ok(set.quorum <= total - faulty, `of ${total}: ${set.quorum}`);
    }
  },
};

export const verdicts: Scenario = {
  name: 'verdicts: what one set signed is no verdict for another set',
  run() {
    const { core } = worldAfter('world n=4 me=r0');
    const [first, second] = [setOf(1, 1, 1, 1), setOf(1, 1, 1, 2)];
    const signatures = signedBy(4, 0, 1, 2, 3);
    const subject = subjectOfPc(pcOf('aa'.repeat(32) as BlockHash, 3, 'generic'));
    recordVerdict(core, first, subject, signatures, true);
    assert.equal(verdictOn(core, first, subject, signatures), true);
    assert.equal(verdictOn(core, second, subject, signatures), undefined);
    recordVerdict(core, second, subject, signatures, false);
    assert.equal(verdictOn(core, first, subject, signatures), true);
  },
};

export const sets: Scenario = {
  name: 'sets: power above zero, a total of 2^53 - 1 at most, somebody in it, nobody twice',
  run() {
    const of = (...powers: readonly number[]) =>
      createValidatorSet(powers.map((power, at) => ({ id: asReplicaId(`0${at}`), power: power as never })));
    assert.equal(of(), 'empty');
    assert.equal(of(1, 0), 'power-not-positive');
    assert.equal(of(-1), 'power-not-positive');
    assert.equal(of(1, Number.MAX_SAFE_INTEGER), 'total-too-large');
    const [id, power] = [asReplicaId('00'), asPower(1)];
    assert.equal(
      createValidatorSet([
        { id, power },
        { id, power },
      ]),
      'duplicate',
    );
  },
};

export const badUpdates: Scenario = {
  name: 'bad updates: a block whose update makes no validator set is refused',
  run() {
    const { core } = worldAfter('world n=4 me=r0\nstart');
    const effects = { appStateUpdates: NO_APP_STATE_UPDATES, hasCommands: true };
    const everybody = core.sets.committed.validators.map(({ id }) => id);
    const with_ = (inserts: readonly number[], deletes: typeof everybody) => ({
      ...effects,
      validatorSetUpdates: {
        inserts: inserts.map((power, at) => ({
          id: asReplicaId(`f${at}`),
          power: power as never,
          possession: null,
        })),
        deletes,
      },
    });
    assert.equal(areEffectsAcceptable(core, with_([1], [])), true);
    assert.equal(areEffectsAcceptable(core, with_([0], [])), false);
    assert.equal(areEffectsAcceptable(core, with_([], everybody)), false);
    assert.equal(areEffectsAcceptable(core, with_([Number.MAX_SAFE_INTEGER], [])), false);
  },
};

export const tenure: Scenario = {
  name: 'tenure: a leader leads as many views in a row as the chain says, by weight',
  run() {
    const set = setOf(1000, 1000, 1000, 1);
    for (let view = 0; view < 64; view += 4) {
      const leaders = [0, 1, 2, 3].map((at) => leaderOf(set, asView(view + at), 4));
      assert.equal(new Set(leaders).size, 1, `views ${view} to ${view + 3}`);
    }
    assert.notEqual(leaderOf(set, asView(3), 4), leaderOf(set, asView(4), 4));
  },
};

export const halting: Scenario = {
  name: 'halting: a broken invariant is a halt, never a throw, and nothing comes after it',
  run() {
    const world = worldAfter('world n=4 me=r0\nstart');
    const now = asMillis(10);
    const disk = null as never;
    const [effect, ...rest] = step(world.core, { type: 'recovered', disk, now });
    assert.equal(effect?.type, 'halt');
    assert.deepEqual(rest, []);
    assert.deepEqual(step(world.core, { type: 'timer-fired', timer: { type: 'advertise' }, now }), []);
    assert.equal(coreStatus(world.core).view, 0);
  },
};

export const served: Scenario = {
  name: 'served: a response holds as many blocks as the chain allows, whatever the asker says',
  run() {
    const { core } = worldAfter('world n=4 me=r0\nstart');
    const from = asReplicaId('02'.padStart(64, '0'));
    const message = {
      type: 'block-sync-request',
      chainId: asChainId(7),
      startHeight: asHeight(0),
      limit: 2 ** 32 - 1,
    } as const;
    const effects = step(core, { type: 'message-received', from, message, bytes: 50, now: asMillis(10) });
    const serve = effects.find((effect) => effect.type === 'serve-blocks');
    assert.ok(serve !== undefined);
    assert.ok(serve.limit <= core.config.chain.limits.maxSyncBlocks, `${serve.limit} blocks`);
  },
};

export const roleTable: Scenario = {
  name: 'role table: who leads, votes and is told while an update is, and is not, decided',
  run() {
    const [committed, previous] = [setOf(1, 1, 1, 1), setOf(2, 2, 2, 2, 2, 2, 2)];
    const undecided: ValidatorSets = { committed, previous, updateHeight: asHeight(4), decided: false };
    const decided: ValidatorSets = { ...undecided, decided: true };
    const justify = (phase: Phase): PhaseCertificate => pcOf('aa'.repeat(32) as BlockHash, 3, phase);
    for (const phase of ['generic', 'prepare', 'precommit', 'commit', 'decide'] as const) {
      assert.equal(votersOn(decided, justify(phase)), committed, phase);
      assert.equal(votersOn(undecided, justify(phase)), phase === 'commit' ? committed : previous, phase);
      assert.equal(signersOf(decided, phase), committed, phase);
      assert.equal(signersOf(undecided, phase), phase === 'decide' ? committed : previous, phase);
    }
    let split = 0;
    for (let at = 1; at < 30; at++) {
      const view = asView(at);
      const both = [...new Set([leaderOf(committed, view, 4), leaderOf(previous, view, 4)])];
      if (both.length === 2) split++;
      assert.deepEqual(proposersOf(undecided, view, 4), both);
      assert.deepEqual(newViewRecipients(undecided, view, 4), both);
      assert.deepEqual(proposersOf(decided, view, 4), both.slice(0, 1));
      assert.deepEqual(newViewRecipients(decided, view, 4), both.slice(0, 1));
    }
    assert.ok(split > 0, 'no view has two leaders here');
  },
};
