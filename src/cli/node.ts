import { openLmdbStore } from '../adapters/lmdb/index.ts';
import { nativeHasher } from '../adapters/native/index.ts';
import { createVerifier, type PoolVerifier } from '../adapters/piscina/index.ts';
import { createTlsNetwork, type TlsNetwork, type TlsNetworkEvent } from '../adapters/tls/index.ts';
import {
  bytesToHex,
  ConfigError,
  type GenesisDocument,
  genesisHash,
  type Height,
  isMember,
  type Replica,
  type Signer,
  startReplica,
  type Verifier,
} from '../index.ts';
import { type CommandService, createStateMachine, describeDivergence } from '../state-machine/index.ts';
import type { NodeConfig } from './config.ts';
import { CommandFailure } from './failure.ts';
import { checkRole, checkStore, type Home, readGenesis, short } from './home.ts';
import { type HttpService, openHttpService } from './http-service.ts';
import { possessionOf, readTlsIdentity, readValidatorKey, signerOf } from './keys.ts';
import { createKeyValueStore } from './kv.ts';
import type { Log } from './log.ts';
import { ensureAdminToken } from './validators/admin-token.ts';
import { createValidatorsService } from './validators/service.ts';

/** How long a stopping node waits for the commits of what it was asked to write. */
const DRAIN_MS = 10_000;

/** How long clients have, after that, to read their answers. */
const HTTP_GRACE_MS = 2_000;

/** A node of the replicated key-value store. */
export interface RunningNode {
  readonly replica: Replica;
  readonly commands: CommandService;
  readonly http: HttpService;
  status(): object;
  /** Takes over the addresses of a changed config.json. Throws, and changes nothing, when one is wrong. */
  setPeers(peers: NodeConfig['network']['peers']): void;
  /** Resolves when the node has stopped; rejects with what stopped it. */
  readonly ended: Promise<void>;
  /**
   * Stops without losing anything: no new request is taken, what was accepted is committed and answered (within 10 s),
   * then the replica, its connections and its store are closed.
   */
  stop(): Promise<void>;
}

/**
 * Starts the node of `home`. Throws an error of one clear line when something does not fit: nothing is left running,
 * and nothing has been changed.
 */
export async function startNode(home: Home, config: NodeConfig, log: Log): Promise<RunningNode> {
  const closers: (() => Promise<unknown>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    return await assemble(home, config, log, { closers, closeAll });
  } catch (error) {
    await closeAll();
    throw error;
  }
}

interface Closing {
  readonly closers: (() => Promise<unknown>)[];
  closeAll(): Promise<void>;
}

async function assemble(home: Home, config: NodeConfig, log: Log, closing: Closing): Promise<RunningNode> {
  const { closers } = closing;
  const genesis = readGenesis(home);
  const key = readValidatorKey(home.validatorKey);
  const signer = signerOf(key, home.validatorKey);
  const store = await openLmdbStore({ path: home.data });
  closers.push(() => store.close());
  checkStore(home, { store, key, genesis });
  checkRole(home, config.role, { store, key });
  const { scheme } = genesis.chain;
  // The keys of genesis were checked when the store was made.
  const verifier = createVerifier({ scheme, workers: config.workers, trustKeys: true });
  closers.push(() => verifier.close());
  // A taken port is found out before anything is said to peers.
  const http = await openHttpService(config.http);
  const closeHttp = (): Promise<void> => http.close(HTTP_GRACE_MS);
  closers.push(closeHttp);
  const network = await openNetwork(home, config, { genesis, signer, verifier, log });
  closers.push(() => network.close());

  const kv = createKeyValueStore(genesis.chain);
  const machine = createStateMachine({
    ...kv,
    onDivergence: (divergence) => log.error(describeDivergence(divergence), { height: divergence.height }),
  });
  const replica = await startReplica({
    app: machine.app,
    store,
    network,
    signer,
    verifier,
    hasher: nativeHasher,
    settings: { viewTimeMs: config.viewTimeMs },
    ...(config.trace ? { traceDir: home.traces } : {}),
  });
  closers.push(() => replica.close());
  replica.on('app-failed', ({ call, error }) => log.error(`${call} failed: ${String(error)}`));
  const commands = machine.attach(replica);
  closers.push(async () => commands.close());
  const status = statusOf({ replica, commands, verifier });
  let peers = config.network.peers;
  const validators = createValidatorsService({
    replica,
    commands,
    store: kv,
    signer,
    possession: possessionOf(key, genesis.chain.chainId),
    addresses: () => ({ ...peers, [replica.id]: network.address() ?? config.network.listen }),
  });
  logValidators(replica, log);
  http.serve({
    commands,
    status,
    validators,
    adminToken: ensureAdminToken(home),
    block: (height) => blockAt(replica, height),
  });
  // What it serves from must outlive it.
  closers.splice(closers.indexOf(closeHttp), 1);
  closers.push(closeHttp);
  return {
    replica,
    commands,
    http,
    status,
    setPeers(changed) {
      try {
        network.setPeers(changed);
        peers = changed;
      } catch (error) {
        throw inTermsOfHome(home, error);
      }
    },
    ended: replica.closed,
    async stop() {
      http.drain();
      await commands.drain({ signal: AbortSignal.timeout(DRAIN_MS) });
      await closing.closeAll();
    },
  };
}

