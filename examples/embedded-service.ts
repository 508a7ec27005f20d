/**
 * A service that stays correct although one of its four machines crashes or lies: accounts over HTTP, whose every node
 * embeds a replica with its own disk and TLS sockets. Here the four run on one machine.
 *
 *     npx tsx examples/embedded-service.ts DIRECTORY init     keys, addresses and the genesis document of four nodes
 *     npx tsx examples/embedded-service.ts DIRECTORY 0        node 0; and 1, 2, 3, each in a terminal of its own
 *     curl -X POST 'localhost:7100/alice?amount=10'           node i serves on port 7100 + i: write at any,
 *     curl localhost:7103/alice                               read at any other
 *
 * Stop one with Ctrl-C, or kill it: the others go on, and it catches up when it is started again.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import {
  asChainId,
  asPower,
  DEFAULT_LIMITS,
  deriveChainId,
  type GenesisDocument,
  genesisFromJson,
  genesisHash,
  genesisToJson,
  initializeStorage,
  startReplica,
} from 'hotstuff-ts';
import { openLmdbStore } from 'hotstuff-ts/lmdb';
import { createSigner, generateKeys, nativeHasher } from 'hotstuff-ts/native';
import { CommandError, createStateMachine } from 'hotstuff-ts/state-machine';
import { createTlsNetwork, generateTlsIdentity } from 'hotstuff-ts/tls';
import { createVerifier } from 'hotstuff-ts/workers';

const scheme = 'ed25519';
const [directory = '', role = '', port = '7100'] = process.argv.slice(2);
const homeOf = (index: number): string => join(directory, `node${index}`);
const text = (bytes: Uint8Array | null): string => (bytes === null ? '' : Buffer.from(bytes).toString());
const readJson = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

/** Once for a chain: in earnest each operator makes a key, and all of them agree on the document. */
async function init(): Promise<void> {
  const keys = [0, 1, 2, 3].map(() => generateKeys(scheme));
  const draft: GenesisDocument = {
    chain: { chainId: asChainId(0), scheme, epochLength: 10, leaderTenure: 4, limits: DEFAULT_LIMITS },
    validators: keys.map(({ id }) => ({ id, power: asPower(1), possession: null })),
    appState: [],
  };
  const genesis = { ...draft, chain: { ...draft.chain, chainId: deriveChainId(draft) } };
  const peers = Object.fromEntries(
    keys.map(({ id }, index) => [id, `127.0.0.1:${Number(port) + 10 + index}`]),
  );
  for (const [index, { id, secretKey }] of keys.entries()) {
    const home = homeOf(index);
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'key'), secretKey, { mode: 0o600, flag: 'wx' });
    writeFileSync(join(home, 'genesis.json'), JSON.stringify(genesisToJson(genesis)));
    writeFileSync(join(home, 'peers.json'), JSON.stringify(peers));
    // Here, and never when a node starts: a validator that lost its store must not vote again from an empty one.
    const store = await openLmdbStore({ path: join(home, 'data') });
    await initializeStorage(store, genesis, id);
    await store.close();
  }
}

/** Commands are `account amount`; the result is the balance, and nobody may owe. */
const machine = createStateMachine({
  apply(command, state) {
    const [account = '', amount = '0'] = text(command).split(' ');
    const key = Buffer.from(account);
    const balance = Number(text(state.get(key))) + Number(amount);
    if (!Number.isSafeInteger(balance) || balance < 0) return Buffer.from('refused');
    state.set(key, Buffer.from(String(balance)));
    return Buffer.from(String(balance));
  },
});

async function run(index: number): Promise<void> {
  const home = homeOf(index);
  const genesis = genesisFromJson(readJson(join(home, 'genesis.json')));
  const peers: Record<string, string> = readJson(join(home, 'peers.json'));

  const signer = createSigner(scheme, readFileSync(join(home, 'key')));
  const store = await openLmdbStore({ path: join(home, 'data') });
  const verifier = createVerifier({ scheme });
  const network = await createTlsNetwork({
    signer,
    verifier,
    chainId: genesis.chain.chainId,
    genesisHash: genesisHash(genesis),
    identity: await generateTlsIdentity(),
    listen: peers[signer.id]!,
    peers,
  });
  const replica = await startReplica({
    app: machine.app,
    store,
    network,
    signer,
    verifier,
    hasher: nativeHasher,
  });
  const commands = machine.attach(replica);

  const answer = async ({ method, url = '' }: IncomingMessage): Promise<string> => {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const account = pathname.slice(1);
    if (method !== 'POST') return text(commands.read(Buffer.from(account)).value);
    const command = Buffer.from(`${account} ${searchParams.get('amount')}`);
    // Resolves when the command is committed, and on this node's disk.
    const { height, result } = await commands.submit(command);
    return `${text(result)} at height ${height}`;
  };
  const server = createServer(async (request, response) => {
    try {
      response.end(`${await answer(request)}\n`);
    } catch (error) {
      const retry = error instanceof CommandError && error.code === 'pool-full';
      response.writeHead(retry ? 503 : 500).end(`${(error as Error).message}\n`);
    }
  }).listen(Number(port) + index, '127.0.0.1');
  console.log(`node ${index}: http://127.0.0.1:${Number(port) + index}`);

  const stop = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    // The replica first, then what it uses.
    commands.close();
    await replica.close();
    await network.close();
    await verifier[Symbol.asyncDispose]();
    await store.close();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  // Rejects when the replica had to stop, say because its disk failed: whoever restarts services takes over.
  replica.closed.catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
}

if (role === 'init') await init();
else if (/^[0-3]$/.test(role)) await run(Number(role));
else {
  console.error('usage: embedded-service.ts DIRECTORY init|0|1|2|3 [PORT]');
  process.exitCode = 2;
}
