import { describe, expect, it } from 'vitest';
import { openLmdbStore } from '../../src/adapters/lmdb/index.ts';
import { createMemoryNetworkHub, createMemoryStore } from '../../src/adapters/memory/index.ts';
import {
  createSigner,
  generateKeys,
  possessionCheck,
  provePossession,
  signatureCheck,
} from '../../src/adapters/native/index.ts';
import { createVerifier } from '../../src/adapters/piscina/index.ts';
import { createTlsNetwork } from '../../src/adapters/tls/index.ts';
import {
  asChainId,
  asPower,
  ConfigError,
  DEFAULT_LIMITS,
  deriveChainId,
  type GenesisDocument,
  initializeStorage,
  possessionPreimage,
  startReplica,
} from '../../src/index.ts';
import { createStateMachine } from '../../src/state-machine/index.ts';

// What a caller may get wrong, in JavaScript at least: the error names the field and what to do.

/** The value in place of one of any type. */
const wrong = (value: unknown) => value as never;

async function failureOf(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  return 'no failure';
}

describe('a scheme that there is not', () => {
  it.each([
    ['generateKeys', () => generateKeys(wrong('rsa'))],
    ['createSigner', () => createSigner(wrong('rsa'), new Uint8Array(32))],
    ['createVerifier', () => createVerifier({ scheme: wrong('rsa') })],
    ['possessionCheck', () => possessionCheck(wrong('rsa'))],
    ['signatureCheck', () => signatureCheck(wrong('rsa'))],
  ])('is refused by %s', async (_, call) => {
    expect(await failureOf(call)).toBe('scheme: is "rsa"; give "bls12381" or "ed25519"');
  });
});

describe('startReplica', () => {
  const keys = generateKeys('ed25519');
  const whole = () => ({
    app: createStateMachine({ apply: () => undefined }).app,
    store: createMemoryStore(),
    network: createMemoryNetworkHub().connect(keys.id),
    signer: createSigner('ed25519', keys.secretKey),
    verifier: createVerifier({ scheme: 'ed25519', workers: 0 }),
  });

  it.each(['app', 'store', 'network', 'signer', 'verifier'] as const)(
    'says when the %s is missing',
    async (part) => {
      const options = { ...whole(), [part]: undefined };
      expect(await failureOf(() => startReplica(wrong(options)))).toMatch(
        new RegExp(`^${part}: is missing; .*give`),
      );
    },
  );

  it.each([
    ['app', /^app\.produceBlock: is no function; implement App/],
    ['store', /^store\.snapshot: is no function; give one of hotstuff-ts\/lmdb/],
    ['hasher', /^hasher\.merkleRoot: is no function; give nativeHasher/],
    ['clock', /^clock\.now: is no function; implement Clock/],
  ])('says when the %s is something else', async (part, message) => {
    expect(await failureOf(() => startReplica(wrong({ ...whole(), [part]: {} })))).toMatch(message);
  });
});

describe('createStateMachine', () => {
  const apply = () => undefined;
  it.each([
    [{}, /^apply: is missing; give a function/],
    [
      { apply, settings: { maxPending: 0 } },
      /^settings\.maxPending: must be a whole number of 1 or more, not 0$/,
    ],
    [
      { apply, settings: { maxPendin: 1 } },
      /^settings\.maxPendin: there is no such setting; there are maxBlock/,
    ],
    [{ apply, validatorRules: {} }, /^validatorRules\.checkPossession: is missing; give possessionCheck/],
    [
      { apply, validatorRules: { checkPossession: apply } },
      /^validatorRules\.chain: is missing; give the chain/,
    ],
  ])('refuses %j', async (options, message) => {
    expect(await failureOf(() => createStateMachine(wrong(options)))).toMatch(message);
  });
});

describe('adapters', () => {
  it('name what they were not given', async () => {
    expect(await failureOf(() => openLmdbStore(wrong({})))).toMatch(
      /^path: is undefined; it must name a directory/,
    );
    expect(await failureOf(() => createTlsNetwork(wrong({})))).toMatch(
      /^signer: is missing; give createSigner/,
    );
  });
});

