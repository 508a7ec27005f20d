import type { ChainLimits, ChainParameters } from '../model/chain.ts';
import { ConfigError } from '../model/errors.ts';
import type { GenesisDocument } from '../model/genesis.ts';
import { bytesToHex, hexToBytes } from '../model/hex.ts';
import { asChainId, asPower, asReplicaId, MAX_INTEGER } from '../model/ids.ts';
import { SCHEME_SIZES, type SchemeName } from '../model/scheme.ts';
import { createValidatorSet, type ValidatorSetFault } from '../model/validator-set.ts';
import { deriveChainId } from './genesis.ts';

// genesis.json: the genesis document for people. Bytes are lower-case hex; every field must be there but
// `chain.chainId`, which is derived when it is left out, and `possession`, which Ed25519 has not.

/** What genesis.json holds. */
export interface GenesisJson {
  readonly chain: {
    readonly chainId?: number;
    readonly scheme: SchemeName;
    readonly epochLength: number;
    readonly leaderTenure: number;
    readonly limits: ChainLimits;
  };
  readonly validators: readonly {
    readonly id: string;
    readonly power: number;
    readonly possession?: string | null;
  }[];
  readonly appState: readonly (readonly [key: string, value: string])[];
}

/** An epoch of one view would have no views to vote in; one of more than a million would end too late to help. */
const EPOCH_LENGTH = { min: 2, max: 1_000_000 };

/** What each limit may be. Blocks and sync responses are frames, held in memory as a whole, several at a time. */
const LIMITS: { readonly [Limit in keyof ChainLimits]: { readonly min: number; readonly max: number } } = {
  maxBlockBytes: { min: 1, max: 2 ** 28 },
  maxDatums: { min: 1, max: 2 ** 24 },
  maxValidators: { min: 1, max: 2 ** 16 },
  maxSyncBlocks: { min: 1, max: 2 ** 16 },
  maxSyncBytes: { min: 1, max: 2 ** 28 },
};

/** Keys of the app state are 1 to so many bytes long. */
const MAX_KEY_BYTES = 1_024;

/** The text of genesis.json. */
export function formatGenesis(document: GenesisDocument): string {
  return `${JSON.stringify(genesisToJson(document), null, 2)}\n`;
}

/** Reads the text of genesis.json. Throws `ConfigError` that names the field and what is allowed. */
export function parseGenesis(text: string): GenesisDocument {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw notJson(cause as Error);
  }
  return genesisFromJson(json);
}

const notJson = (cause: Error): ConfigError =>
  new ConfigError('genesis', `is not JSON: ${cause.message}`, { cause });

export function genesisToJson({ chain, validators, appState }: GenesisDocument): GenesisJson {
  const { chainId, scheme, epochLength, leaderTenure, limits } = chain;
  return {
    chain: { chainId, scheme, epochLength, leaderTenure, limits: { ...limits } },
    validators: validators.map(({ id, power, possession }) => ({
      id,
      power,
      ...(possession === null ? {} : { possession: bytesToHex(possession) }),
    })),
    appState: appState.map(([key, value]) => [bytesToHex(key), bytesToHex(value)] as const),
  };
}

/**
 * Checks everything that can be checked without cryptography: shape, bounds, that nothing is said twice and nothing
 * unknown is said. Proofs of possession are for the verifier. Throws `ConfigError`.
 */
export function genesisFromJson(json: unknown): GenesisDocument {
  const { chain, validators, appState } = fieldsOf(json, 'genesis', ['chain', 'validators', 'appState']);
  const { derived, parameters } = chainFrom(chain);
  const document: GenesisDocument = {
    chain: parameters,
    validators: validatorsFrom(validators, parameters),
    appState: appStateFrom(appState),
  };
  if (!derived) return document;
  return { ...document, chain: { ...parameters, chainId: deriveChainId(document) } };
}

/**
 * Checks a document that a program made as `genesisFromJson` checks one that was read, but for the order of the app
 * state, which may be any. Throws `ConfigError`.
 */
