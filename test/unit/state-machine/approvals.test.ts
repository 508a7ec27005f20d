import { describe, expect, it } from 'vitest';
import {
  createSigner,
  generateKeys,
  type KeyPair,
  possessionCheck,
  provePossession,
  signatureCheck,
} from '../../../src/adapters/native/index.ts';
import { possessionPreimage } from '../../../src/codec/signing.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { asChainId, asHeight, asPower, type ReplicaId } from '../../../src/model/ids.ts';
import { SCHEME_SIZES, type SchemeName } from '../../../src/model/scheme.ts';
import {
  createValidatorSet,
  powerOf,
  type ValidatorSet,
  type ValidatorSetUpdates,
} from '../../../src/model/validator-set.ts';
import {
  type ApprovalErrorCode,
  type ApprovalOutcome,
  type Approvals,
  createApprovals,
  type ProposedUpdate,
} from '../../../src/state-machine/index.ts';
import {
  createValidatorChanges,
  type ValidatorChanges,
} from '../../../src/state-machine/validators-draft.ts';

const PREFIX = Uint8Array.of(0xff);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A state of one chain, and validators who approve. */
class Chain {
  readonly scheme: SchemeName;
  readonly chain;
  readonly keys: readonly KeyPair[];
  readonly approvals: Approvals;
  readonly state = new Map<string, Uint8Array>();
  /** Signatures looked at. */
  checks = 0;
  height = 0;
  set: ValidatorSet;
  #changes: ValidatorChanges | null = null;

  constructor(scheme: SchemeName, powers: readonly number[], spare = 2, chainId = 7) {
    this.scheme = scheme;
    const parameters = { epochLength: 10, leaderTenure: 4, limits: DEFAULT_LIMITS };
    this.chain = { chainId: asChainId(chainId), scheme, ...parameters };
    const pairs = Array.from({ length: powers.length + spare }, (_, at) =>
      generateKeys(scheme, new Uint8Array(32).fill(at + 1)),
    );
    this.keys = pairs;
    const validators = powers.map((power, at) => ({ id: this.id(at), power: asPower(power) }));
    this.set = createValidatorSet(validators) as ValidatorSet;
    const verify = signatureCheck(scheme);
    this.approvals = createApprovals({
      chain: this.chain,
      keyPrefix: PREFIX,
      verify: (check) => {
        this.checks += 1;
        return verify(check);
      },
    });
  }

  id(at: number): ReplicaId {
    return this.keys[at]!.id;
  }

  possession(at: number): Uint8Array | null {
    const preimage = possessionPreimage(this.chain.chainId, this.id(at));
    return provePossession(this.scheme, this.keys[at]!.secretKey, preimage);
  }

  insert(at: number, power: number, possession = this.possession(at)) {
    return { id: this.id(at), power: asPower(power), possession };
  }

  async command(at: number, proposed: ProposedUpdate, turn = this.turnOf(at)): Promise<Uint8Array> {
    const signer = createSigner(this.scheme, this.keys[at]!.secretKey);
    const signature = await signer.sign(this.approvals.preimage(proposed, turn));
    return this.approvals.encode({ signer: this.id(at), turn, signature, proposed });
  }

  turnOf(at: number): number {
    return this.approvals.nextTurn(this.draft, this.id(at));
  }

  /** A command in a block of its own, or in the one before it. */
  apply(command: Uint8Array, block: 'next' | 'same' = 'next'): ApprovalOutcome {
    if (block === 'next') this.height += 1;
    const rules = { chain: this.chain, checkPossession: possessionCheck(this.scheme) };
    this.#changes = createValidatorChanges(rules, { validatorSet: this.set });
    const outcome = this.approvals.apply(command, this.draft, {
      height: asHeight(this.height),
      validators: this.#changes.draft,
    });
    this.set = this.#changes.draft.set;
    return outcome;
  }

  readonly draft = {
    get: (key: Uint8Array) => this.state.get(hex(key)) ?? null,
    set: (key: Uint8Array, value: Uint8Array) => void this.state.set(hex(key), value),
    delete: (key: Uint8Array) => void this.state.delete(hex(key)),
  };

  async approve(at: number, proposed: ProposedUpdate, block: 'next' | 'same' = 'next') {
    return this.apply(await this.command(at, proposed), block);
  }

  get open() {
    return this.approvals.read(this.draft);
  }
}

const update = (number: number, updates: Partial<ValidatorSetUpdates>): ProposedUpdate => ({
  number,
  updates: { inserts: [], deletes: [], ...updates },
});

const refusedAs = (code: ApprovalErrorCode) => expect.objectContaining({ name: 'ApprovalError', code });

