import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { bytesToHex, type GenesisDocument, parseGenesis } from '../index.ts';
import type { NodeConfigInput } from './config.ts';
import { CommandFailure, describeError } from './failure.ts';
import { PRIVATE_DIRECTORY, PUBLIC_FILE, writeFileDurably } from './files.ts';
import { type Home, homeAt, initializeHome } from './home.ts';
import { createHttpClient } from './http-client.ts';
import { makeValidatorKey, possessionOf, writeNewValidatorKey, writeTlsIdentity } from './keys.ts';
import type { ValidatorsStatus } from './validators/status.ts';

export interface JoinOptions {
  readonly dir: string;
  /** The chain's genesis.json. */
  readonly genesis: string;
  readonly listen: string;
  readonly httpHost: string;
  readonly httpPort: number;
  /** `ID=HOST:PORT`. */
  readonly peers: readonly string[];
  /** Nodes whose `GET /validators` tells addresses. */
  readonly peersFrom: readonly string[];
}

/** What the owner of a new node hands over to the operators of the validators. */
export interface Joined {
  readonly home: Home;
  readonly id: string;
  /** Hex. */
  readonly possession: string | null;
}

const TIMEOUT_MS = 10_000;

/**
 * Makes the home of a node that joins a running chain: new keys, the genesis, the addresses of its peers, an empty
 * store. It follows as a listener until an update of the validator set names it. Throws `CommandFailure`.
 */
export async function joinChain(options: JoinOptions): Promise<Joined> {
  const { dir } = options;
  if (existsSync(dir) && readdirSync(dir).length > 0) {
    throw new CommandFailure(
      `${dir}: is not empty; choose another --home, so that no node's keys and data are lost`,
    );
  }
  const { document, text } = readGenesisFile(options.genesis);
  const peers = await peersOf(options);
  const home = homeAt(dir);
  for (const path of [home.dir, home.keys, home.traces])
    mkdirSync(path, { recursive: true, mode: PRIVATE_DIRECTORY });
  const key = makeValidatorKey(document.chain.scheme);
  writeNewValidatorKey(home.validatorKey, key);
  await writeTlsIdentity(home.tls);
  writeFileDurably(home.genesis, text, PUBLIC_FILE);
  const config: NodeConfigInput = {
    network: { listen: options.listen, peers },
    http: { host: options.httpHost, port: options.httpPort },
  };
  writeFileDurably(home.config, `${JSON.stringify(config, null, 2)}\n`, PUBLIC_FILE);
  await initializeHome(home);
  const possession = possessionOf(key, document.chain.chainId);
  return { home, id: key.id, possession: possession && bytesToHex(possession) };
}

/** A genesis.json that was handed over. Throws `CommandFailure`. */
export function readGenesisFile(path: string): { readonly document: GenesisDocument; readonly text: string } {
  try {
    const text = readFileSync(path, 'utf8');
    return { document: parseGenesis(text), text };
  } catch (cause) {
    throw new CommandFailure(
      `--genesis: ${path} cannot be used: ${describeError(cause)}; take the genesis.json of any node of the chain`,
      { cause },
    );
  }
}

async function peersOf({ peers, peersFrom }: JoinOptions): Promise<Readonly<Record<string, string>>> {
  const given = peers.map((peer) => {
    const [id = '', address] = peer.split('=', 2);
    if (address !== undefined) return [id, address] as const;
    throw new CommandFailure(`--peer: "${peer}" is no ID=HOST:PORT; or let nodes tell by --peers-from URL`);
  });
  const told = await Promise.all(peersFrom.map(addressesFrom));
  const all = Object.assign({}, ...told, Object.fromEntries(given)) as Record<string, string>;
  if (Object.keys(all).length > 0) return all;
  throw new CommandFailure(
    '--peers-from: is missing; name a node to learn the addresses from, or give them with --peer ID=HOST:PORT',
  );
}

async function addressesFrom(url: string): Promise<Readonly<Record<string, string>>> {
  const client = createHttpClient({ connections: 1, timeoutMs: TIMEOUT_MS });
  const base = url.replace(/\/+$/, '');
  try {
    const { addresses, self } = await client.json<ValidatorsStatus>(`${base}/validators`);
    const own = addresses[self.id];
    if (own === undefined) return addresses;
    // A node that listens everywhere is where it was asked.
    const reachable = own.replace(/^(0\.0\.0\.0|\[::\])(?=:\d+$)/, new URL(base).hostname);
    return { ...addresses, [self.id]: reachable };
  } catch (cause) {
    throw new CommandFailure(`--peers-from: ${describeError(cause)}; name a node that runs`, { cause });
  } finally {
    client.close();
  }
}
