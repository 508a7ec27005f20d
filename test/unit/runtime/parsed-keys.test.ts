import { describe, expect, it } from 'vitest';
import { PoolError } from '../../../src/model/errors.ts';
import { asPower, asReplicaId } from '../../../src/model/ids.ts';
import { createValidatorSet, type ValidatorSet } from '../../../src/model/validator-set.ts';
import { createKeyKeeper } from '../../../src/runtime/parsed-keys.ts';
import { readParsedKeys } from '../../../src/storage/parsed-keys.ts';
import { settle } from './support/held-store.ts';

const bytes = (...values: readonly number[]): Uint8Array => new Uint8Array(values);
const setOf = (digit: string): ValidatorSet =>
  createValidatorSet([{ id: asReplicaId(digit.repeat(64)), power: asPower(1) }]) as ValidatorSet;

type Parse = (set: ValidatorSet) => Promise<Uint8Array | null>;

/** A keeper with what the verifier learned, and the keys that were written. */
function start(stored: Uint8Array | null, parsedKeys?: Parse) {
  const learned: Uint8Array[] = [];
  const written: (Uint8Array | null)[] = [];
  const learnKeys = (keys: Uint8Array): void => void learned.push(keys);
  const keeper = createKeyKeeper({
    verifier: parsedKeys === undefined ? {} : { parsedKeys, learnKeys },
    stored,
    write(records) {
      const get = (key: Uint8Array) => records.get(Buffer.from(key).toString('latin1'))?.value ?? null;
      written.push(readParsedKeys({ get }));
    },
  });
  return { keeper, learned, written };
}

describe('the keys that a store keeps', () => {
  const [one, other] = [setOf('a'), setOf('b')];
  const parsedOf: Parse = async (set) => (set === one ? bytes(1, 2) : bytes(3));

  it("are the verifier's before anything else", () => {
    expect(start(bytes(9), parsedOf).learned).toEqual([bytes(9)]);
    expect(start(null, parsedOf).learned).toEqual([]);
  });

  it.each([
    ['there are none', null, [bytes(1, 2)]],
    ['they are of another set or damaged', bytes(9, 9), [bytes(1, 2)]],
    ['they are right', bytes(1, 2), []],
  ])('are written when %s', async (_, stored, expected) => {
    const { keeper, written } = start(stored, parsedOf);
    keeper.keep(one);
    keeper.keep(one);
    await settle();
    expect(written).toEqual(expected);
  });

  it('follow the validators', async () => {
    const { keeper, written } = start(bytes(1, 2), parsedOf);
    for (const set of [one, other, other, one]) {
      keeper.keep(set);
      await settle();
    }
    expect(written).toEqual([bytes(3), bytes(1, 2)]);
  });

  it('are those of the set that came last, and none after the end', async () => {
    const { keeper, written } = start(null, parsedOf);
    keeper.keep(one);
    keeper.keep(other);
    await settle();
    expect(written).toEqual([bytes(3)]);
    keeper.keep(one);
    keeper.stop();
    await settle();
    expect(written).toHaveLength(1);
  });

  it('are left alone when the verifier keeps none, has none, fails or answers nonsense', async () => {
    const verifiers: readonly (Parse | undefined)[] = [
      undefined,
      async () => null,
      () => Promise.reject(new PoolError('closed')),
      () => {
        throw new Error('no promise');
      },
      async () => 'keys' as never,
    ];
    for (const parsedKeys of verifiers) {
      const { keeper, written } = start(bytes(1), parsedKeys);
      keeper.keep(one);
      await settle();
      expect(written).toEqual([]);
    }
  });

  it('are asked for again after a failure', async () => {
    let calls = 0;
    const { keeper, written } = start(null, async (set) => {
      calls += 1;
      if (calls === 1) throw new PoolError('full');
      return parsedOf(set);
    });
    keeper.keep(one);
    await settle();
    keeper.keep(one);
    await settle();
    expect(written).toEqual([bytes(1, 2)]);
  });
});