describe('initializeStorage', () => {
  const scheme = 'bls12381';
  const pairs = [generateKeys(scheme), generateKeys(scheme)];
  const draft: GenesisDocument = {
    chain: { chainId: asChainId(0), scheme, epochLength: 10, leaderTenure: 4, limits: DEFAULT_LIMITS },
    validators: pairs.map(({ id }) => ({ id, power: asPower(1), possession: null })),
    appState: [
      [Uint8Array.of(2), Uint8Array.of()],
      [Uint8Array.of(1), Uint8Array.of(7)],
    ],
  };
  const chainId = deriveChainId(draft);
  const prove = (at: number, by = at) =>
    provePossession(scheme, pairs[by]!.secretKey, possessionPreimage(chainId, pairs[at]!.id));
  const genesis: GenesisDocument = {
    ...draft,
    chain: { ...draft.chain, chainId },
    validators: draft.validators.map((validator, at) => ({ ...validator, possession: prove(at) })),
  };
  const begin = (document: unknown, replica = pairs[0]!.id, check: unknown = possessionCheck(scheme)) =>
    failureOf(async () => {
      const store = createMemoryStore();
      try {
        await initializeStorage(store, wrong(document), replica, wrong(check));
      } catch (error) {
        expect(store.flushes).toBe(0);
        throw error;
      }
    });

  it('takes a document that is in order, its state in any', async () => {
    expect(await begin(genesis)).toBe('no failure');
  });

  it('refuses a key whose owner has not proved it', async () => {
    const [first, second] = genesis.validators;
    const validators = [first, { ...second, possession: prove(1, 0) }];
    expect(await begin({ ...genesis, validators })).toMatch(
      /^genesis\.validators\[1\]: its key, or its proof of possession, is not valid for the chain \d+; have its owner/,
    );
  });

  it('wants to be able to tell', async () => {
    expect(await failureOf(() => initializeStorage(createMemoryStore(), genesis))).toBe(
      "checkPossession: is missing; a bls12381 chain needs it: give possessionCheck('bls12381') of hotstuff-ts/native",
    );
  });

  const { chain } = genesis;
  const [validator] = genesis.validators;
  it.each([
    [undefined, /^genesis: is missing; give an object/],
    [{}, /^genesis\.chain: is missing/],
    [
      { ...genesis, chain: { ...chain, chainId: undefined } },
      /^genesis\.chain\.chainId: is missing; .*deriveChainId/,
    ],
    [
      { ...genesis, chain: { ...chain, epochLength: 1 } },
      /^genesis\.chain\.epochLength: is 1; give a whole number/,
    ],
    [
      { ...genesis, chain: { ...chain, leaderTenure: 11 } },
      /^genesis\.chain\.leaderTenure: is 11; .* from 1 to 10$/,
    ],
    [{ ...genesis, chain: { ...chain, limits: {} } }, /^genesis\.chain\.limits\.maxBlockBytes: is missing/],
    [{ ...genesis, validators: [] }, /^genesis\.validators: is empty/],
    [
      { ...genesis, validators: [{ ...validator, id: 'ab' }] },
      /^genesis\.validators\[0\]\.id: is "ab"; give 96 bytes/,
    ],
    [
      { ...genesis, validators: [{ ...validator, power: 0 }] },
      /^genesis\.validators\[0\]\.power: is 0; give a whole/,
    ],
    [
      { ...genesis, appState: [[Uint8Array.of(), Uint8Array.of()]] },
      /^genesis\.appState\[0\]\[0\]: is ""; give 1 to/,
    ],
    [
      { ...genesis, appState: [...genesis.appState, ...genesis.appState] },
      /^genesis\.appState\[1\]: .*each key once/,
    ],
    [{ ...genesis, chain: { ...chain, chainId: 0 } }, /^genesis\.chain\.chainId: is 0; give a whole number/],
    [{ ...genesis, appState: [1] }, /^genesis\.appState\[0\]: is 1; give a list/],
  ])('names the field that is wrong (%#)', async (document, message) => {
    expect(await begin(document)).toMatch(message);
  });

  it('refuses a name that no replica of the scheme has', async () => {
    expect(await begin(genesis, wrong('ab'))).toMatch(
      /^replica: is no id of the scheme bls12381, which has 192/,
    );
  });
});