describe.each<SchemeName>(['ed25519', 'bls12381'])('approvals with %s', (scheme) => {
  it('make an update once a quorum of power has signed it, and not before', async () => {
    const chain = new Chain(scheme, [1, 1, 1, 1]);
    const proposed = update(1, { inserts: [chain.insert(4, 3)], deletes: [chain.id(0)] });
    expect(await chain.approve(2, proposed)).toBe('approved');
    expect(await chain.approve(0, proposed)).toBe('approved');
    expect(chain.open).toEqual({
      number: 1,
      proposals: [{ updates: proposed.updates, approvedBy: [chain.id(0), chain.id(2)].sort() }],
    });
    expect(powerOf(chain.set, chain.id(4))).toBe(0);
    expect(await chain.approve(1, proposed)).toBe('applied');
    expect(chain.set.validators.map(({ power }) => power).sort()).toEqual([1, 1, 1, 3]);
    expect([powerOf(chain.set, chain.id(4)), powerOf(chain.set, chain.id(0))]).toEqual([3, 0]);
    expect(chain.open).toEqual({ number: 2, proposals: [] });
    expect(chain.state.size).toBe(1);
  });

  it('count by power, of the set as it is', async () => {
    const chain = new Chain(scheme, [5, 1, 1]);
    const raise = update(1, { inserts: [{ id: chain.id(1), power: asPower(2), possession: null }] });
    expect(await chain.approve(0, raise)).toBe('applied');
    const all = update(2, { inserts: [chain.insert(3, 10)], deletes: [0, 1, 2].map((at) => chain.id(at)) });
    expect(chain.set.quorum).toBe(6);
    expect(await chain.approve(1, all)).toBe('approved');
    expect(await chain.approve(2, all)).toBe('approved');
    // The whole set is replaced; who was in it has no say any more.
    expect(await chain.approve(0, all)).toBe('applied');
    expect(chain.set.validators).toEqual([{ id: chain.id(3), power: 10 }]);
    await expect(chain.approve(0, update(3, { inserts: [chain.insert(0, 1)] }))).rejects.toEqual(
      refusedAs('not-a-validator'),
    );
  });

  it('count nothing under another signer, update, number or chain', async () => {
    const chain = new Chain(scheme, [1, 1, 1, 1]);
    const proposed = update(1, { inserts: [chain.insert(4, 1)] });
    const [first, second] = [await chain.command(0, proposed), await chain.command(1, proposed)];
    const stolen = second.slice();
    const keySize = chain.id(0).length / 2;
    stolen.set(first.subarray(0, keySize), 0);
    expect(() => chain.apply(stolen)).toThrow(refusedAs('bad-signature'));
    const other = await chain.command(0, update(1, { inserts: [chain.insert(5, 1)] }));
    const swapped = other.slice();
    swapped.set(first.subarray(keySize, keySize + SCHEME_SIZES[scheme].vote), keySize);
    expect(() => chain.apply(swapped)).toThrow(refusedAs('bad-signature'));
    const elsewhere = new Chain(scheme, [1, 1, 1, 1], 2, 8);
    expect(() => elsewhere.apply(first)).toThrow(refusedAs('bad-signature'));
    await expect(chain.approve(0, update(2, proposed.updates))).rejects.toEqual(refusedAs('wrong-number'));
    await expect(chain.approve(4, proposed)).rejects.toEqual(refusedAs('not-a-validator'));
    expect(chain.open).toEqual({ number: 1, proposals: [] });
  });

  it('of an update that is made cannot be used again', async () => {
    const chain = new Chain(scheme, [1, 1, 1, 1]);
    const add = update(1, { inserts: [chain.insert(4, 1)] });
    const old = await Promise.all([0, 1, 2, 3].map((at) => chain.command(at, add)));
    for (const command of old.slice(0, 3)) chain.apply(command);
    const remove = update(2, { deletes: [chain.id(4)] });
    for (const at of [0, 1, 2]) await chain.approve(at, remove);
    expect(await chain.approve(3, remove)).toBe('applied');
    for (const command of old) expect(() => chain.apply(command)).toThrow(refusedAs('wrong-number'));
  });

  it('are refused when they are malformed, whatever was cut off, added or turned', async () => {
    const chain = new Chain(scheme, [1, 1, 1, 1]);
    const command = await chain.command(
      0,
      update(1, { inserts: [chain.insert(4, 1)], deletes: [chain.id(1)] }),
    );
    const checks = chain.checks;
    for (let size = 0; size < command.length; size++) {
      expect(() => chain.apply(command.subarray(0, size))).toThrow(refusedAs('malformed'));
    }
    expect(() => chain.apply(Buffer.concat([command, Uint8Array.of(0)]))).toThrow(refusedAs('malformed'));
    expect(chain.checks).toBe(checks);
    for (let at = 0; at < command.length; at++) {
      const turned = command.slice();
      turned[at]! ^= 0x10;
      expect(() => chain.apply(turned)).toThrow(/./);
    }
    expect(chain.open).toEqual({ number: 1, proposals: [] });
    expect(chain.apply(command)).toBe('approved');
  });
});

