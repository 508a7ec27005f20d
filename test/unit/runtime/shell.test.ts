import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/adapters/memory/index.ts';
import { portableHasher } from '../../../src/codec/data-hash.ts';
import { decodeMessage, encodeMessage } from '../../../src/codec/messages.ts';
import type { TreeDelta } from '../../../src/core/block-tree/delta.ts';
import { type Effect, NO_WAIT } from '../../../src/core/effect.ts';
import type { Input, RequestId, Ticket } from '../../../src/core/input.ts';
import { InvariantViolation } from '../../../src/core/invariant.ts';
import { createCore } from '../../../src/core/step.ts';
import { GENESIS_PC } from '../../../src/model/certificate.ts';
import { type ChainParameters, DEFAULT_LIMITS, defaultSettings } from '../../../src/model/chain.ts';
import { StorageError } from '../../../src/model/errors.ts';
import {
  asBlockHash,
  asChainId,
  asDataHash,
  asHeight,
  asMillis,
  asPower,
  asReplicaId,
  asView,
  type View,
} from '../../../src/model/ids.ts';
import type { Message, OutgoingMessage } from '../../../src/model/messages.ts';
import type { FrameReceiver, Network } from '../../../src/ports/network.ts';
import type { Verifier } from '../../../src/ports/signature-scheme.ts';
import { createEventStream } from '../../../src/runtime/event-stream.ts';
import { createShell, type ShellOptions } from '../../../src/runtime/shell.ts';
import { createRecorder } from '../../../src/runtime/trace.ts';
import { genesisBatch, initializeStorage } from '../../../src/storage/genesis.ts';
import { readParsedKeys } from '../../../src/storage/parsed-keys.ts';
import { recover } from '../../../src/storage/recovery.ts';
import { createHeldStore, settle } from './support/held-store.ts';
import { createManualClock } from './support/manual-clock.ts';

const me = asReplicaId('a'.repeat(64));
const peer = asReplicaId('b'.repeat(64));
const chain: ChainParameters = {
  chainId: asChainId(7),
  scheme: 'ed25519',
  epochLength: 10,
  leaderTenure: 4,
  limits: DEFAULT_LIMITS,
};
const genesis = {
  chain,
  validators: [me, peer].map((id) => ({ id, power: asPower(1), possession: null })),
  appState: [],
};

type Script = (input: Input) => readonly Effect[];

