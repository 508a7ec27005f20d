import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { asChainId, asHeight, asPower, asReplicaId, type ReplicaId } from '../../../src/model/ids.ts';
import type { ValidatorSet, ValidatorSetUpdates } from '../../../src/model/validator-set.ts';
import type { PossessedKey } from '../../../src/ports/signature-scheme.ts';
import {
  CommandError,
  type StateMachineDefinition,
  ValidatorUpdateError,
  type ValidatorUpdateErrorCode,
} from '../../../src/state-machine/index.ts';
import { bytes, FakeCluster, settle } from './fake-cluster.ts';

const node = (index: number): ReplicaId => asReplicaId(`0${index}`.repeat(32));
const PROOF = bytes('proof');

/** A command is updates as JSON, with `true` for a good proof of possession; `!` behind it throws afterwards. */
const changer: StateMachineDefinition = {
  validatorRules: {
    chain: {
      chainId: asChainId(1),
      scheme: 'ed25519',
      epochLength: 10,
      leaderTenure: 4,
      limits: { ...DEFAULT_LIMITS, maxValidators: 6 },
    },
    // Members of the genesis set have no proof here: only newcomers are asked.
    checkPossession: ({ possession }: PossessedKey) =>
      possession !== null && Buffer.compare(possession, PROOF) === 0,
  },
  apply(command, state, { validators }) {
    const [json = '', fails] = Buffer.from(command).toString().split('!');
    const { set = {}, remove = [] } = JSON.parse(json) as {
      readonly set?: Record<string, number | readonly [number, string]>;
      readonly remove?: readonly string[];
    };
    const inserts = Object.entries(set).map(([id, value]) => {
      const [power, proof] = typeof value === 'number' ? [value, null] : value;
      const possession = proof === null ? null : bytes(proof);
      return { id: asReplicaId(id), power: asPower(power), possession };
    });
    const next = validators.update({ inserts, deletes: remove.map(asReplicaId) });
    state.set(bytes('last'), command);
    if (fails !== undefined) throw new Error('after the update');
    return bytes(String(next.totalPower));
  },
};

const change = (set: Record<string, number | readonly [number, string]>, remove: readonly string[] = []) =>
  bytes(JSON.stringify({ set, remove }));

const powers = ({ validators }: ValidatorSet): Record<string, number> =>
  Object.fromEntries(validators.map(({ id, power }) => [id.slice(0, 2), power]));

const PROVED = (power: number): readonly [number, string] => [power, 'proof'];

/** What one block of the commands makes of the set. */
async function updatesOf(...commands: readonly Uint8Array[]): Promise<ValidatorSetUpdates | null> {
  const cluster = new FakeCluster({ definition: changer });
  for (const command of commands) cluster.leader.service.submit(command).catch(() => {});
  const state = cluster.leader.committed;
  await settle();
  const made = await cluster.leader.machine.app.produceBlock(
    { view: cluster.view as never, parent: null, state, waitMs: 0 },
    new AbortController().signal,
  );
  return made.validatorSetUpdates ?? null;
}