describe('an approval', () => {
  it('moves to another update, and leaves no trace of one that nobody approves any more', async () => {
    const chain = new Chain('ed25519', [1, 1, 1, 1]);
    const [one, other] = [4, 5].map((at) => update(1, { inserts: [chain.insert(at, 1)] })) as [
      ProposedUpdate,
      ProposedUpdate,
    ];
    await chain.approve(0, one);
    await chain.approve(1, one);
    await chain.approve(0, other);
    expect(chain.open.proposals).toHaveLength(2);
    await chain.approve(2, other);
    await chain.approve(1, other);
    expect(chain.open).toEqual({ number: 2, proposals: [] });
    expect([powerOf(chain.set, chain.id(4)), powerOf(chain.set, chain.id(5))]).toEqual([0, 1]);
    expect(chain.state.size).toBe(1);
  });

  it('can be withdrawn, by the one who gave it', async () => {
    const chain = new Chain('ed25519', [1, 1, 1, 1]);
    const proposed = update(1, { inserts: [chain.insert(4, 1)] });
    await expect(chain.approve(0, update(1, {}))).rejects.toEqual(refusedAs('nothing-to-withdraw'));
    await chain.approve(0, proposed);
    await chain.approve(1, proposed);
    expect(await chain.approve(0, update(1, {}))).toBe('withdrawn');
    expect(chain.open.proposals).toEqual([{ updates: proposed.updates, approvedBy: [chain.id(1)] }]);
    expect(await chain.approve(1, update(1, {}))).toBe('withdrawn');
    expect(chain.state.size).toBe(1);
    expect(await chain.approve(2, proposed)).toBe('approved');
  });

  it('counts no more once it is withdrawn or moved, whoever brings it back, and neither does a withdrawal', async () => {
    const chain = new Chain('ed25519', [1, 1, 1, 1]);
    const [one, other] = [4, 5].map((at) => update(1, { inserts: [chain.insert(at, 1)] })) as [
      ProposedUpdate,
      ProposedUpdate,
    ];
    const given = await Promise.all([chain.command(0, one), chain.command(1, one)]);
    for (const command of given) chain.apply(command);
    const withdrawal = await chain.command(0, update(1, {}));
    expect(chain.apply(withdrawal)).toBe('withdrawn');
    expect(await chain.approve(1, other)).toBe('approved');
    for (const command of given) expect(() => chain.apply(command)).toThrow(refusedAs('wrong-turn'));
    expect(await chain.approve(2, one)).toBe('approved');
    expect(await chain.approve(0, one)).toBe('approved');
    expect(() => chain.apply(withdrawal)).toThrow(refusedAs('wrong-turn'));
    await expect(chain.approve(3, one)).resolves.toBe('applied');
    expect(chain.state.size).toBe(1);
    // Of the next update everybody has all turns again.
    expect([0, 1, 2, 3].map((at) => chain.turnOf(at))).toEqual([1, 1, 1, 1]);
  });

  it('is of the turn that it was signed for', async () => {
    const chain = new Chain('ed25519', [1, 1, 1, 1]);
    const proposed = update(1, { inserts: [chain.insert(4, 1)] });
    const command = await chain.command(0, proposed, 2);
    expect(() => chain.apply(command)).toThrow(refusedAs('wrong-turn'));
    const forged = command.slice();
    forged[chain.id(0).length / 2] = 1;
    expect(() => chain.apply(forged)).toThrow(refusedAs('bad-signature'));
  });

  it('is given once, and once in a block, before any signature is looked at', async () => {
    const chain = new Chain('ed25519', [1, 1, 1, 1]);
    const proposed = update(1, { inserts: [chain.insert(4, 1)] });
    await chain.approve(0, proposed);
    const { checks } = chain;
    await expect(chain.approve(0, proposed)).rejects.toEqual(refusedAs('already-approved'));
    const other = update(1, { inserts: [chain.insert(5, 1)] });
    await chain.approve(0, other);
    await expect(chain.approve(0, proposed, 'same')).rejects.toEqual(refusedAs('too-many'));
    expect(chain.checks).toBe(checks + 1);
    expect(await chain.approve(0, proposed)).toBe('approved');
  });

  it('is refused when its update makes no set, and the set stays as it is when a proof is bad', async () => {
    const chain = new Chain('bls12381', [1, 1, 1]);
    await expect(chain.approve(0, update(1, { deletes: [chain.id(4)] }))).rejects.toMatchObject({
      code: 'unknown-validator',
    });
    const stolen = update(1, { inserts: [chain.insert(3, 1, chain.possession(4))] });
    await chain.approve(0, stolen);
    await chain.approve(1, stolen);
    await expect(chain.approve(2, stolen)).rejects.toMatchObject({ code: 'bad-possession' });
    expect(powerOf(chain.set, chain.id(3))).toBe(0);
  });
});
