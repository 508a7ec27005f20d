import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  asChainId,
  asPower,
  type ChainId,
  DEFAULT_LIMITS,
  deriveChainId,
  formatGenesis,
  type GenesisDocument,
  type SchemeName,
} from '../index.ts';
import type { NodeConfigInput } from './config.ts';
import { CommandFailure } from './failure.ts';
import { PRIVATE_DIRECTORY, PUBLIC_FILE, writeFileDurably } from './files.ts';
import { type Home, homeAt, initializeHome } from './home.ts';
import {
  makeValidatorKey,
  possessionOf,
  type ValidatorKey,
  writeNewValidatorKey,
  writeTlsIdentity,
} from './keys.ts';

export interface TestnetOptions {
  readonly dir: string;
  readonly validators: number;
  readonly scheme: SchemeName;
  readonly host: string;
  /** The port of each node, for its peers. */
  readonly ports: readonly number[];
  /** The port of each node, for clients. */
  readonly httpPorts: readonly number[];
  readonly settings?: Pick<NodeConfigInput, 'viewTimeMs' | 'workers' | 'trace'>;
}

/** As many as one machine could run; sets of more are made with tools, not by hand. */
export const MAX_TESTNET_VALIDATORS = 64;

/**
 * Makes the homes of a new chain's validators in `dir`: node0, node1 and so on, each with its keys, configuration and
 * initialised store. Throws `CommandFailure` when `dir` is not empty.
 */
export async function createTestnet(options: TestnetOptions): Promise<readonly Home[]> {
  const { dir, validators, scheme } = options;
  if (existsSync(dir) && readdirSync(dir).length > 0) {
    throw new CommandFailure(
      `${dir}: is not empty; choose another --dir, so that no node's keys and data are lost`,
    );
  }
  const keys = Array.from({ length: validators }, () => makeValidatorKey(scheme));
  const genesis = genesisOf(keys, scheme);
  const homes = keys.map((_, index) => homeAt(join(dir, `node${index}`)));
  for (const [index, home] of homes.entries()) {
    const key = keys[index] as ValidatorKey;
    for (const path of [home.dir, home.keys, home.traces])
      mkdirSync(path, { recursive: true, mode: PRIVATE_DIRECTORY });
    writeNewValidatorKey(home.validatorKey, key);
    await writeTlsIdentity(home.tls);
    writeFileDurably(home.genesis, formatGenesis(genesis), PUBLIC_FILE);
    writeFileDurably(
      home.config,
      `${JSON.stringify(configOf(options, keys, index), null, 2)}\n`,
      PUBLIC_FILE,
    );
    await initializeHome(home);
  }
  return homes;
}

/** All powers are 1. Proofs of possession are over the chain id, which is derived from the rest. */
function genesisOf(keys: readonly ValidatorKey[], scheme: SchemeName): GenesisDocument {
  const document = (chainId: ChainId, isProved: boolean): GenesisDocument => ({
    chain: { chainId, scheme, epochLength: 10, leaderTenure: 4, limits: DEFAULT_LIMITS },
    validators: keys.map((key) => ({
      id: key.id,
      power: asPower(1),
      possession: isProved ? possessionOf(key, chainId) : null,
    })),
    appState: [],
  });
  return document(deriveChainId(document(asChainId(0), false)), true);
}

function configOf(options: TestnetOptions, keys: readonly ValidatorKey[], index: number): NodeConfigInput {
  const { host, ports, httpPorts, settings } = options;
  const peers = keys
    .map(({ id }, peer) => [id, `${host}:${ports[peer]}`] as const)
    .filter((_, peer) => peer !== index);
  return {
    network: { listen: `${host}:${ports[index]}`, peers: Object.fromEntries(peers) },
    http: { host, port: httpPorts[index] as number },
    ...settings,
  };
}
