import { describe, expect, it } from 'vitest';
import { createSigner, generateKeys, provePossession } from '../../../src/adapters/native/index.ts';
import { createKeyValueStore } from '../../../src/cli/kv.ts';
import { createValidatorsService, type ValidatorsService } from '../../../src/cli/validators/service.ts';
import { possessionPreimage } from '../../../src/codec/signing.ts';
import { asChainId, asHeight, bytesToHex, type ReplicaId } from '../../../src/index.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import type { SchemeName } from '../../../src/model/scheme.ts';
import { FakeCluster, settle } from '../state-machine/fake-cluster.ts';

/** Nodes whose validators service is the product's own, on replicas that do what the test says. */
class Operators {
  readonly chain;
  readonly keys;
  readonly cluster: FakeCluster;
  readonly services: readonly ValidatorsService[];
  /** Who is connected to everybody. */
  connected: readonly ReplicaId[];

  constructor(scheme: SchemeName = 'ed25519') {
    const limits = { ...DEFAULT_LIMITS, maxValidators: 5 };
    this.chain = { chainId: asChainId(1), scheme, epochLength: 10, leaderTenure: 4, limits };
    this.keys = Array.from({ length: 7 }, (_, at) => generateKeys(scheme, new Uint8Array(32).fill(at + 1)));
    this.connected = this.keys.map(({ id }) => id);
    const store = createKeyValueStore(this.chain);
    const ids = this.keys.slice(0, 4).map(({ id }) => id);
    this.cluster = new FakeCluster({ definition: store, ids });
    this.services = this.cluster.nodes.map((node, at) =>
      createValidatorsService({
        replica: {
          id: node.id,
          chain: this.chain,
          status: () => ({ ...node.status(), peers: this.connected }) as never,
        },
        commands: node.service,
        store,
        signer: createSigner(scheme, this.keys[at]!.secretKey),
        possession: this.possession(at),
        addresses: () => ({ [this.id(at)]: `host${at}:1` }),
      }),
    );
  }

  id(at: number): ReplicaId {
    return this.keys[at]!.id;
  }

  possession(at: number): Uint8Array | null {
    const { scheme, chainId } = this.chain;
    return provePossession(scheme, this.keys[at]!.secretKey, possessionPreimage(chainId, this.id(at)));
  }

  newcomer(at: number, power = 1) {
    const possession = this.possession(at);
    return { id: this.id(at), power, possession: possession && bytesToHex(possession) };
  }

  /** Asks one node, and orders blocks until it has answered. */
  async approve(at: number, json: unknown, how: 'approve' | 'withdraw' = 'approve') {
    const signal = new AbortController().signal;
    const service = this.services[at]!;
    const answer = how === 'approve' ? service.approve(json, signal) : service.withdraw(signal);
    let done = false;
    const end = answer.finally(() => {
      done = true;
    });
    end.catch(() => {});
    // A leader that refuses drops it; its own node hears of it when it leads.
    for (let blocks = 0; blocks < 20 && !done; blocks++) {
      await settle();
      if (done) break;
      await this.cluster.order();
      for (const node of this.cluster.nodes) if (!node.sets.decided) node.decide();
    }
    return end;
  }
}

const refused = (status: number, code: string, message = /./) =>
  expect.objectContaining({ name: 'RefusedUpdate', status, code, message: expect.stringMatching(message) });

describe.each<SchemeName>(['ed25519', 'bls12381'])('operators of validators with %s', (scheme) => {
  it('add, change and remove validators when enough of them ask for the same', async () => {
    const operators = new Operators(scheme);
    const add = { set: [operators.newcomer(4, 2)] };
    expect(await operators.approve(0, add)).toMatchObject({
      status: 'approved',
      number: 1,
      approvedPower: 1,
    });
    expect(await operators.approve(1, add)).toMatchObject({
      status: 'approved',
      approvedPower: 2,
      quorum: 3,
    });
    // Asked again, a node says how things are, and signs nothing.
    const { height } = operators.cluster.nodes[0]!.status();
    expect(await operators.approve(1, add)).toMatchObject({ status: 'approved', approvedPower: 2 });
    expect(operators.cluster.nodes[0]!.status().height).toBe(height);
    expect(operators.services[2]!.status().proposals).toEqual([
      { ...add, remove: [], approvedBy: [operators.id(0), operators.id(1)].sort(), approvedPower: 2 },
    ]);
    expect(await operators.approve(2, { ...add, number: 1 })).toMatchObject({
      status: 'applied',
      totalPower: 6,
    });
    // The power of a member changes without its proof.
    const change = { set: [{ id: operators.id(4), power: 1 }], remove: [operators.id(0)] };
    for (const at of [1, 2]) await operators.approve(at, change);
    expect(await operators.approve(3, change)).toMatchObject({
      status: 'approved',
      approvedPower: 3,
      quorum: 5,
    });
    expect(await operators.approve(0, change)).toMatchObject({ status: 'approved', approvedPower: 4 });
    expect(operators.services[0]!.status()).toMatchObject({
      number: 2,
      updateHeight: expect.any(Number),
      decided: true,
      self: { id: operators.id(0), isValidator: true },
      addresses: { [operators.id(0)]: 'host0:1' },
    });
  });
});

