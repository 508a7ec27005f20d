import { afterEach, describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/adapters/memory/index.ts';
import { createSigner, generateKeys } from '../../../src/adapters/native/index.ts';
import { createVerifier } from '../../../src/adapters/piscina/index.ts';
import { ConfigError, PoolError, StorageError } from '../../../src/model/errors.ts';
import type { ReplicaEvent } from '../../../src/model/events.ts';
import { asHeight, asReplicaId } from '../../../src/model/ids.ts';
import type { SchemeName } from '../../../src/model/scheme.ts';
import type { KVStore } from '../../../src/ports/kv-store.ts';
import type { Network } from '../../../src/ports/network.ts';
import type { Verifier } from '../../../src/ports/signature-scheme.ts';
import type { Replica, ReplicaOptions } from '../../../src/runtime/replica.ts';
import { initializeStorage } from '../../../src/storage/genesis.ts';
import { encodeParsedKeys, type ParsedKeysRecord, readParsedKeys } from '../../../src/storage/parsed-keys.ts';
import { type Cluster, createCluster, type Node, until } from './support/cluster.ts';

let cluster: Cluster;

afterEach(() => cluster.stop());

const bytes = (text: string): Uint8Array => Buffer.from(text);
const heightOf = (replica: Replica): number => replica.status().height ?? -1;

function noteOf(replica: Replica, key: string): string | null {
  const snapshot = replica.snapshot();
  try {
    const value = snapshot.appState(bytes(key));
    return value === null ? null : Buffer.from(value).toString();
  } finally {
    snapshot.close();
  }
}

function appStateHashAt(replica: Replica, height: number): string {
  const snapshot = replica.snapshot();
  try {
    return Buffer.from(snapshot.appStateHash(asHeight(height)) as Uint8Array).toString('hex');
  } finally {
    snapshot.close();
  }
}

function expectEqualStates(replicas: readonly Replica[]): void {
  const height = Math.min(...replicas.map(heightOf));
  expect(height).toBeGreaterThanOrEqual(0);
  expect(new Set(replicas.map((replica) => appStateHashAt(replica, height))).size).toBe(1);
}

const startAll = (options: Partial<ReplicaOptions> = {}): Promise<Replica[]> =>
  Promise.all(cluster.nodes.map((_, index) => cluster.start(index, options)));

const nodeAt = (index: number): Node => cluster.nodes[index] as Node;

describe.each<SchemeName>(['ed25519', 'bls12381'])('four replicas with %s', (scheme) => {
  it('commit what is submitted, all the same', async () => {
    cluster = await createCluster(scheme, 4);
    const replicas = await startAll();
    for (let number = 0; number < 100; number++) {
      cluster.app.submit(`key ${number}=value ${number}`);
      if (number % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await until(() => replicas.every((replica) => noteOf(replica, 'key 99') === 'value 99'));
    for (const replica of replicas) {
      for (let number = 0; number < 100; number++) {
        expect(noteOf(replica, `key ${number}`)).toBe(`value ${number}`);
      }
    }
    expectEqualStates(replicas);
  });

  it('go on from their stores after all were closed', async () => {
    cluster = await createCluster(scheme, 4);
    const before = await startAll();
    cluster.app.submit('first=1');
    await until(() => before.every((replica) => noteOf(replica, 'first') === '1'));
    const heights = before.map(heightOf);
    await Promise.all(before.map((replica) => replica.close()));

    const after = await startAll();
    for (const [index, replica] of after.entries()) {
      expect(noteOf(replica, 'first')).toBe('1');
      expect(heightOf(replica)).toBeGreaterThanOrEqual(heights[index] as number);
    }
    cluster.app.submit('second=2');
    await until(() => after.every((replica) => noteOf(replica, 'second') === '2'));
    expectEqualStates(after);
  });

  it('commit without one of them, which catches up when it starts', async () => {
    cluster = await createCluster(scheme, 4);
    const three = await Promise.all([0, 1, 2].map((index) => cluster.start(index)));
    for (let number = 0; number < 30; number++) cluster.app.submit(`key ${number}=${number}`);
    await until(() => three.every((replica) => noteOf(replica, 'key 29') === '29'));

    const late = await cluster.start(3);
    await until(() => noteOf(late, 'key 29') === '29');
    cluster.app.submit('last=yes');
    await until(() => [...three, late].every((replica) => noteOf(replica, 'last') === 'yes'));
    expectEqualStates([...three, late]);
  });
});

describe('a replica', () => {
  it('tells its host what happens, its start included', async () => {
    cluster = await createCluster('ed25519', 1);
    const replica = await cluster.start(0);
    const types: string[] = [];
    const events = replica.events();
    replica.on('started', ({ view, height }) => types.push(`started ${view} ${height}`));
    cluster.app.submit('key=value');
    const seen: ReplicaEvent[] = [];
    for await (const event of events) {
      seen.push(event);
      if (event.type === 'block-committed') break;
    }
    expect(types).toEqual(['started 0 null']);
    expect(seen[0]?.type).toBe('started');
    const has = (type: string): boolean => seen.some((event) => event.type === type);
    for (const type of ['view-started', 'proposed', 'block-inserted', 'phase-voted', 'pc-collected']) {
      expect([type, has(type)]).toEqual([type, true]);
    }
  });

  it('says where it is', async () => {
    cluster = await createCluster('ed25519', 4);
    const [replica] = (await startAll()) as [Replica, ...Replica[]];
    expect(replica.status()).toMatchObject({ height: null, blockHash: null, isValidator: true });
    cluster.app.submit('key=value');
    await until(() => noteOf(replica, 'key') === 'value');
    const status = replica.status();
    expect(status.leaders).toEqual(replica.leadersOf(status.view));
    expect(status.appStateHash).toBe(appStateHashAt(replica, status.height as number));
    expect(status.peers).toHaveLength(3);
    expect(status.counters.views).toBeGreaterThan(3);
    expect(status.counters.flushes).toBeGreaterThan(0);
    expect(status.counters.blocksCommitted).toBeGreaterThan(0);
    const { sentByType, receivedByType, messagesSent, messagesReceived } = status.counters;
    const sum = (counts: object): number => Object.values(counts).reduce((total, count) => total + count, 0);
    expect(messagesSent).toBeGreaterThan(0);
    expect(sum(sentByType)).toBe(messagesSent);
    expect(messagesReceived).toBeGreaterThan(0);
    expect(sum(receivedByType)).toBe(messagesReceived);
    expect(status.counters.rejections).toEqual({});
  });

  it('carries its hosts their commands', async () => {
    cluster = await createCluster('ed25519', 4);
    const [first, second, third] = (await startAll()) as [Replica, Replica, Replica, Replica];
    const heard: string[] = [];
    second.commands.receive(() => {
      throw new Error('a host that fails');
    });
    const receiving = second.commands.receive((from, frame) => {
      heard.push(`${from === first.id} ${Buffer.from(frame)}`);
    });
    third.commands.receive((_, frame) => void heard.push(`third ${Buffer.from(frame)}`));
    first.commands.send(second.id, bytes('to one'));
    first.commands.send(first.id, bytes('to itself'));
    first.commands.broadcast(bytes('to all'));
    await until(() => heard.length >= 3);
    expect(heard.sort()).toEqual(['third to all', 'true to all', 'true to one']);
    receiving[Symbol.dispose]();
    first.commands.send(second.id, bytes('to nobody'));
    first.commands.send(third.id, bytes('later'));
    await until(() => heard.length >= 4);
    expect(heard).toContain('third later');
    expect(heard).not.toContain('true to nobody');
  });

  it('rejects what is no message, and goes on', async () => {
    cluster = await createCluster('ed25519', 4);
    const replicas = await startAll();
    const [replica] = replicas as [Replica, ...Replica[]];
    const stranger = asReplicaId('e'.repeat(64));
    const network = await cluster.hub.join(stranger);
    network.listen(() => {});
    const rejections: unknown[] = [];
    replica.on('message-rejected', ({ from, rejection }) => rejections.push([from, rejection.code]));
    network.send(replica.id, 'consensus', Uint8Array.of(9, 9, 9));
    cluster.app.submit('key=value');
    await until(() => replicas.every((one) => noteOf(one, 'key') === 'value') && rejections.length > 0);
    expect(rejections).toEqual([[stranger, 'malformed']]);
    expect(replica.status().counters.rejections).toEqual({ malformed: 1 });
  });

  it('goes on when its app fails, without its vote and proposals', async () => {
    cluster = await createCluster('ed25519', 4);
    const failing = {
      produceBlock: () => Promise.reject(new Error('no block')),
      validateBlock: () => Promise.reject(new Error('no verdict')),
    };
    const failures: string[] = [];
    const broken = await cluster.start(0, { app: failing });
    broken.on('app-failed', ({ call, error }) => failures.push(`${call}: ${(error as Error).message}`));
    const others = await Promise.all([1, 2, 3].map((index) => cluster.start(index)));
    cluster.app.submit('key=value');
    await until(() => others.every((replica) => noteOf(replica, 'key') === 'value') && failures.length > 0);
    expect(failures).toContain('validateBlock: no verdict');
    expect(broken.status().counters.appFailures).toBe(failures.length);
    expect(broken.status().counters.sentByType['phase-vote'] ?? 0).toBe(0);
  });
});

/** What keeps the process alive now, by kind. */
function resources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

function expectNoMoreThan(before: ReadonlyMap<string, number>): void {
  for (const [kind, count] of resources()) {
    expect([kind, count <= (before.get(kind) ?? 0)]).toEqual([kind, true]);
  }
}

describe('starting', () => {
  const rejected = async (options: Partial<ReplicaOptions>): Promise<ConfigError> => {
    cluster = await createCluster('ed25519', 1);
    const error = await cluster.start(0, options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  };

  it('refuses an empty store, and says what to do', async () => {
    const error = await rejected({ store: createMemoryStore() });
    expect(error.message).toMatch(/^store: is empty; call initializeStorage/);
  });

  it('refuses a key that is not the one of the store', async () => {
    const { secretKey } = generateKeys('ed25519');
    const error = await rejected({ signer: createSigner('ed25519', secretKey) });
    expect(error.field).toBe('signer.id');
    expect(error.message).toContain(nodeAt(0).id);
  });

  it('refuses a signer or verifier of another scheme', async () => {
    const { secretKey } = generateKeys('bls12381');
    const error = await rejected({ signer: createSigner('bls12381', secretKey) });
    expect(error.message).toBe("signer.scheme: is bls12381, but the store's chain has the scheme ed25519");
  });

  it.each<readonly [object, RegExp]>([
    [{ viewTimeMs: 0 }, /^settings.viewTimeMs: must be a whole number from 10 to 86400000, not 0$/],
    [{ viewTimeMs: 12.5 }, /^settings.viewTimeMs: /],
    [{ syncRequestLimit: Number.NaN }, /^settings.syncRequestLimit: /],
    [{ viewTime: 100 }, /^settings.viewTime: there is no such setting; there are viewTimeMs, /],
  ])('refuses the settings %j', async (settings, message) => {
    const error = await rejected({ settings });
    expect(error.message).toMatch(message);
  });

  it('fails as a whole when the network cannot listen, and leaves nothing running', async () => {
    cluster = await createCluster('ed25519', 1);
    const network = await cluster.hub.join(nodeAt(0).id);
    const before = resources();
    const taken = new Error('the port is taken');
    const failing: Network = {
      ...network,
      listen: () => {
        throw taken;
      },
    };
    await expect(cluster.start(0, { network: failing })).rejects.toBe(taken);
    await new Promise((resolve) => setImmediate(resolve));
    expectNoMoreThan(before);
  });

  it('refuses a store that a replica of this process works on, until that one has ended', async () => {
    cluster = await createCluster('ed25519', 1);
    const first = await cluster.start(0);
    const taken = /^store: is in use by a replica of this process; wait for its close\(\)/;
    await expect(cluster.start(0)).rejects.toThrow(taken);
    const closing = first.close();
    // What is still being written would be missing in what a second replica reads, its votes included.
    await expect(cluster.start(0)).rejects.toThrow(taken);
    await closing;
    await cluster.start(0);
  });

  it('leaves the store free when it fails', async () => {
    cluster = await createCluster('ed25519', 1);
    await expect(cluster.start(0, { settings: { viewTimeMs: 1 } })).rejects.toThrow('settings.viewTimeMs');
    const { secretKey } = generateKeys('ed25519');
    const signer = createSigner('ed25519', secretKey);
    await expect(cluster.start(0, { signer })).rejects.toThrow('signer.id');
    await expect(cluster.start(0, { traceDir: '/dev/null/traces' })).rejects.toThrow('traceDir');
    const network = await cluster.hub.join(nodeAt(0).id);
    const failing: Network = {
      ...network,
      listen: () => {
        throw new Error('the port is taken');
      },
    };
    await expect(cluster.start(0, { network: failing })).rejects.toThrow('the port is taken');
    await cluster.start(0);
  });

  it('takes a store that was made for nobody in particular', async () => {
    cluster = await createCluster('ed25519', 1);
    const store = createMemoryStore();
    await initializeStorage(store, cluster.genesis);
    const replica = await cluster.start(0, { store });
    expect(replica.id).toBe(nodeAt(0).id);
    expect(replica.chain).toEqual(cluster.genesis.chain);
    await replica.close();
    await store.close();
  });
});

/** `store` with another `write`. */
const withWrite = (store: KVStore, write: KVStore['write']): KVStore => ({
  get flushes() {
    return store.flushes;
  },
  snapshot: () => store.snapshot(),
  write,
  close: () => store.close(),
  [Symbol.asyncDispose]: () => store.close(),
});

describe('a verifier', () => {
  it('is told of the votes that a certificate is then formed of, before it is', async () => {
    cluster = await createCluster('ed25519', 4);
    const real = createVerifier({ scheme: 'ed25519', workers: 0 });
    const told = new Map<string, Set<Uint8Array>>();
    const formed: { readonly told: number; readonly votes: number }[] = [];
    const keyOf = (preimage: Uint8Array): string => Buffer.from(preimage).toString('hex');
    const verifier: Verifier = {
      scheme: 'ed25519',
      check: (checks, priority, signal) => real.check(checks, priority, signal),
      anticipate(set, preimage, { signer, signature }) {
        expect(set.indexOf.has(signer)).toBe(true);
        told.set(keyOf(preimage), (told.get(keyOf(preimage)) ?? new Set()).add(signature));
      },
      formCertificate(job, signal) {
        const before = told.get(keyOf(job.preimage));
        const count = job.votes.filter(({ signature }) => before?.has(signature)).length;
        formed.push({ told: count, votes: job.votes.length });
        return real.formCertificate(job, signal);
      },
      checkPossession: (keys, signal) => real.checkPossession(keys, signal),
      [Symbol.asyncDispose]: () => real.close(),
    };
    const replica = await cluster.start(0, { verifier });
    await Promise.all([1, 2, 3].map((index) => cluster.start(index)));
    await until(() => formed.length >= 8 && heightOf(replica) > 4);
    // The last vote of a quorum is what forms it.
    for (const { told: count, votes } of formed) expect([votes - 1, votes]).toContain(count);
    await replica.close();
    await real.close();
  });

  it('may have room for one question at a time: nobody halts, blocks are committed', async () => {
    cluster = await createCluster('bls12381', 4);
    const verifiers = [0, 1, 2, 3].map(() =>
      createVerifier({ scheme: 'bls12381', workers: 1, maxQueue: 1, trustKeys: true }),
    );
    const replicas = await Promise.all(
      verifiers.map((verifier, index) => cluster.start(index, { verifier, settings: { viewTimeMs: 1_000 } })),
    );
    const halts: unknown[] = [];
    for (const replica of replicas) replica.on('halted', ({ reason }) => halts.push(reason));
    cluster.app.submit('full=1');
    await until(() => halts.length > 0 || replicas.every((replica) => noteOf(replica, 'full') === '1'));
    expect(halts).toEqual([]);
    for (const replica of replicas) await replica.close();
    await Promise.all(verifiers.map((verifier) => verifier.close()));
  });
});

describe('the keys of the validators', () => {
  const parsedKeysIn = ({ store }: Node): Uint8Array | null => {
    const snapshot = store.snapshot();
    try {
      return readParsedKeys(snapshot);
    } finally {
      snapshot.close();
    }
  };

  /** Starts all four and lets them commit; gives what each verifier was told of keys, and closes them. */
  const runOnce = async (key: string): Promise<(Uint8Array | null)[]> => {
    const learned: (Uint8Array | null)[] = [null, null, null, null];
    const verifiers = cluster.nodes.map((_, index) => {
      const real = createVerifier({ scheme: 'bls12381', workers: 0, trustKeys: true });
      const learn = real.learnKeys?.bind(real);
      real.learnKeys = (keys) => {
        learned[index] = keys.slice();
        learn?.(keys);
      };
      return real;
    });
    const replicas = await Promise.all(
      verifiers.map((verifier, index) => cluster.start(index, { verifier })),
    );
    cluster.app.submit(`${key}=1`);
    await until(() => replicas.every((replica) => noteOf(replica, key) === '1'));
    for (const replica of replicas) await replica.close();
    for (const verifier of verifiers) await verifier.close();
    return learned;
  };

  it('are kept from the first start on, and made anew where they are missing, damaged or wrong', async () => {
    cluster = await createCluster('bls12381', 4);
    expect(cluster.nodes.map(parsedKeysIn)).toEqual([null, null, null, null]);
    expect(await runOnce('first')).toEqual([null, null, null, null]);
    const right = parsedKeysIn(nodeAt(0)) as Uint8Array;
    expect(right).toHaveLength(4 * 192);
    expect(cluster.nodes.map(parsedKeysIn)).toEqual([right, right, right, right]);

    const wrong = right.slice();
    wrong[191]! ^= 1;
    const { key, value } = encodeParsedKeys(wrong) as ParsedKeysRecord;
    const damaged = value.slice();
    damaged[0]! ^= 1;
    await nodeAt(1).store.write({ sets: [[key, value]], deletes: [] });
    await nodeAt(2).store.write({ sets: [[key, damaged]], deletes: [] });
    await nodeAt(3).store.write({ sets: [], deletes: [key] });
    expect(await runOnce('second')).toEqual([right, wrong, null, null]);
    expect(cluster.nodes.map(parsedKeysIn)).toEqual([right, right, right, right]);
    expect(await runOnce('third')).toEqual([right, right, right, right]);
  });

  it('of Ed25519 are not kept', async () => {
    cluster = await createCluster('ed25519', 1);
    const replica = await cluster.start(0);
    cluster.app.submit('key=value');
    await until(() => noteOf(replica, 'key') === 'value');
    await replica.close();
    expect(parsedKeysIn(nodeAt(0))).toBeNull();
  });
});

describe('stopping', () => {
  it('leaves no timer, no immediate and nothing to say behind', async () => {
    cluster = await createCluster('ed25519', 4);
    const idle = resources();
    const replicas = await startAll();
    cluster.app.submit('key=value');
    await until(() => replicas.every((replica) => noteOf(replica, 'key') === 'value'));
    const streams = replicas.map((replica) => replica.events());
    await Promise.all(replicas.map((replica) => replica.close()));
    await Promise.all(replicas.map((replica) => replica.closed));
    await new Promise((resolve) => setImmediate(resolve));
    for (const [kind, count] of resources())
      expect([kind, count <= (idle.get(kind) ?? 0)]).toEqual([kind, true]);
    for (const stream of streams) for await (const event of stream) expect(event.type).not.toBe('halted');
    const views = replicas.map((replica) => replica.status().view);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(replicas.map((replica) => replica.status().view)).toEqual(views);
  });

  it('may be asked for again and again, and by asyncDispose', async () => {
    cluster = await createCluster('ed25519', 1);
    const replica = await cluster.start(0);
    await Promise.all([replica.close(), replica.close()]);
    await replica[Symbol.asyncDispose]();
    await replica.closed;
  });

  it('makes durable what was begun before it ends', async () => {
    cluster = await createCluster('ed25519', 1);
    const { store } = nodeAt(0);
    let underWay = 0;
    const slow = withWrite(store, async (batch) => {
      underWay += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      await store.write(batch);
      underWay -= 1;
    });
    const replica = await cluster.start(0, { store: slow });
    await until(() => underWay > 0);
    await replica.close();
    expect(underWay).toBe(0);
    expect(store.flushes).toBeGreaterThan(1);
  });

  it('follows from a failed write; nothing leaves after it', async () => {
    cluster = await createCluster('ed25519', 4);
    const failure = new StorageError('disk full');
    let armed = false;
    let hasFailed = false;
    const { store, id } = nodeAt(0);
    const failing = withWrite(store, (batch) => {
      if (!armed) return store.write(batch);
      hasFailed = true;
      return Promise.reject(failure);
    });
    let leakedFrames = 0;
    cluster.hub.drop = (from) => {
      if (from === id && hasFailed) leakedFrames += 1;
      return false;
    };
    const replica = await cluster.start(0, { store: failing });
    const others = await Promise.all([1, 2, 3].map((index) => cluster.start(index)));
    const halts: unknown[] = [];
    replica.on('halted', ({ reason }) => halts.push(reason));
    cluster.app.submit('before=1');
    await until(() => [replica, ...others].every((one) => noteOf(one, 'before') === '1'));
    armed = true;
    await expect(replica.closed).rejects.toBe(failure);
    expect(halts).toEqual([failure]);
    cluster.app.submit('after=1');
    await until(() => others.every((one) => noteOf(one, 'after') === '1'));
    expect(leakedFrames).toBe(0);
    await replica.close();
    expect(noteOf(replica, 'after')).toBeNull();
  });

  it('follows from a verifier that breaks, and not from bad signatures', async () => {
    cluster = await createCluster('ed25519', 4);
    const verifier = {
      scheme: 'ed25519',
      check: () => Promise.reject(new Error('worker died')),
      formCertificate: () => Promise.reject(new Error('worker died')),
      checkPossession: () => Promise.reject(new Error('worker died')),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    } as const;
    const replica = await cluster.start(0, { verifier });
    await Promise.all([1, 2, 3].map((index) => cluster.start(index)));
    await expect(replica.closed).rejects.toBeInstanceOf(PoolError);
  });

  it('follows from a signer that breaks', async () => {
    cluster = await createCluster('ed25519', 1);
    const gone = new Error('HSM is gone');
    const signer = { id: nodeAt(0).id, scheme: 'ed25519', sign: () => Promise.reject(gone) } as const;
    const replica = await cluster.start(0, { signer });
    await expect(replica.closed).rejects.toBe(gone);
  });
});
