import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeys, provePossession } from '../../src/adapters/native/index.ts';
import { generateTlsIdentity } from '../../src/adapters/tls/index.ts';
import { freePorts } from '../../src/cli/cluster/ports.ts';
import {
  asChainId,
  asPower,
  bytesToHex,
  type ChainId,
  DEFAULT_LIMITS,
  deriveChainId,
  type GenesisDocument,
  genesisToJson,
  possessionPreimage,
  type SchemeName,
} from '../../src/index.ts';
import { seedOf } from '../cast.ts';
import { BUILD, programAt } from '../paths.ts';
import type { FromNode, NodeOptions, ToNode } from './protocol.ts';

/** One node in a process of its own. */
export interface Member {
  readonly url: string | null;
  readonly pid: number;
  tell(message: ToNode): void;
  /** Resolves to the next message of this type. Rejects when the process ends first. */
  next<Type extends FromNode['type']>(type: Type): Promise<Extract<FromNode, { readonly type: Type }>>;
  kill(): void;
  readonly ended: Promise<void>;
}

export interface ClusterOptions {
  readonly scheme: SchemeName;
  readonly validators: number;
  readonly durable: boolean;
  readonly blockCommands: number | null;
  readonly clients: number;
  readonly http: boolean;
}

export interface RunningCluster {
  readonly members: readonly Member[];
  /** Ends all processes and removes their data. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

/** Starts a chain of its own in processes of their own; resolves when all of them run. */
export async function startCluster(options: ClusterOptions): Promise<RunningCluster> {
  mkdirSync(BUILD, { recursive: true });
  const directory = mkdtempSync(join(BUILD, 'bench-cluster-'));
  const members: Member[] = [];
  const stop = async (): Promise<void> => {
    for (const member of members) member.kill();
    await Promise.all(members.map(({ ended }) => ended));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const all = await nodeOptionsOf(options, directory);
    const starting = all.map((one) => startMember(one, members));
    await Promise.all(starting);
    return { members, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function nodeOptionsOf(
  { scheme, validators, durable, ...settings }: ClusterOptions,
  directory: string,
): Promise<readonly NodeOptions[]> {
  const keys = Array.from({ length: validators }, (_, index) => generateKeys(scheme, seedOf(index)));
  const genesis = genesisToJson(genesisOf(scheme, keys));
  const ports = await freePorts(HOST, validators);
  const addresses = keys.map(({ id }, index) => [id, `${HOST}:${ports[index]}`] as const);
  return Promise.all(
    keys.map(async ({ secretKey }, index) => ({
      ...settings,
      genesis,
      secretKey: bytesToHex(secretKey),
      identity: await generateTlsIdentity(),
      listen: addresses[index]![1],
      peers: Object.fromEntries(addresses),
      data: durable ? join(directory, `node${index}`) : null,
      workers: 'auto' as const,
    })),
  );
}

type Keys = ReturnType<typeof generateKeys>;

function genesisOf(scheme: SchemeName, keys: readonly Keys[]): GenesisDocument {
  const document = (chainId: ChainId, isProved: boolean): GenesisDocument => ({
    chain: { chainId, scheme, epochLength: 10, leaderTenure: 4, limits: DEFAULT_LIMITS },
    validators: keys.map(({ id, secretKey }) => ({
      id,
      power: asPower(1),
      possession: isProved ? provePossession(scheme, secretKey, possessionPreimage(chainId, id)) : null,
    })),
    appState: [],
  });
  return document(deriveChainId(document(asChainId(0), false)), true);
}

async function startMember(options: NodeOptions, members: Member[]): Promise<void> {
  const child = fork(programAt('cluster/node'), { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const member = memberOf(child);
  members.push(member);
  member.tell({ type: 'start', options });
  const { url } = await member.next('ready');
  members[members.indexOf(member)] = { ...member, url };
}

/** Of what a node says before it dies: enough for the reason. */
const KEPT_CHARACTERS = 2_000;

function memberOf(child: ChildProcess): Member {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-KEPT_CHARACTERS);
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    url: null,
    pid: child.pid!,
    tell: (message) => {
      if (child.connected) child.send(message);
    },
    next: (type) =>
      new Promise((resolve, reject) => {
        const receive = (message: FromNode): void => {
          if (message.type !== type) return;
          child.off('message', receive);
          resolve(message as Extract<FromNode, { readonly type: typeof type }>);
        };
        child.on('message', receive);
        void ended.then(() =>
          reject(new Error(`a node of the cluster ended: ${said.trim() || 'it said nothing'}`)),
        );
      }),
    kill: () => child.kill('SIGKILL'),
    ended,
  };
}