describe('a node', () => {
  it('signs nothing that could never be, or does not fit the set, and says why', async () => {
    const operators = new Operators('bls12381');
    const { possession, ...unproved } = operators.newcomer(4);
    const other = operators.newcomer(5);
    const cases: readonly [unknown, ReturnType<typeof refused>][] = [
      [[], refused(400, 'malformed', /^the body: /)],
      [{ sets: [] }, refused(400, 'malformed', /sets/)],
      [{ set: [{ id: 'ab', power: 0 }] }, refused(400, 'malformed', /^set\.0\.power: it must be at least 1/)],
      [{ set: [{ id: 'ab', power: 2 ** 53 }] }, refused(400, 'malformed', /^set\.0\.power: /)],
      [
        { set: [{ id: 'AB', power: 1 }] },
        refused(400, 'malformed', /^set\.0\.id: it must be lower-case hex/),
      ],
      [{ set: [{ id: 'ab', power: 1 }] }, refused(400, 'bad-id')],
      [{ set: [unproved] }, refused(400, 'bad-possession', /without the proof of possession/)],
      [{ set: [{ ...unproved, possession: other.possession }] }, refused(400, 'bad-possession', /not valid/)],
      [{ set: [{ ...unproved, possession: 'ab' }] }, refused(400, 'bad-possession', /not valid/)],
      [{ remove: [operators.id(5)] }, refused(409, 'unknown-validator')],
      [{ remove: [0, 1, 2, 3].map((at) => operators.id(at)) }, refused(409, 'empty')],
      [{}, refused(409, 'no-change')],
      [{ set: [4, 5].map((at) => operators.newcomer(at)) }, refused(409, 'too-many', /6 validators, of 5/)],
      [{ set: [operators.newcomer(4), operators.newcomer(4)] }, refused(400, 'duplicate')],
    ];
    for (const [json, error] of cases) await expect(operators.approve(0, json)).rejects.toEqual(error);
    expect(operators.cluster.nodes[0]!.status().height).toBeNull();
    expect(possession).toMatch(/^[0-9a-f]{96}$/);
  });

  it('signs no update that would leave the chain without a quorum that is there, unless it is forced to', async () => {
    const operators = new Operators();
    operators.connected = [1, 2, 3].map((at) => operators.id(at));
    const add = { set: [operators.newcomer(4, 3)] };
    await expect(operators.approve(0, add)).rejects.toEqual(
      refused(409, 'unreachable', /power 7 only 4 is connected to this node, and it takes 5/),
    );
    expect(await operators.approve(0, { ...add, force: true })).toMatchObject({ status: 'approved' });
  });

  it('waits for the updates that others have seen, and refuses those that are over', async () => {
    const operators = new Operators();
    const add = { set: [operators.newcomer(4)] };
    const early = operators.approve(3, { remove: [operators.id(4)], number: 2 });
    for (const at of [0, 1, 2]) await operators.approve(at, { ...add, number: 1 });
    expect(await early).toMatchObject({ status: 'approved', number: 2 });
    await expect(operators.approve(3, { ...add, number: 1 })).rejects.toEqual(refused(409, 'wrong-number'));
  });

  it('takes its approval back, if it has given one', async () => {
    const operators = new Operators();
    await expect(operators.approve(1, null, 'withdraw')).rejects.toEqual(refused(409, 'nothing-to-withdraw'));
    await operators.approve(1, { remove: [operators.id(0)] });
    expect(await operators.approve(1, null, 'withdraw')).toMatchObject({ status: 'withdrawn' });
    expect(operators.services[2]!.status().proposals).toEqual([]);
  });

  it('that is no validator says so at once', async () => {
    const operators = new Operators();
    const remove = { remove: [operators.id(0)] };
    for (const at of [1, 2, 3]) await operators.approve(at, remove);
    for (const how of ['approve', 'withdraw'] as const) {
      await expect(operators.approve(0, { set: [operators.newcomer(4)] }, how)).rejects.toEqual(
        refused(409, 'not-a-validator'),
      );
    }
    expect(operators.services[0]!.status().self.isValidator).toBe(false);
  });
});

it('approvals of the key-value store leave no key that a client could read or write', async () => {
  const operators = new Operators();
  await operators.approve(0, { remove: [operators.id(3)] });
  const { service } = operators.cluster.nodes[0]!;
  // UTF-8 has no byte 0xff.
  expect(service.read(Uint8Array.of(0xff, 0)).value).not.toBeNull();
  expect(service.read(Buffer.from('\u00ff\u0000')).value).toBeNull();
  await service.waitForHeight(asHeight(0));
});