export function checkGenesis(document: GenesisDocument): void {
  const json = asJson(document);
  const fields = fieldsOf(json, 'genesis', ['chain', 'validators', 'appState']);
  const { chain } = genesisFromJson({ ...fields, appState: inOrderOfKeys(fields.appState) });
  if (chain.chainId === document.chain.chainId) return;
  throw new ConfigError('genesis.chain.chainId', 'is missing; take what deriveChainId makes of the document');
}

/** Bytes become hex, wherever they are. */
function asJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return bytesToHex(value);
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, asJson(field)]));
}

/** What are no pairs stay where they are, and are found there. */
const inOrderOfKeys = (pairs: unknown): unknown =>
  Array.isArray(pairs) ? pairs.toSorted((a, b) => (a?.[0] < b?.[0] ? -1 : 1)) : pairs;

function chainFrom(json: unknown): { readonly derived: boolean; readonly parameters: ChainParameters } {
  const at = 'genesis.chain';
  const required = ['scheme', 'epochLength', 'leaderTenure', 'limits'] as const;
  const fields = fieldsOf(json, at, required, ['chainId']);
  const derived = fields.chainId === undefined;
  const chainId = derived ? 1 : wholeNumber(fields.chainId, `${at}.chainId`, 1, MAX_INTEGER);
  const scheme = schemeFrom(fields.scheme, `${at}.scheme`);
  const epochLength = wholeNumber(
    fields.epochLength,
    `${at}.epochLength`,
    EPOCH_LENGTH.min,
    EPOCH_LENGTH.max,
  );
  const leaderTenure = wholeNumber(fields.leaderTenure, `${at}.leaderTenure`, 1, epochLength);
  const limits = limitsFrom(fields.limits, `${at}.limits`);
  return { derived, parameters: { chainId: asChainId(chainId), scheme, epochLength, leaderTenure, limits } };
}

function schemeFrom(value: unknown, at: string): SchemeName {
  if (value === 'bls12381' || value === 'ed25519') return value;
  throw new ConfigError(at, `is ${shown(value)}; give "bls12381" or "ed25519"`);
}

function limitsFrom(json: unknown, at: string): ChainLimits {
  const names = Object.keys(LIMITS) as (keyof ChainLimits)[];
  const fields = fieldsOf(json, at, names);
  const limit = (name: keyof ChainLimits): number =>
    wholeNumber(fields[name], `${at}.${name}`, LIMITS[name].min, LIMITS[name].max);
  return {
    maxBlockBytes: limit('maxBlockBytes'),
    maxDatums: limit('maxDatums'),
    maxValidators: limit('maxValidators'),
    maxSyncBlocks: limit('maxSyncBlocks'),
    maxSyncBytes: limit('maxSyncBytes'),
  };
}

const SET_FAULTS: { readonly [Fault in ValidatorSetFault]: string } = {
  empty: 'is empty; give at least one validator',
  'power-not-positive': 'has a power that is not positive; give powers of 1 or more',
  'total-too-large': 'has powers with a sum above 2^53 - 1; give smaller ones',
  duplicate: 'names a validator twice; give each id once',
};

function validatorsFrom(json: unknown, chain: ChainParameters): GenesisDocument['validators'] {
  const at = 'genesis.validators';
  const validators = listOf(json, at).map((entry, index) =>
    validatorFrom(entry, `${at}[${index}]`, chain.scheme),
  );
  if (validators.length > chain.limits.maxValidators) {
    const limit = chain.limits.maxValidators;
    throw new ConfigError(
      at,
      `names ${validators.length} validators; give ${limit} at most, or raise genesis.chain.limits.maxValidators`,
    );
  }
  const set = createValidatorSet(validators);
  if (typeof set === 'string') throw new ConfigError(at, SET_FAULTS[set]);
  return validators;
}