/** A shell around a scripted core, on a store whose writes the test ends; `log` is what becomes visible outside. */
async function start(script: Script, options: Partial<ShellOptions> = {}) {
  const held = createHeldStore();
  const begun = held.store.write(genesisBatch(genesis));
  await held.writes[0]?.succeed();
  await begun;
  const snapshot = held.store.snapshot();
  const disk = recover(snapshot);
  snapshot.close();

  const log: string[] = [];
  const inputs: string[] = [];
  let receive: FrameReceiver = () => {};
  const nameOf = (frame: Uint8Array): string => {
    const decoded = decodeMessage({ scheme: chain.scheme, limits: chain.limits }, frame);
    if (!('value' in decoded)) return 'garbage';
    return 'view' in decoded.value ? `${decoded.value.type} ${decoded.value.view}` : decoded.value.type;
  };
  const network: Network = {
    listen: (receiver) => {
      receive = receiver;
      log.push('listen');
    },
    send: (to, channel, frame) => log.push(`send ${nameOf(frame)} to ${to[0]} on ${channel}`),
    broadcast: (channel, frame) => log.push(`broadcast ${nameOf(frame)} on ${channel}`),
    updateValidators: ({ committed, previous }) =>
      log.push(`validators ${committed.validators.length} ${committed === previous}`),
    connectedPeers: () => [peer],
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  const verifier: Verifier = {
    scheme: 'ed25519',
    check: async (checks) => new Uint8Array(checks.length).fill(1),
    formCertificate: async () => ({ signatures: null, badSigners: [] }),
    checkPossession: async (keys) => new Uint8Array(keys.length).fill(1),
    [Symbol.asyncDispose]: async () => {},
  };
  const clock = createManualClock();
  const core = createCore({ me, chain, settings: defaultSettings(), seed: 1 });
  // The script takes the core's steps, its start included.
  core.sets = disk.validatorSets;
  const events = createEventStream((error) => {
    throw error;
  });
  for (const type of ['view-started', 'halted', 'message-rejected', 'app-failed'] as const) {
    events.on(type, (event) => log.push('view' in event ? `event ${type} ${event.view}` : `event ${type}`));
  }
  const shell = createShell({
    core,
    step(_, input) {
      inputs.push(describeInput(input));
      return script(input);
    },
    chain,
    settings: defaultSettings(),
    app: {
      produceBlock: () => ({ data: [Buffer.from('x')] }),
      validateBlock: () => ({ valid: true }),
    },
    store: { ...held.store, flushes: 0, close: async () => {}, [Symbol.asyncDispose]: async () => {} },
    network,
    signer: { id: me, scheme: 'ed25519', sign: async () => new Uint8Array(64) },
    verifier,
    parsedKeys: null,
    hasher: portableHasher,
    clock,
    recorder: createRecorder(core, null, () => {}),
    events,
    ...options,
  });
  shell.start(disk);
  const writes = held.writes;
  return {
    shell,
    log,
    inputs,
    writes,
    clock,
    held,
    receive: (...frame: Parameters<FrameReceiver>) => receive(...frame),
  };
}

function describeInput(input: Input): string {
  switch (input.type) {
    case 'message-received':
      return `${input.message.type} of ${input.from[0]}`;
    case 'persisted':
      return `persisted ${input.ticket}`;
    case 'timer-fired':
      return `timer ${input.timer.type}`;
    case 'recovered':
      return 'recovered';
    default:
      return `${input.type} ${input.request}`;
  }
}

const ticket = (number: number): Ticket => number as Ticket;
const request = (number: number): RequestId => number as RequestId;
const NOTHING: TreeDelta = { inserts: [], commits: [], prunes: [] };
const persist = (number: number, flush: 'now' | 'lazy' = 'now'): Effect => ({
  type: 'persist',
  ticket: ticket(number),
  delta: { ...NOTHING, proposeUpTo: asView(number) },
  flush,
});
const vote = (view: number): OutgoingMessage => ({
  type: 'phase-vote',
  chainId: chain.chainId,
  view: asView(view),
  block: asBlockHash('c'.repeat(64)),
  phase: 'generic',
});
const newView = (view: number): Extract<Message, OutgoingMessage> => ({
  type: 'new-view',
  chainId: chain.chainId,
  view: asView(view),
  highestPc: GENESIS_PC,
});
const send = (message: OutgoingMessage, after: number): Effect => ({
  type: 'send',
  to: [peer],
  message,
  after: ticket(after),
});
const viewStarted = (view: number, after: number): Effect => ({
  type: 'emit',
  event: { type: 'view-started', view: asView(view) as View, by: 'certificate' },
  after: ticket(after),
});

/** Effects of the first step; later inputs lead to none. */
const first =
  (effects: readonly Effect[]): Script =>
  (input) =>
    input.type === 'recovered' ? effects : [];

describe('the shell', () => {
  it('lets a vote leave only when its write is durable, and everything else in its order', async () => {
    const { log, inputs, writes } = await start(
      first([
        persist(1),
        send(newView(1), NO_WAIT),
        send(vote(2), 1),
        viewStarted(3, 1),
        send(newView(4), 1),
        viewStarted(5, NO_WAIT),
      ]),
    );
    await settle();
    expect(log).toEqual(['send new-view 1 to b on consensus', 'listen', 'event view-started 5']);
    expect(inputs).toEqual(['recovered']);

    await writes[0]?.succeed();
    expect(log.slice(3)).toEqual([
      'event view-started 3',
      'send new-view 4 to b on consensus',
      'send phase-vote 2 to b on consensus', // It had to be signed, which happens when it is released.
    ]);
    await settle();
    expect(inputs).toEqual(['recovered', 'persisted 1']);
  });

  it('sends nothing and writes nothing when the core says nothing', async () => {
    const { log, inputs, held } = await start(first([]));
    await settle();
    expect(log).toEqual(['listen']);
    expect(inputs).toEqual(['recovered']);
    expect(held.asked).toBe(1); // The genesis state alone.
  });

  it('asks for one write for all steps that come while one is under way', async () => {
    const { log, writes, held } = await start((input) => {
      if (input.type === 'recovered') {
        return [persist(1), { type: 'send', to: [me], message: newView(1), after: NO_WAIT }];
      }
      return input.type === 'message-received' ? [persist(2), persist(3, 'lazy'), send(vote(9), 3)] : [];
    });
    await settle();
    expect(held.asked).toBe(2);
    await writes[0]?.succeed();
    expect(held.asked).toBe(3);
    expect(log).toEqual(['listen']);
    await writes[0]?.succeed();
    expect(log).toEqual(['listen', 'send phase-vote 9 to b on consensus']);
  });

  it('lets nothing gated leave after a failed write, and ends with its error', async () => {
    const { shell, log, inputs, writes, clock, receive } = await start(
      first([
        persist(1),
        send(vote(2), 1),
        viewStarted(3, 1),
        { type: 'set-timer', timer: { type: 'advertise' }, at: asMillis(10) },
      ]),
    );
    const error = new StorageError('disk full');
    await writes[0]?.fail(error);
    await expect(shell.ended).rejects.toBe(error);
    receive(peer, 'consensus', encodeMessage('ed25519', newView(1)));
    clock.advance(1_000);
    await settle();
    expect(log).toEqual(['listen', 'event halted']);
    expect(inputs).toEqual(['recovered']);
    expect(clock.armed).toBe(0);
  });

  it('halts at a broken invariant: what is under way ends first, and is not released', async () => {
    const fault = new InvariantViolation('two and two are four');
    const { shell, log, writes } = await start((input) => {
      if (input.type === 'recovered') {
        return [
          persist(1),
          send(vote(2), 1),
          { type: 'send', to: [me], message: newView(1), after: NO_WAIT },
        ];
      }
      return [{ type: 'halt', fault }];
    });
    let hasEnded = false;
    shell.ended.catch(() => {
      hasEnded = true;
    });
    await settle();
    await settle();
    expect(hasEnded).toBe(false);
    await writes[0]?.succeed();
    await expect(shell.ended).rejects.toBe(fault);
    expect(log).toEqual(['listen', 'event halted']);
  });

  it('ends with what the core threw, should it ever throw', async () => {
    const bug = new TypeError('undefined is not a function');
    const { shell } = await start(() => {
      throw bug;
    });
    await expect(shell.ended).rejects.toBe(bug);
  });

  it('drains on close: what was begun becomes durable and is released, nothing new begins', async () => {
    const { shell, log, inputs, writes, clock, receive } = await start(
      first([
        persist(1, 'lazy'),
        viewStarted(3, 1),
        { type: 'set-timer', timer: { type: 'advertise' }, at: asMillis(10) },
      ]),
    );
    await settle();
    const closed = shell.close();
    receive(peer, 'consensus', encodeMessage('ed25519', newView(1)));
    await settle();
    await writes[0]?.succeed();
    await closed;
    await shell.ended;
    expect(log).toEqual(['listen', 'event view-started 3']);
    expect(inputs).toEqual(['recovered']);
    expect(clock.armed).toBe(0);
  });

  it('ends with the error of a write that fails while it drains', async () => {
    const { shell, log, writes } = await start(first([persist(1), viewStarted(3, 1)]));
    const closed = shell.close();
    const error = new StorageError('disk full');
    await writes[0]?.fail(error);
    await closed;
    await expect(shell.ended).rejects.toBe(error);
    expect(log).toEqual(['listen', 'event halted']);
  });

  it('feeds back answers, timers and its own messages, one input at a time, in order', async () => {
    const { inputs, clock } = await start(
      first([
        { type: 'send', to: 'all', message: newView(1), after: NO_WAIT },
        {
          type: 'produce-block',
          request: request(1),
          ask: { view: asView(1), parent: null, waitUntil: asMillis(0) },
        },
        { type: 'check-signatures', request: request(2), checks: [], priority: 'now' },
        { type: 'set-timer', timer: { type: 'fetch' }, at: asMillis(5) },
        { type: 'set-timer', timer: { type: 'advertise' }, at: asMillis(3) },
      ]),
    );
    clock.advance(5);
    await settle();
    await settle();
    expect(inputs).toEqual([
      'recovered',
      'new-view of a',
      'timer advertise',
      'timer fetch',
      'signatures-checked 2',
      'block-produced 1',
    ]);
  });

  it('forgets cancelled questions of both kinds', async () => {
    const { inputs } = await start(
      first([
        {
          type: 'produce-block',
          request: request(1),
          ask: { view: asView(1), parent: null, waitUntil: asMillis(0) },
        },
        { type: 'check-signatures', request: request(2), checks: [], priority: 'now' },
        { type: 'cancel', request: request(1) },
        { type: 'cancel', request: request(2) },
      ]),
    );
    await settle();
    await settle();
    expect(inputs).toEqual(['recovered']);
  });

  it('tells the network of validators when they are durable, without those that are retired', async () => {
    const store = createMemoryStore();
    await initializeStorage(store, genesis);
    const snapshot = store.snapshot();
    const { validatorSets } = recover(snapshot);
    snapshot.close();
    const undecided = { ...validatorSets, previous: { ...validatorSets.previous }, decided: false };
    const { log, writes } = await start(
      first([
        persist(1),
        { type: 'update-validators', sets: undecided, after: ticket(1) },
        { type: 'update-validators', sets: { ...undecided, decided: true }, after: ticket(1) },
      ]),
    );
    expect(log).toEqual(['listen']);
    await writes[0]?.succeed();
    expect(log).toEqual(['listen', 'validators 2 false', 'validators 2 true']);
  });

  it('has the keys of new validators written as the verifier parsed them, once they are durable', async () => {
    const store = createMemoryStore();
    await initializeStorage(store, genesis);
    const snapshot = store.snapshot();
    const { validatorSets: sets } = recover(snapshot);
    snapshot.close();
    const parsed = [1, 2].map((byte) => new Uint8Array(192).fill(byte)) as [Uint8Array, Uint8Array];
    const learned: Uint8Array[] = [];
    const asked: unknown[] = [];
    const verifier = {
      scheme: 'ed25519',
      parsedKeys: async (set: unknown) => {
        asked.push(set);
        return parsed[1];
      },
      learnKeys: (keys: Uint8Array) => void learned.push(keys),
    } as unknown as Verifier;
    const { writes, held } = await start(
      (input) => {
        if (input.type === 'recovered')
          return [persist(1), { type: 'update-validators', sets, after: ticket(1) }];
        return input.type === 'persisted' && input.ticket === 1 ? [persist(2, 'lazy'), persist(3)] : [];
      },
      { verifier, parsedKeys: parsed[0] },
    );
    expect([learned, asked]).toEqual([[parsed[0]], []]);
    await writes[0]?.succeed();
    expect(asked).toEqual([sets.committed]);
    await writes[0]?.succeed();
    const after = held.store.snapshot();
    expect(readParsedKeys(after)).toEqual(parsed[1]);
    after.close();
    expect(held.asked).toBe(3);
  });

  it('answers sync from the store beside the steps', async () => {
    const { log } = await start(
      first([
        {
          type: 'serve-blocks',
          to: peer,
          startHeight: asHeight(0),
          limit: 5,
          branch: [],
          highestPc: GENESIS_PC,
          after: NO_WAIT,
        },
      ]),
    );
    expect(log).toEqual(['listen']);
    await settle();
    expect(log).toEqual(['listen', 'send block-sync-response to b on sync']);
  });
});

describe('frames', () => {
  it('become inputs when they are messages on their channel', async () => {
    const { inputs, log, receive, shell } = await start(first([]));
    receive(peer, 'consensus', encodeMessage('ed25519', newView(1)));
    receive(peer, 'consensus', Uint8Array.of(1, 2, 3));
    const ask: Message = {
      type: 'block-sync-request',
      chainId: chain.chainId,
      startHeight: asHeight(0),
      limit: 1,
    };
    receive(peer, 'consensus', encodeMessage('ed25519', ask));
    receive(peer, 'sync', encodeMessage('ed25519', newView(2)));
    receive(peer, 'sync', encodeMessage('ed25519', ask));
    await settle();
    expect(inputs).toEqual(['recovered', 'new-view of b', 'block-sync-request of b']);
    expect(log).toEqual([
      'listen',
      'event message-rejected',
      'event message-rejected',
      'event message-rejected',
    ]);
    expect(shell.counters).toMatchObject({
      messagesReceived: 5,
      receivedByType: { 'new-view': 1, 'block-sync-request': 1 },
      rejections: { malformed: 3 },
    });
  });

  it('that would be rejected whatever they hold are not read, and their blocks not hashed', async () => {
    let hashed = 0;
    const merkleRoot = (data: readonly Uint8Array[]): Uint8Array => {
      hashed += 1;
      return portableHasher.merkleRoot(data);
    };
    const { inputs, receive, shell } = await start(first([]), { hasher: { merkleRoot } });
    const block = {
      height: asHeight(0),
      hash: asBlockHash('c'.repeat(64)),
      justify: GENESIS_PC,
      dataHash: asDataHash('d'.repeat(64)),
      data: [],
    };
    const stranger = asReplicaId('e'.repeat(64));
    const proposal: Message = { type: 'proposal', chainId: chain.chainId, view: asView(1), block };
    const response: Message = { type: 'block-sync-response', blocks: [block], highestPc: GENESIS_PC };
    receive(stranger, 'consensus', encodeMessage('ed25519', proposal));
    receive(stranger, 'sync', encodeMessage('ed25519', response));
    receive(peer, 'sync', encodeMessage('ed25519', response));
    await settle();
    expect([inputs, hashed]).toEqual([['recovered'], 0]);
    expect(shell.counters.rejections).toEqual({ 'not-a-validator': 1, unsolicited: 2 });
    receive(peer, 'consensus', encodeMessage('ed25519', proposal));
    await settle();
    expect([inputs, hashed]).toEqual([['recovered'], 1]);
    expect(shell.counters.rejections).toMatchObject({ 'bad-data-hash': 1 });
  });

  it('whose data the app cannot hash are dropped as a failure of the app', async () => {
    const app = {
      produceBlock: () => ({ data: [] }),
      validateBlock: () => ({ valid: true }) as const,
      dataHash: () => {
        throw new Error('no hash');
      },
    };
    const { inputs, log, receive, shell } = await start(first([]), { app });
    const block = {
      height: asHeight(0),
      hash: asBlockHash('c'.repeat(64)),
      justify: GENESIS_PC,
      dataHash: asDataHash('d'.repeat(64)),
      data: [],
    };
    const proposal: Message = { type: 'proposal', chainId: chain.chainId, view: asView(1), block };
    receive(peer, 'consensus', encodeMessage('ed25519', proposal));
    await settle();
    expect(inputs).toEqual(['recovered']);
    expect(log).toEqual(['listen', 'event app-failed']);
    expect(shell.counters.appFailures).toBe(1);
  });

  it('of a flood are dropped, with one event, while the replica reads the others in turn', async () => {
    const { inputs, log, receive, shell } = await start(first([]));
    const frame = encodeMessage('ed25519', newView(1));
    for (let count = 0; count < 1_500; count++) receive(peer, 'consensus', frame);
    expect(shell.counters.framesDropped).toBe(1_500 - 1_024);
    while (inputs.length < 1_025) await settle();
    expect(log.filter((line) => line === 'event message-rejected')).toHaveLength(1);
    receive(peer, 'consensus', frame);
    await settle();
    expect(inputs).toHaveLength(1_026);
  });

  it('are heard by a replica that never stops talking to itself', async () => {
    const again: Effect = { type: 'send', to: [me], message: newView(1), after: NO_WAIT };
    const { inputs, receive, shell } = await start((input) => {
      if (input.type === 'recovered') return [again];
      return input.type === 'message-received' && input.from === me ? [again] : [];
    });
    for (let count = 0; count < 3; count++) receive(peer, 'consensus', encodeMessage('ed25519', newView(2)));
    while (inputs.filter((line) => line === 'new-view of b').length < 3) await settle();
    await shell.close();
    expect(inputs.indexOf('new-view of b')).toBeLessThan(100);
  });

  it('wait unread while too many writes wait for the disk', async () => {
    let number = 0;
    const { inputs, receive, writes } = await start((input) => {
      if (input.type !== 'message-received') return [];
      number += 1;
      return [persist(number)];
    });
    const frame = encodeMessage('ed25519', newView(1));
    for (let count = 0; count < 300; count++) receive(peer, 'consensus', frame);
    const received = (): number => inputs.filter((line) => line === 'new-view of b').length;
    for (let turn = 0; turn < 20; turn++) await settle();
    expect(received()).toBe(256);
    while (received() < 300) {
      await writes[0]?.succeed();
      await settle();
    }
  });
});
