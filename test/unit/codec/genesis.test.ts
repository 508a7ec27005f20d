import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { chainIdOf, deriveChainId, encodeGenesis, genesisHash } from '../../../src/codec/genesis.ts';
import {
  formatGenesis,
  genesisFromJson,
  genesisToJson,
  parseGenesis,
} from '../../../src/codec/genesis-json.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { ConfigError } from '../../../src/model/errors.ts';
import type { GenesisDocument } from '../../../src/model/genesis.ts';
import { bytesToHex } from '../../../src/model/hex.ts';
import { asChainId, asPower, asReplicaId } from '../../../src/model/ids.ts';

const validator = (digits: string, power = 1): GenesisDocument['validators'][number] => ({
  id: asReplicaId(digits.repeat(96)),
  power: asPower(power),
  possession: new Uint8Array(48).fill(3),
});

const DOCUMENT: GenesisDocument = {
  chain: {
    chainId: asChainId(77),
    scheme: 'bls12381',
    epochLength: 10,
    leaderTenure: 4,
    limits: DEFAULT_LIMITS,
  },
  validators: [validator('0a'), validator('0b', 2)],
  appState: [
    [new Uint8Array([1]), new Uint8Array([9, 9])],
    [new Uint8Array([1, 0]), new Uint8Array(0)],
  ],
};

const ED25519: GenesisDocument = {
  ...DOCUMENT,
  chain: { ...DOCUMENT.chain, scheme: 'ed25519' },
  validators: [{ id: asReplicaId('0c'.repeat(32)), power: asPower(5), possession: null }],
};

const withChain = (chain: Partial<GenesisDocument['chain']>): GenesisDocument => ({
  ...DOCUMENT,
  chain: { ...DOCUMENT.chain, ...chain },
});

describe('the canonical bytes', () => {
  it('are frozen', () => {
    const limits = '0000200000000000000001000000000000100000000000000001000000000000' + '0000400000000000';
    const state = '02000000' + '0100000001' + '020000000909' + '020000000100' + '00000000';
    const possession = `01${'03'.repeat(48)}`;
    const validators = `02000000${'0a'.repeat(96)}0100000000000000${possession}${'0b'.repeat(96)}0200000000000000${possession}`;
    expect(bytesToHex(encodeGenesis(DOCUMENT))).toBe(
      `01${'4d00000000000000'}00${'0a000000'}${'04000000'}${limits}${validators}${state}`,
    );
  });

  it('do not depend on the order in which things are said', () => {
    const reversed = {
      ...DOCUMENT,
      validators: DOCUMENT.validators.toReversed(),
      appState: DOCUMENT.appState.toReversed(),
    };
    expect(encodeGenesis(reversed)).toEqual(encodeGenesis(DOCUMENT));
  });

  it('differ whenever anything differs', () => {
    const others: GenesisDocument[] = [
      withChain({ chainId: asChainId(78) }),
      withChain({ epochLength: 11 }),
      withChain({ leaderTenure: 3 }),
      ...(Object.keys(DEFAULT_LIMITS) as (keyof typeof DEFAULT_LIMITS)[]).map((limit) =>
        withChain({ limits: { ...DEFAULT_LIMITS, [limit]: DEFAULT_LIMITS[limit] + 1 } }),
      ),
      { ...DOCUMENT, validators: [validator('0a'), validator('0b', 3)] },
      { ...DOCUMENT, validators: [validator('0a')] },
      { ...DOCUMENT, validators: [validator('0a'), { ...validator('0b', 2), possession: null }] },
      { ...DOCUMENT, appState: [] },
      { ...DOCUMENT, appState: DOCUMENT.appState.slice(1) },
      ED25519,
    ];
    const hashes = new Set([DOCUMENT, ...others].map((document) => bytesToHex(genesisHash(document))));
    expect(hashes.size).toBe(others.length + 1);
  });
});