function validatorFrom(json: unknown, at: string, scheme: SchemeName): GenesisDocument['validators'][number] {
  const fields = fieldsOf(json, at, ['id', 'power'], ['possession']);
  const sizes = SCHEME_SIZES[scheme];
  const id = bytesToHex(hexFrom(fields.id, `${at}.id`, sizes.publicKey, sizes.publicKey));
  const power = wholeNumber(fields.power, `${at}.power`, 1, MAX_INTEGER);
  return {
    id: asReplicaId(id),
    power: asPower(power),
    possession: possessionFrom(fields.possession ?? null, `${at}.possession`, scheme),
  };
}

function possessionFrom(value: unknown, at: string, scheme: SchemeName): Uint8Array | null {
  const size = SCHEME_SIZES[scheme].possession;
  if (size > 0) return hexFrom(value, at, size, size);
  if (value === null) return null;
  throw new ConfigError(at, `is ${shown(value)}; leave it out, ${scheme} has no proofs of possession`);
}

function appStateFrom(json: unknown): GenesisDocument['appState'] {
  const at = 'genesis.appState';
  const pairs = listOf(json, at).map((pair, index) => {
    const items = listOf(pair, `${at}[${index}]`);
    if (items.length !== 2) {
      throw new ConfigError(`${at}[${index}]`, `has ${items.length} items; give [key, value], both as hex`);
    }
    const key = hexFrom(items[0], `${at}[${index}][0]`, 1, MAX_KEY_BYTES);
    return [key, hexFrom(items[1], `${at}[${index}][1]`, 0, MAX_INTEGER)] as const;
  });
  for (let index = 1; index < pairs.length; index++) {
    const order = Buffer.compare(
      (pairs[index - 1] as (typeof pairs)[0])[0],
      (pairs[index] as (typeof pairs)[0])[0],
    );
    if (order >= 0)
      throw new ConfigError(`${at}[${index}]`, 'is out of order; give each key once, ascending');
  }
  return pairs;
}

/** The fields of an object that has all of `required`, and besides them only `optional` ones. */
function fieldsOf<Required extends string, Optional extends string = never>(
  value: unknown,
  at: string,
  required: readonly Required[],
  optional: readonly Optional[] = [],
): { readonly [Field in Required | Optional]: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError(at, `is ${shown(value)}; give an object`);
  }
  const known: readonly string[] = [...required, ...optional];
  for (const field of Object.keys(value)) {
    if (!known.includes(field)) {
      throw new ConfigError(`${at}.${field}`, `is unknown; remove it (known here: ${known.join(', ')})`);
    }
  }
  for (const field of required) {
    if (!Object.hasOwn(value, field)) throw new ConfigError(`${at}.${field}`, 'is missing; add it');
  }
  return value as { readonly [Field in Required | Optional]: unknown };
}

function listOf(value: unknown, at: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new ConfigError(at, `is ${shown(value)}; give a list`);
}

function wholeNumber(value: unknown, at: string, min: number, max: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new ConfigError(at, `is ${shown(value)}; give a whole number from ${min} to ${max}`);
}

function hexFrom(value: unknown, at: string, minBytes: number, maxBytes: number): Uint8Array {
  if (typeof value === 'string' && value.length >= 2 * minBytes && value.length <= 2 * maxBytes) {
    const bytes = bytesOf(value);
    if (bytes !== null) return bytes;
  }
  throw new ConfigError(at, `is ${shown(value)}; give ${sizeText(minBytes, maxBytes)} as lower-case hex`);
}

function bytesOf(hex: string): Uint8Array | null {
  try {
    return hexToBytes(hex);
  } catch {
    return null;
  }
}

function sizeText(minBytes: number, maxBytes: number): string {
  if (minBytes === maxBytes) return `${minBytes} bytes`;
  return maxBytes === MAX_INTEGER ? 'any bytes' : `${minBytes} to ${maxBytes} bytes`;
}

/** Characters of a value that an error message repeats. */
const SHOWN_CHARACTERS = 80;

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}...`;
}