interface NetworkParts {
  readonly genesis: GenesisDocument;
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly log: Log;
}

async function openNetwork(home: Home, config: NodeConfig, parts: NetworkParts): Promise<TlsNetwork> {
  const { genesis, signer, verifier, log } = parts;
  const identity = readTlsIdentity(home.tls);
  try {
    return await createTlsNetwork({
      signer,
      verifier,
      chainId: genesis.chain.chainId,
      chainLimits: genesis.chain.limits,
      genesisHash: genesisHash(genesis),
      identity,
      listen: config.network.listen,
      peers: config.network.peers,
      onEvent: (event) => logNetworkEvent(log, event),
    });
  } catch (cause) {
    throw inTermsOfHome(home, cause);
  }
}

/** An error of the network's options, as one about the files that they came from. */
function inTermsOfHome(home: Home, error: unknown): unknown {
  if (!(error instanceof ConfigError)) return error;
  const options = { cause: error };
  if (error.field !== 'identity')
    return new CommandFailure(`network.${error.message} (${home.config})`, options);
  const files = `${home.tls.key} and ${home.tls.certificate}`;
  return new CommandFailure(
    `${files}: are no TLS key and its certificate in PEM; make new ones with: hotstuff keygen --tls --home ${home.dir}`,
    options,
  );
}

function logNetworkEvent(log: Log, event: TlsNetworkEvent): void {
  switch (event.type) {
    case 'peer-connected':
      return log.info('peer connected', { peer: short(event.peer), address: event.address });
    case 'peer-disconnected':
      return log.info(`peer disconnected: ${event.detail}`, {
        peer: short(event.peer),
        address: event.address,
      });
    case 'peer-refused':
      return log.warn(`connection refused by ${event.by}: ${event.detail}`, { address: event.address });
    case 'dial-failed':
      // A peer that is down is tried again and again; once is enough to know.
      if (event.attempt === 1) log.warn(`cannot reach a peer: ${event.detail}`, { peer: short(event.peer) });
      return;
    case 'frame-too-large':
      return log.warn(`a frame of ${event.bytes} bytes exceeds what peers take`, { channel: event.channel });
    case 'listener-failed':
      return log.error(`the listening socket failed: ${event.error.message}`);
  }
}

/** Tells the node's owner of every change of the validator set. */
function logValidators(replica: Replica, log: Log): void {
  if (!replica.status().isValidator) log.info('follows as a listener: its key is not in the validator set');
  replica.on('validator-set-updated', ({ sets: { committed, updateHeight } }) =>
    log.info('the validator set is updated', {
      height: updateHeight,
      validators: committed.validators.length,
      power: committed.totalPower,
    }),
  );
  replica.on('validator-set-decided', ({ sets: { committed, updateHeight } }) =>
    log.info(
      isMember(committed, replica.id)
        ? 'the new validator set has taken over, with this node'
        : 'the new validator set has taken over, without this node: it follows as a listener',
      { height: updateHeight },
    ),
  );
}

interface StatusSources {
  readonly replica: Replica;
  readonly commands: CommandService;
  readonly verifier: Pick<PoolVerifier, 'statistics'>;
}

/** What `GET /status` tells; docs/CLI.md has the fields. */
function statusOf({ replica, commands, verifier }: StatusSources): () => object {
  return () => {
    const { counters, ...status } = replica.status();
    const { committedCommands, pending, forwarded, divergence } = commands.status();
    const { user, system } = process.cpuUsage();
    return {
      id: replica.id,
      chainId: replica.chain.chainId,
      scheme: replica.chain.scheme,
      role: status.isValidator ? 'validator' : 'listener',
      ...status,
      counters: { ...counters, commandsCommitted: committedCommands },
      commands: { pending, forwarded },
      divergence,
      verifier: verifier.statistics(),
      process: {
        pid: process.pid,
        uptimeSeconds: Math.round(process.uptime() * 1_000) / 1_000,
        cpuSeconds: (user + system) / 1e6,
        rssBytes: process.memoryUsage.rss(),
      },
    };
  };
}

function blockAt(replica: Replica, height: Height): object | null {
  const snapshot = replica.snapshot();
  try {
    const blockHash = snapshot.blockAtHeight(height);
    const appStateHash = snapshot.appStateHash(height);
    if (blockHash === null || appStateHash === null) return null;
    return { height, blockHash, appStateHash: bytesToHex(appStateHash) };
  } finally {
    snapshot.close();
  }
}
