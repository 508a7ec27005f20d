/**
 * A single validator with its state on disk: commands with results, and a restart that loses nothing.
 *
 *     npx tsx examples/durable-commands.ts [DIRECTORY]
 *
 * Run it again with the same directory: the balances are still there. One validator tolerates no fault; add more to the
 * genesis document, and connect them with `hotstuff-ts/tls`.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  asChainId,
  asPower,
  DEFAULT_LIMITS,
  deriveChainId,
  type GenesisDocument,
  initializeStorage,
  startReplica,
} from 'hotstuff-ts';
import { openLmdbStore } from 'hotstuff-ts/lmdb';
import { createMemoryNetworkHub } from 'hotstuff-ts/memory';
import { createSigner, generateKeys, nativeHasher } from 'hotstuff-ts/native';
import { createStateMachine } from 'hotstuff-ts/state-machine';
import { createVerifier } from 'hotstuff-ts/workers';

const directory = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'hotstuff-example-'));
const scheme = 'ed25519';
const text = (bytes: Uint8Array | null): string => (bytes === null ? '' : Buffer.from(bytes).toString());

/** The key stays with its store: a validator must never vote again from an empty one. */
mkdirSync(directory, { recursive: true });
const keyFile = join(directory, 'key');
const isNew = !existsSync(keyFile);
if (isNew) writeFileSync(keyFile, generateKeys(scheme).secretKey, { mode: 0o600 });
const signer = createSigner(scheme, readFileSync(keyFile));

const store = await openLmdbStore({ path: join(directory, 'data') });
if (isNew) {
  const genesis: GenesisDocument = {
    chain: { chainId: asChainId(0), scheme, epochLength: 10, leaderTenure: 4, limits: DEFAULT_LIMITS },
    validators: [{ id: signer.id, power: asPower(1), possession: null }],
    appState: [],
  };
  const chainId = deriveChainId(genesis);
  await initializeStorage(store, { ...genesis, chain: { ...genesis.chain, chainId } }, signer.id);
}

/** Commands are `account amount`; the result is the balance, and nobody may owe. */
const machine = createStateMachine({
  apply(command, state) {
    const [account = '', amount = '0'] = text(command).split(' ');
    const key = Buffer.from(account);
    const balance = Number(text(state.get(key))) + Number(amount);
    if (balance < 0) return Buffer.from('refused');
    state.set(key, Buffer.from(String(balance)));
    return Buffer.from(String(balance));
  },
});

const network = createMemoryNetworkHub().connect(signer.id);
const verifier = createVerifier({ scheme, workers: 0 });
const replica = await startReplica({
  app: machine.app,
  store,
  network,
  signer,
  verifier,
  hasher: nativeHasher,
});
const commands = machine.attach(replica);
console.log(`chain ${replica.chain.chainId} in ${directory}, at height ${replica.status().height ?? 'none'}`);

for (const command of ['alice 10', 'bob 5', 'alice -3', 'bob -100']) {
  const { height, result } = await commands.submit(Buffer.from(command));
  console.log(`${command}: ${text(result)}, committed and on disk at height ${height}`);
}
console.log(`alice has ${text(commands.read(Buffer.from('alice')).value)}`);

// The replica first, then what it uses.
commands.close();
await replica.close();
await network.close();
await verifier[Symbol.asyncDispose]();
await store.close();
