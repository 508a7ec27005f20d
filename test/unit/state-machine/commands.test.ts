import { describe, expect, it, vi } from 'vitest';
import { asHeight, asView, ZERO_HASH } from '../../../src/model/ids.ts';
import type { CommandError, PoolFullError } from '../../../src/state-machine/index.ts';
import { bytes, FakeCluster, registers, settle, text } from './fake-cluster.ts';

/** How often a command was applied, or tried to. */
let tries = 0;
const countingApply: typeof registers.apply = (...call) => {
  tries += 1;
  return registers.apply(...call);
};

const code = (expected: CommandError['code']) => expect.objectContaining({ code: expected });

describe('a submitted command', () => {
  it('is answered with where it took effect and what apply returned, once it is committed', async () => {
    const cluster = new FakeCluster();
    const answers: unknown[] = [];
    void cluster.nodes[2]!.service.submit(bytes('a=1')).then((answer) => answers.push(answer));
    const block = await cluster.propose();
    await settle();
    expect(answers).toEqual([]);
    cluster.commit(block);
    await settle();
    expect(answers).toEqual([{ height: 0, blockHash: block.hash, result: new Uint8Array(0) }]);

    const second = cluster.nodes[0]!.service.submit(bytes('a=2'));
    await cluster.order();
    expect(await second).toMatchObject({ height: 1, result: bytes('1') });
  });

  it('changes the state of every node', async () => {
    const cluster = new FakeCluster();
    void cluster.nodes[1]!.service.submit(bytes('a=1'));
    void cluster.nodes[3]!.service.submit(bytes('b=2'));
    await cluster.order();
    for (const { service } of cluster.nodes) {
      expect(text(service.read(bytes('a')).value)).toBe('1');
      expect(service.read(bytes('b'))).toEqual({ value: bytes('2'), height: 0 });
      expect(service.read(bytes('c'))).toEqual({ value: null, height: 0 });
      expect(service.status().committedCommands).toBe(2);
    }
  });

  it('takes effect once although two leaders order it', async () => {
    const cluster = new FakeCluster();
    const answer = cluster.nodes[0]!.service.submit(bytes('a=1'));
    const first = await cluster.propose();
    // A leader that orders the same datum again, as a faulty one may.
    const twin = await cluster.leader.produce(asView(cluster.view), cluster.tip);
    const again = { ...twin, data: [twin.data[0]!, first.data[1]!] };
    for (const node of cluster.nodes) {
      const result = await node.validate(again);
      expect(result.valid && result.appStateUpdates).toEqual({ sets: [], deletes: [] });
    }
    cluster.commit(first);
    cluster.commit(again);
    expect(await answer).toMatchObject({ height: 0 });
    expect(cluster.nodes.map(({ service }) => service.status().committedCommands)).toEqual([1, 1, 1, 1]);
  });

  it('is refused by its code when apply throws, and leaves no trace', async () => {
    const cluster = new FakeCluster();
    const refused = cluster.leader.service.submit(bytes('!'));
    const fine = cluster.leader.service.submit(bytes('a=1'));
    const [block] = await Promise.all([cluster.order(), expect(refused).rejects.toEqual(code('refused'))]);
    expect(block.data).toHaveLength(2);
    expect(await fine).toMatchObject({ height: 0 });
    expect(cluster.leader.service.status().pending).toBe(0);
  });

  it('leaves no trace of what it changed in place before it threw', async () => {
    const spoiling: typeof registers.apply = (command, state, context) => {
      if (text(command)?.startsWith('!')) state.get(bytes('a'))?.fill(0x39);
      return registers.apply(command, state, context);
    };
    const cluster = new FakeCluster({ definition: { apply: spoiling } });
    const { service } = cluster.leader;
    const fine = service.submit(bytes('a=1'));
    const refused = service.submit(bytes('!'));
    await Promise.all([cluster.order(), expect(refused).rejects.toEqual(code('refused'))]);
    await fine;
    const later = service.submit(bytes('!'));
    await Promise.all([cluster.order(), expect(later).rejects.toEqual(code('refused'))]);
    for (const node of cluster.nodes) expect(text(node.service.read(bytes('a')).value)).toBe('1');
    expect(cluster.nodes.map((node) => node.service.status().divergence)).toEqual([null, null, null, null]);
  });

  it('is refused when it is too large', async () => {
    const cluster = new FakeCluster({ settings: { maxCommandBytes: 8 } });
    await expect(cluster.leader.service.submit(bytes('a=1234567'))).rejects.toEqual(code('too-large'));
  });

  it('is refused with a time to come back when the pool is full', async () => {
    const cluster = new FakeCluster({ settings: { maxPending: 2 } });
    const { service } = cluster.leader;
    const pending = [service.submit(bytes('a=1')), service.submit(bytes('b=1'))];
    await expect(service.submit(bytes('c=1'))).rejects.toSatisfy(
      (error: PoolFullError) => error.code === 'pool-full' && error.retryAfterMs > 0,
    );
    await cluster.order();
    await Promise.all(pending);
    const next = service.submit(bytes('c=1'));
    await cluster.order();
    expect(await next).toMatchObject({ height: 1 });
  });

  it('counts bytes against the pool as well', async () => {
    const cluster = new FakeCluster({ settings: { maxPendingBytes: 70 } });
    const { service } = cluster.leader;
    const first = service.submit(bytes('a=1'));
    await expect(service.submit(bytes(`b=${'x'.repeat(40)}`))).rejects.toEqual(code('pool-full'));
    await cluster.order();
    await first;
  });

  it('is forgotten when its submitter gives up', async () => {
    const cluster = new FakeCluster();
    const stop = new AbortController();
    const answer = cluster.nodes[3]!.service.submit(bytes('a=1'), { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    expect(cluster.nodes[3]!.service.status().pending).toBe(0);
    await expect(cluster.nodes[3]!.service.submit(bytes('a=1'), { signal: stop.signal })).rejects.toThrow(
      'enough',
    );
    expect((await cluster.order()).data).toHaveLength(1);
  });

  it('is rejected as undecided when the service closes', async () => {
    const cluster = new FakeCluster();
    const { service } = cluster.leader;
    const answer = service.submit(bytes('a=1'));
    const height = service.waitForHeight(asHeight(7));
    service.close();
    await expect(answer).rejects.toEqual(code('closed'));
    await expect(height).rejects.toEqual(code('closed'));
    await expect(service.submit(bytes('b=1'))).rejects.toEqual(code('closed'));
  });

  it('is settled before a drained service is done, and new ones are refused', async () => {
    const cluster = new FakeCluster();
    const { service } = cluster.leader;
    const answer = service.submit(bytes('a=1'));
    const drained = vi.fn();
    const draining = service.drain().then(drained);
    await expect(service.submit(bytes('b=1'))).rejects.toEqual(code('closed'));
    await settle();
    expect(drained).not.toHaveBeenCalled();
    await cluster.order();
    await draining;
    expect(await answer).toMatchObject({ height: 0 });
  });
});

describe('a block', () => {
  it('holds the parent state hash alone when there are no commands, and says so', async () => {
    const cluster = new FakeCluster();
    const block = await cluster.propose();
    expect(block.data).toHaveLength(1);
    const state = cluster.leader.states.get(ZERO_HASH)!;
    const { hasCommands } = await cluster.leader.machine.app.produceBlock(
      { view: asView(9), parent: null, state, waitMs: 0 },
      new AbortController().signal,
    );
    expect(hasCommands).toBe(false);
  });

  it('takes no more commands and bytes than it should, oldest first', async () => {
    const cluster = new FakeCluster({ settings: { maxBlockCommands: 3, maxBlockBytes: 1_000 } });
    const { service } = cluster.leader;
    const answers = ['a=1', 'b=1', 'c=1', 'd=1'].map((command) => service.submit(bytes(command)));
    answers.push(service.submit(bytes(`e=${'x'.repeat(900)}`)), service.submit(bytes('f=1')));
    expect((await cluster.order()).data).toHaveLength(1 + 3);
    expect((await cluster.order()).data).toHaveLength(1 + 2);
    expect((await cluster.order()).data).toHaveLength(1 + 1);
    expect((await Promise.all(answers)).map(({ height }) => height)).toEqual([0, 0, 0, 1, 1, 2]);
  });

  it('leaves out what an uncommitted ancestor holds', async () => {
    const cluster = new FakeCluster();
    const answer = cluster.leader.service.submit(bytes('a=1'));
    const first = await cluster.propose();
    const second = await cluster.propose();
    expect([first, second].map(({ data }) => data.length)).toEqual([2, 1]);
    cluster.commit(first);
    expect(await answer).toMatchObject({ height: 0 });
  });

  it('gets again what a pruned block held', async () => {
    const cluster = new FakeCluster();
    const answer = cluster.nodes[2]!.service.submit(bytes('a=1'));
    const lost = await cluster.propose();
    expect(lost.data).toHaveLength(2);
    // The next leader builds on the parent, without having seen the command's block or the command.
    cluster.tip = ZERO_HASH;
    cluster.enterView(8);
    cluster.isConnected = false;
    const empty = await cluster.nodes[3]!.produce(asView(12), ZERO_HASH);
    cluster.isConnected = true;
    for (const node of cluster.nodes) if (node !== cluster.nodes[3]) await node.validate(empty);
    cluster.tip = empty.hash;
    cluster.commit(empty);
    await cluster.order();
    expect(await answer).toMatchObject({ height: 1 });
  });

  it('is invalid without a header, with a foreign format, or with a datum that is no command', async () => {
    const cluster = new FakeCluster();
    const block = await cluster.leader.produce(asView(1), ZERO_HASH);
    const header = block.data[0]!;
    const other = Uint8Array.from(header, (byte, at) => (at === 0 ? 2 : byte));
    const [, node] = cluster.nodes;
    expect(await node!.validate({ ...block, data: [] })).toEqual({ valid: false });
    expect(await node!.validate({ ...block, data: [other] })).toEqual({ valid: false });
    expect(await node!.validate({ ...block, data: [header, new Uint8Array(31)] })).toEqual({ valid: false });
    expect(await node!.validate({ ...block, data: [header, new Uint8Array(32).fill(255)] })).toEqual({
      valid: false,
    });
    expect(await node!.validate(block)).toMatchObject({ valid: true, hasCommands: false });
  });

  it('gets no verdict when a command in it throws', async () => {
    const cluster = new FakeCluster({ nodes: 4 });
    const answer = cluster.leader.service.submit(bytes('a=1'));
    const block = await cluster.propose();
    const poisoned = Uint8Array.from(block.data[1]!);
    poisoned.set(bytes('!'), 32);
    poisoned[0]! ^= 1;
    const bad = { ...block, data: [block.data[0]!, poisoned] };
    await expect(cluster.nodes[1]!.validate(bad)).rejects.toThrow('apply threw on command 0');
    cluster.commit(block);
    await answer;
  });
});

describe('an answer', () => {
  it('finds its way though a leader proposes faster than its disk can tell', async () => {
    const cluster = new FakeCluster();
    const { leader } = cluster;
    leader.held = [];
    const first = leader.service.submit(bytes('a=1'));
    const one = await cluster.propose();
    const second = leader.service.submit(bytes('b=1'));
    const two = await cluster.propose();
    leader.release();
    cluster.commit(one);
    cluster.commit(two);
    expect(await first).toMatchObject({ height: 0, blockHash: one.hash });
    expect(await second).toMatchObject({ height: 1, blockHash: two.hash });
  });

  it('is lost, and said to be, when its block was executed before this process', async () => {
    const cluster = new FakeCluster();
    const [, , , sender] = cluster.nodes;
    const answer = sender!.service.submit(bytes('a=1'));
    await settle();
    const block = await cluster.leader.produce(asView(1), ZERO_HASH);
    // On its disk, but not executed by this state machine.
    sender!.blocks.set(block.hash, block);
    sender!.states.set(block.hash, cluster.leader.states.get(block.hash)!);
    sender!.commit(block);
    await expect(answer).rejects.toEqual(code('result-lost'));
    expect(sender!.service.status()).toMatchObject({ committedCommands: 1, pending: 0 });
  });
});

describe('a leader that may wait', () => {
  it('proposes as soon as a command arrives from anywhere', async () => {
    const cluster = new FakeCluster();
    const waiting = cluster.leader.produce(asView(1), ZERO_HASH, 60_000);
    await settle();
    const answer = cluster.nodes[3]!.service.submit(bytes('a=1'));
    const block = await waiting;
    expect(block.data).toHaveLength(2);
    for (const node of cluster.nodes) if (node !== cluster.leader) await node.validate(block);
    cluster.commit(block);
    expect(await answer).toMatchObject({ height: 0 });
  });

  it('proposes an empty block when its time is over', async () => {
    const cluster = new FakeCluster();
    expect((await cluster.leader.produce(asView(1), ZERO_HASH, 5)).data).toHaveLength(1);
  });

  it('stops when it is told to', async () => {
    const cluster = new FakeCluster();
    const stop = new AbortController();
    const waiting = cluster.leader.produce(asView(1), ZERO_HASH, 60_000, stop.signal);
    stop.abort(new Error('the view is over'));
    await expect(waiting).rejects.toThrow('the view is over');
  });
});

describe('a node whose state differs', () => {
  it('is found at the next block and named, with the height and both hashes', async () => {
    const cluster = new FakeCluster();
    await cluster.order();
    const liar = cluster.nodes[3]!;
    const honest = liar.states.get(cluster.tip)!;
    const wrong = honest.after(
      { hash: cluster.tip, height: honest.height! } as never,
      { sets: [[bytes('x'), bytes('y')]], deletes: [] },
      null,
    );
    liar.states.set(cluster.tip, wrong);
    const block = await cluster.leader.produce(asView(cluster.view), cluster.tip);
    expect(await liar.validate(block)).toEqual({ valid: false });
    const divergence = {
      height: 0,
      block: block.hash,
      theirs: Buffer.from(honest.appStateHash).toString('hex'),
      ours: Buffer.from(wrong.appStateHash).toString('hex'),
      certified: false,
    };
    expect(liar.divergences).toEqual([divergence]);
    expect(liar.service.status().divergence).toEqual(divergence);
    // Certified by a quorum: it is no longer the proposer's word against ours.
    await expect(liar.validate(block, 'sync')).rejects.toThrow(/diverged at height 0: .*this node is wrong/);
    expect(await cluster.nodes[2]!.validate(block)).toMatchObject({ valid: true });
  });
});

describe('waiting for a height', () => {
  it('resolves when the height is committed, or at once when it is', async () => {
    const cluster = new FakeCluster();
    const { service } = cluster.nodes[1]!;
    const reached = vi.fn();
    const waiting = service.waitForHeight(asHeight(1)).then(reached);
    await cluster.order();
    expect(reached).not.toHaveBeenCalled();
    await cluster.order();
    await waiting;
    await service.waitForHeight(asHeight(0));
  });

  it('ends when the caller gives up', async () => {
    const cluster = new FakeCluster();
    const stop = new AbortController();
    const waiting = cluster.nodes[1]!.service.waitForHeight(asHeight(1), { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});

it('a peer whose commands throw keeps a leader busy with a few of them for each block, and nobody else waits', async () => {
  const cluster = new FakeCluster({ definition: { apply: countingApply } });
  tries = 0;
  const peer = cluster.nodes.find((node) => node !== cluster.leader)!;
  for (let at = 0; at < 100; at++) peer.service.submit(bytes(`!${at}`)).catch(() => {});
  await settle();
  const own = cluster.leader.service.submit(bytes('a=1'));
  await cluster.propose();
  // Of the leader, all others validate what it chose.
  expect(tries).toBe(16 + 4);
  expect(cluster.nodes[0]!.blocks.get(cluster.tip)?.data).toHaveLength(2);
  cluster.commit(cluster.nodes[0]!.blocks.get(cluster.tip)!);
  expect(await own).toMatchObject({ height: 0 });
  tries = 0;
  await cluster.propose();
  expect(tries).toBe(16);
});