describe('a command that updates the validator set', () => {
  it('takes effect once at every node, with its block, and is told when it is decided', async () => {
    const cluster = new FakeCluster({ definition: changer });
    const { service } = cluster.nodes[2]!;
    const answer = service.submit(change({ [node(4)]: PROVED(3) }));
    const block = await cluster.order();
    expect(await answer).toEqual({ height: 0, blockHash: block.hash, result: bytes('7') });
    const decision = service.waitForDecision(asHeight(0));
    let isDecided = false;
    void decision.then(() => {
      isDecided = true;
    });
    await settle();
    expect(isDecided).toBe(false);
    for (const each of cluster.nodes) {
      const { committed, previous, updateHeight, decided } = each.service.validatorSets();
      expect(powers(committed)).toEqual({ '00': 1, '01': 1, '02': 1, '03': 1, '04': 3 });
      expect(powers(previous)).toEqual({ '00': 1, '01': 1, '02': 1, '03': 1 });
      expect([updateHeight, decided]).toEqual([0, false]);
      each.decide();
    }
    await decision;
    await service.waitForDecision(asHeight(0));
  });

  it('is decided at the latest when the next update is committed', async () => {
    const cluster = new FakeCluster({ definition: changer });
    const { service } = cluster.leader;
    void service.submit(change({ [node(0)]: 2 }));
    await cluster.order();
    cluster.leader.decide();
    void service.submit(change({ [node(0)]: 3 }));
    const { height } = await cluster.order();
    await service.waitForDecision(asHeight(0));
    const stop = new AbortController();
    const later = service.waitForDecision(height, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(later).rejects.toThrow('enough');
    const closed = service.waitForDecision(height);
    service.close();
    await expect(closed).rejects.toBeInstanceOf(CommandError);
    await expect(service.waitForDecision(height)).rejects.toBeInstanceOf(CommandError);
  });

  it('leaves a block without updates when all come to nothing', async () => {
    expect(await updatesOf()).toBeNull();
    expect(await updatesOf(change({ [node(1)]: 5 }), change({ [node(1)]: 1 }))).toBeNull();
    expect(await updatesOf(change({ [node(5)]: PROVED(5) }), change({}, [node(5)]))).toBeNull();
  });

  it('is joined with others of its block to one update, in the order of keys', async () => {
    const updates = await updatesOf(
      change({ [node(5)]: PROVED(5), [node(3)]: 7 }),
      change({ [node(4)]: PROVED(1) }, [node(0)]),
      // Already in the set by the first command: no other proof is asked, and the first one stays.
      change({ [node(5)]: 6 }, [node(1)]),
    );
    expect(updates).toEqual({
      inserts: [
        { id: node(3), power: 7, possession: null },
        { id: node(4), power: 1, possession: PROOF },
        { id: node(5), power: 6, possession: PROOF },
      ],
      deletes: [node(0), node(1)],
    });
  });

  it('is taken back together with its state when the command throws', async () => {
    const cluster = new FakeCluster({ definition: changer });
    const { service } = cluster.leader;
    const refused = service.submit(Buffer.concat([change({ [node(1)]: 5 }), bytes('!')]));
    const fine = service.submit(change({ [node(2)]: 2 }));
    await Promise.all([cluster.order(), expect(refused).rejects.toMatchObject({ code: 'refused' })]);
    expect(await fine).toMatchObject({ result: bytes('5') });
    expect(powers(service.validatorSets().committed)).toEqual({ '00': 1, '01': 1, '02': 2, '03': 1 });
  });

  it.each<[ValidatorUpdateErrorCode, Uint8Array, RegExp]>([
    ['bad-power', change({ [node(1)]: 0 }), /power must be a whole number of 1 or more.*by removing it/],
    ['bad-power', change({ [node(1)]: 1.5 }), /power must be a whole number/],
    ['bad-power', change({ [node(1)]: 2 ** 53 }), /power must be a whole number/],
    ['total-too-large', change({ [node(1)]: 2 ** 53 - 1 }), /above 9007199254740991; use smaller/],
    ['empty', change({}, [0, 1, 2, 3].map(node)), /no validator would be left/],
    ['duplicate', change({ [node(1)]: 2 }, [node(1)]), /named twice/],
    ['unknown-validator', change({}, [node(7)]), /0707070707070707… is not in the validator set/],
    ['no-change', change({ [node(1)]: 1 }), /nothing would change/],
    ['no-change', change({}), /nothing would change/],
    ['bad-id', change({ ['AB'.repeat(32)]: 1 }), /is no ed25519 key: 64 lower-case hex digits/],
    ['bad-id', change({ abc: 1 }), /"abc" is no ed25519 key/],
    ['bad-possession', change({ [node(4)]: 1 }), /without the proof of possession that it needs/],
    ['bad-possession', change({ [node(4)]: [1, 'other'] }), /is not valid on this chain/],
    ['bad-possession', change({ [node(1)]: [2, 'another'] }), /is not valid on this chain/],
    [
      'too-many',
      change({ [node(4)]: PROVED(1), [node(5)]: PROVED(1), [node(6)]: PROVED(1) }),
      /7 validators, of 6 at most on this chain/,
    ],
  ])('is refused as %s, and says what to do', async (code, command, message) => {
    const cluster = new FakeCluster({ definition: changer });
    const refused = cluster.leader.service.submit(command).catch((error: unknown) => error);
    await cluster.order();
    const { cause } = (await refused) as CommandError;
    expect(cause).toBeInstanceOf(ValidatorUpdateError);
    expect(cause).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(cluster.leader.service.validatorSets().updateHeight).toBeNull();
  });

  it('is refused where the state machine was not made for it', async () => {
    const cluster = new FakeCluster({ definition: { apply: changer.apply } });
    const refused = cluster.leader.service.submit(change({ [node(1)]: 2 })).catch((error: unknown) => error);
    await cluster.order();
    expect(((await refused) as CommandError).cause).toMatchObject({ code: 'not-enabled' });
  });

  it('makes a block worth no vote when it has no such effect here', async () => {
    const cluster = new FakeCluster({ definition: changer });
    void cluster.leader.service.submit(change({ [node(1)]: 2 }));
    const block = await cluster.order();
    // The same command under another name, as a faulty leader may order it: the set is so already.
    const again = cluster.leader.machine.app;
    void cluster.leader.service.submit(change({ [node(1)]: 2 })).catch(() => {});
    const renamed = block.data[1]!.slice();
    renamed[0]! ^= 1;
    const state = cluster.leader.committed;
    const header = (
      await again.produceBlock(
        { view: cluster.view as never, parent: null, state, waitMs: 0 },
        new AbortController().signal,
      )
    ).data[0]!;
    const bad = { ...block, data: [header, renamed] };
    await expect(
      cluster.nodes[3]!.machine.app.validateBlock(
        { block: bad, state, context: 'proposal' },
        new AbortController().signal,
      ),
    ).rejects.toThrow(/apply threw/);
  });
});
