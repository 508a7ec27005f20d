import assert from 'node:assert/strict';
import { createMemoryStore } from '../../../src/adapters/memory/index.ts';
import { portableHasher } from '../../../src/codec/data-hash.ts';
import { encodeMessage } from '../../../src/codec/messages.ts';
import type { RequestId, Ticket } from '../../../src/core/input.ts';
import type { Block } from '../../../src/model/block.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { StorageError } from '../../../src/model/errors.ts';
import { asChainId, asPower, asReplicaId, asView, ZERO_HASH } from '../../../src/model/ids.ts';
import type { Message } from '../../../src/model/messages.ts';
import { createValidatorSet, type ValidatorSet } from '../../../src/model/validator-set.ts';
import { createAppRunner } from '../../../src/runtime/app-runner.ts';
import { createCounters } from '../../../src/runtime/counters.ts';
import { hashDataWith } from '../../../src/runtime/data-hash.ts';
import { createDurability } from '../../../src/runtime/durability.ts';
import { readFrame } from '../../../src/runtime/inbound.ts';
import { createFrameQueue } from '../../../src/runtime/input-queue.ts';
import type { LocalInput } from '../../../src/runtime/local-input.ts';
import { createOutbox } from '../../../src/runtime/outbox.ts';
import { batchOf } from '../../../src/storage/apply.ts';
import { initializeStorage } from '../../../src/storage/genesis.ts';
import { createBlockTreeSnapshot } from '../../../src/storage/snapshot.ts';
import { createHeldStore, settle } from '../../unit/runtime/support/held-store.ts';
import { createManualClock } from '../../unit/runtime/support/manual-clock.ts';
import { recordsIn } from '../../unit/runtime/support/records.ts';
import { blockOn, delta, genesisOf, text } from '../../unit/storage/support/fixtures.ts';
import type { Scenario } from '../scenario.ts';

// The shell around the core, and its storage: what the simulator has its own of.

const me = asReplicaId('0'.repeat(64));
const peer = asReplicaId('1'.repeat(64));

function heldDurability() {
  const held = createHeldStore();
  const log: string[] = [];
  const durability = createDurability({
    store: held.store,
    recordsOf: (_reader, { proposeUpTo }) =>
      recordsIn({ sets: [[text('view'), text(`${proposeUpTo}`)]], deletes: [] }),
    clock: createManualClock(),
    lazyMs: 125,
    onDurable: (ticket) => log.push(`durable ${ticket}`),
    onFault: (error) => log.push(`fault ${error.message}`),
  });
  const persist = (ticket: number): void =>
    durability.persist(ticket as Ticket, delta({ proposeUpTo: asView(ticket) }), 'now');
  return { held, log, durability, persist };
}

export const gates: Scenario = {
  name: 'gates: the shell sends what waits for the disk when the disk has it',
  async run() {
    const { held, log, durability, persist } = heldDurability();
    persist(1);
    durability.gate(1 as Ticket, () => log.push('vote'));
    durability.start();
    await settle();
    assert.deepEqual(log, []);
    await held.writes[0]?.succeed();
    assert.deepEqual(log, ['vote', 'durable 1']);
  },
};

export const failedWrite: Scenario = {
  name: 'failed write: the shell stops, and nothing that waited for it leaves',
  async run() {
    const { held, log, durability, persist } = heldDurability();
    persist(1);
    durability.gate(1 as Ticket, () => log.push('vote'));
    durability.start();
    persist(2);
    await held.writes[0]?.fail(new StorageError('the disk is full'));
    durability.start();
    await settle();
    assert.deepEqual(log, ['fault the disk is full']);
    assert.equal(held.asked, 1);
  },
};

export const broadcasts: Scenario = {
  name: 'broadcasts: they come back to their sender',
  run() {
    const looped: Message[] = [];
    const outbox = createOutbox({
      signer: { id: me, scheme: 'ed25519', sign: () => Promise.reject(new Error('nothing to sign')) },
      network: { send: () => {}, broadcast: () => {}, connectedPeers: () => [peer] },
      counters: createCounters(),
      loopBack: (message) => looped.push(message),
      onFault: (error) => assert.fail(String(error)),
    });
    const { justify } = blockOn('ed25519', null).block;
    const message: Message = { type: 'new-view', chainId: asChainId(7), view: asView(3), highestPc: justify };
    outbox.send('all', message);
    outbox.send([peer, me], message);
    outbox.send([peer], message);
    assert.deepEqual(looped, [message, message]);
  },
};