describe('the chain id', () => {
  it('is the first 53 bits of the hash of everything but itself and the proofs that are over it', () => {
    const validators = DOCUMENT.validators.map((each) => ({ ...each, possession: null }));
    const bytes = encodeGenesis({ ...DOCUMENT, validators });
    expect(deriveChainId({ ...DOCUMENT, validators })).toBe(deriveChainId(DOCUMENT));
    const without = Buffer.concat([bytes.subarray(0, 1), bytes.subarray(9)]);
    const digest = createHash('sha256').update(without).digest();
    expect(BigInt(deriveChainId(DOCUMENT))).toBe(digest.readBigUInt64BE(0) >> 11n);
    expect(deriveChainId(withChain({ chainId: asChainId(1) }))).toBe(deriveChainId(DOCUMENT));
    expect(deriveChainId(withChain({ epochLength: 11 }))).not.toBe(deriveChainId(DOCUMENT));
  });

  it('is never 0 and never above 2^53 - 1', () => {
    expect(chainIdOf(new Uint8Array(32))).toBe(1);
    expect(chainIdOf(new Uint8Array([0, 0, 0, 0, 0, 0, 7]))).toBe(1);
    expect(chainIdOf(new Uint8Array([0, 0, 0, 0, 0, 0, 16]))).toBe(2);
    expect(chainIdOf(new Uint8Array(32).fill(255))).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('genesis.json', () => {
  it.each([
    ['bls12381', DOCUMENT],
    ['ed25519', ED25519],
  ])('brings back a document of %s', (_, document) => {
    expect(parseGenesis(formatGenesis(document))).toEqual(document);
    expect(genesisHash(parseGenesis(formatGenesis(document)))).toEqual(genesisHash(document));
  });

  it('gives a chain without an id the derived one', () => {
    const { chainId: _, ...chain } = genesisToJson(DOCUMENT).chain;
    const document = genesisFromJson({ ...genesisToJson(DOCUMENT), chain });
    expect(document.chain.chainId).toBe(deriveChainId(DOCUMENT));
  });

  const json = genesisToJson(DOCUMENT);
  const chain = (changes: object): unknown => ({ ...json, chain: { ...json.chain, ...changes } });
  const limits = (changes: object): unknown => chain({ limits: { ...json.chain.limits, ...changes } });
  const first = (changes: object): unknown => ({
    ...json,
    validators: [{ ...json.validators[0], ...changes }, json.validators[1]],
  });
  const state = (appState: unknown): unknown => ({ ...json, appState });

  it.each<readonly [string, unknown, string, string]>([
    ['no object', [], 'genesis', 'give an object'],
    ['null', null, 'genesis', 'is null; give an object'],
    ['an unknown field', { ...json, extra: 1 }, 'genesis.extra', 'is unknown; remove it'],
    ['a missing field', { chain: json.chain, appState: [] }, 'genesis.validators', 'is missing'],
    ['an unknown chain field', chain({ viewTime: 1 }), 'genesis.chain.viewTime', 'is unknown'],
    ['chain id 0', chain({ chainId: 0 }), 'genesis.chain.chainId', 'from 1 to 9007199254740991'],
    ['a chain id of 2^53', chain({ chainId: 2 ** 53 }), 'genesis.chain.chainId', 'from 1 to'],
    ['an unknown scheme', chain({ scheme: 'rsa' }), 'genesis.chain.scheme', 'is "rsa"; give "bls12381" or'],
    ['an epoch of 1', chain({ epochLength: 1 }), 'genesis.chain.epochLength', 'from 2 to 1000000'],
    ['half an epoch', chain({ epochLength: 2.5 }), 'genesis.chain.epochLength', 'is 2.5'],
    ['an epoch in words', chain({ epochLength: '10' }), 'genesis.chain.epochLength', 'is "10"'],
    ['an endless epoch', chain({ epochLength: 1_000_001 }), 'genesis.chain.epochLength', 'from 2 to'],
    ['no tenure', chain({ leaderTenure: 0 }), 'genesis.chain.leaderTenure', 'from 1 to 10'],
    ['a tenure beyond the epoch', chain({ leaderTenure: 11 }), 'genesis.chain.leaderTenure', 'from 1 to 10'],
    ['a limit of 0', limits({ maxDatums: 0 }), 'genesis.chain.limits.maxDatums', 'from 1 to'],
    [
      'a limit too large',
      limits({ maxBlockBytes: 2 ** 29 }),
      'genesis.chain.limits.maxBlockBytes',
      'from 1 to',
    ],
    [
      'a missing limit',
      chain({ limits: { maxDatums: 1 } }),
      'genesis.chain.limits.maxBlockBytes',
      'is missing',
    ],
    ['no list', { ...json, validators: {} }, 'genesis.validators', 'give a list'],
    ['no validators', { ...json, validators: [] }, 'genesis.validators', 'is empty'],
    ['too many validators', limits({ maxValidators: 1 }), 'genesis.validators', 'names 2 validators; give 1'],
    [
      'a validator twice',
      { ...json, validators: [json.validators[0], json.validators[0]] },
      'genesis.validators',
      'twice',
    ],
    ['power 0', first({ power: 0 }), 'genesis.validators[0].power', 'from 1 to'],
    ['too much power', first({ power: Number.MAX_SAFE_INTEGER }), 'genesis.validators', 'sum above 2^53 - 1'],
    ['a short id', first({ id: '00' }), 'genesis.validators[0].id', 'give 96 bytes as lower-case hex'],
    ['an id in capitals', first({ id: '0A'.repeat(96) }), 'genesis.validators[0].id', 'lower-case hex'],
    ['no possession', first({ possession: null }), 'genesis.validators[0].possession', 'give 48 bytes'],
    ['an unknown validator field', first({ name: 'a' }), 'genesis.validators[0].name', 'is unknown'],
    ['a pair of one', state([['00']]), 'genesis.appState[0]', 'has 1 items; give [key, value]'],
    ['an empty key', state([['', '00']]), 'genesis.appState[0][0]', 'give 1 to 1024 bytes'],
    ['a long key', state([['00'.repeat(1_025), '00']]), 'genesis.appState[0][0]', 'give 1 to 1024 bytes'],
    ['a value that is not hex', state([['00', 'xy']]), 'genesis.appState[0][1]', 'give any bytes'],
    ['half a byte', state([['00', '0']]), 'genesis.appState[0][1]', 'lower-case hex'],
    [
      'a key twice',
      state([
        ['00', ''],
        ['00', '01'],
      ]),
      'genesis.appState[1]',
      'give each key once, ascending',
    ],
    [
      'keys out of order',
      state([
        ['01', ''],
        ['00ff', ''],
      ]),
      'genesis.appState[1]',
      'out of order',
    ],
  ])('refuses %s and says what to do', (_, value, field, remedy) => {
    const fault = faultOf(() => genesisFromJson(value));
    expect(fault.field).toBe(field);
    expect(fault.message).toContain(remedy);
  });

  it('refuses possessions where the scheme has none', () => {
    const { validators, ...rest } = genesisToJson(ED25519);
    const fault = faultOf(() =>
      genesisFromJson({ ...rest, validators: [{ ...validators[0], possession: '00' }] }),
    );
    expect(fault.field).toBe('genesis.validators[0].possession');
    expect(fault.message).toContain('leave it out');
  });

  it('refuses text that is not JSON', () => {
    const fault = faultOf(() => parseGenesis('{"chain": '));
    expect(fault.message).toMatch(/^genesis: is not JSON: /);
    expect(fault.cause).toBeInstanceOf(SyntaxError);
  });

  it('is not fooled by inherited fields', () => {
    const text = formatGenesis(DOCUMENT).replace('"appState"', '"__proto__"');
    expect(faultOf(() => parseGenesis(text)).field).toBe('genesis.__proto__');
  });

  it('shows only the beginning of a long value', () => {
    const fault = faultOf(() => genesisFromJson(chain({ scheme: 'x'.repeat(10_000) })));
    expect(fault.message.length).toBeLessThan(200);
  });
});

function faultOf(run: () => unknown): ConfigError {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