export const otherData: Scenario = {
  name: 'other data: a block whose data is not of its data hash does not reach the core',
  run() {
    const format = { scheme: 'ed25519', limits: DEFAULT_LIMITS } as const;
    const hashData = hashDataWith(portableHasher, {});
    const { block: honest } = blockOn('ed25519', null, { data: [text('a command')] });
    const read = (block: Block) => {
      const proposal: Message = { type: 'proposal', chainId: asChainId(7), view: asView(1), block };
      const response: Message = { type: 'block-sync-response', blocks: [block], highestPc: block.justify };
      return (
        [
          ['consensus', proposal],
          ['sync', response],
        ] as const
      ).map(([channel, message]) =>
        readFrame(format, hashData, { from: peer, channel, frame: encodeMessage('ed25519', message) }),
      );
    };
    for (const { rejected } of read(honest)) assert.equal(rejected, null);
    for (const { message, rejected } of read({ ...honest, data: [text('another command')] })) {
      assert.equal(rejected?.rejection.code, 'bad-data-hash');
      assert.ok(message === null || (message.type === 'block-sync-response' && message.blocks.length === 0));
    }
  },
};

export const floods: Scenario = {
  name: 'floods: the frames of one peer that wait to be read are bounded, and keep no other peer out',
  run() {
    const queue = createFrameQueue(1_000_000, () => true);
    const frame = new Uint8Array(10);
    let taken = 0;
    while (taken < 100_000 && queue.push({ from: peer, channel: 'consensus', frame })) taken++;
    assert.ok(taken < 100_000, 'a peer may have any number of frames waiting');
    assert.ok(queue.push({ from: me, channel: 'consensus', frame }));
  },
};

export const possessions: Scenario = {
  name: 'possessions: a new key without a valid proof of possession makes a block invalid',
  async run() {
    const answers: LocalInput[] = [];
    const validatorSet = createValidatorSet([{ id: me, power: asPower(1) }]) as ValidatorSet;
    const validatorSetUpdates = { inserts: [{ id: peer, power: asPower(1), possession: null }], deletes: [] };
    const runner = createAppRunner({
      app: {
        produceBlock: () => Promise.reject(new Error('not asked')),
        validateBlock: async () => ({ valid: true, validatorSetUpdates }),
      },
      chain: { ...genesisOf('ed25519').chain },
      viewTimeMs: 1_000,
      clock: createManualClock(),
      verifier: { checkPossession: async (keys) => new Uint8Array(keys.length) },
      hashData: hashDataWith(portableHasher, {}),
      openState: () => ({
        view: {
          block: ZERO_HASH,
          height: null,
          appStateHash: new Uint8Array(32),
          validatorSet,
          get: () => null,
        },
        failure: null,
        close: () => {},
      }),
      answer: (input) => answers.push(input),
      emit: () => {},
      onFault: (error) => assert.fail(String(error)),
    });
    const request = 1 as RequestId;
    const { block } = blockOn('ed25519', null);
    runner.validate({ type: 'validate-block', request, ask: { context: 'proposal', block } });
    await settle();
    assert.deepEqual(answers, [{ type: 'block-validated', request, validity: { valid: false } }]);
  },
};

export const storedOnce: Scenario = {
  name: 'stored once: a block that comes again changes nothing that is stored',
  async run() {
    const store = createMemoryStore();
    await initializeStorage(store, genesisOf('ed25519'));
    const first = blockOn('ed25519', null, { data: [text('a command')] });
    const again = { ...first, block: { ...first.block, data: [text('something else')] } };
    for (const inserted of [first, again]) {
      const snapshot = store.snapshot();
      await store.write(batchOf(snapshot, delta({ inserts: [inserted] })));
      snapshot.close();
    }
    const tree = createBlockTreeSnapshot(store.snapshot());
    assert.deepEqual(
      tree.data(first.block.hash)?.map((datum) => Buffer.from(datum).toString()),
      ['a command'],
    );
    tree.close();
  },
};
