import { afterEach, describe, expect, it, vi } from 'vitest';
import { asView, ZERO_HASH } from '../../../src/model/ids.ts';
import { bytes, FakeCluster, registers, settle } from './fake-cluster.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Time that passes as commands are applied, a millisecond for each. */
function slowMachine() {
  let nowMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  /** Commands applied in each turn of the event loop so far. */
  const turns: number[] = [];
  let isOpen = false;
  const apply: typeof registers.apply = (...call) => {
    nowMs += 1;
    if (!isOpen) {
      isOpen = true;
      turns.push(0);
      setImmediate(() => {
        isOpen = false;
      });
    }
    turns[turns.length - 1]! += 1;
    return registers.apply(...call);
  };
  return { turns, definition: { apply } };
}

const submitAll = (cluster: FakeCluster, count: number): Promise<unknown>[] =>
  Array.from({ length: count }, (_, at) => cluster.leader.service.submit(bytes(`key${at}=${at}`)));

describe('a block whose commands take long', () => {
  it('is made and validated in several turns, in order, with the results that one turn would give', async () => {
    const { turns, definition } = slowMachine();
    const cluster = new FakeCluster({ definition });
    const answers = submitAll(cluster, 40);
    await settle();
    const block = await cluster.leader.produce(asView(cluster.view), ZERO_HASH);
    expect(block.data).toHaveLength(41);
    expect(turns).toEqual([15, 16, 9]);
    const quick = new FakeCluster();
    const expected = await quick.nodes[1]!.validate(block);
    for (const node of cluster.nodes) {
      if (node !== cluster.leader) expect(await node.validate(block)).toEqual(expected);
    }
    cluster.commit(block);
    const told = await Promise.all(answers);
    expect(told).toHaveLength(40);
    for (const answer of told) expect(answer).toMatchObject({ height: 0, blockHash: block.hash });
  });

  it('is made in as many turns as large commands need', async () => {
    const { turns, definition } = slowMachine();
    const cluster = new FakeCluster({ definition });
    const large = 'x'.repeat(20_000);
    for (let at = 0; at < 8; at++) void cluster.leader.service.submit(bytes(`key${at}=${large}`));
    await settle();
    const block = await cluster.leader.produce(asView(cluster.view), ZERO_HASH);
    expect(block.data).toHaveLength(9);
    await settle();
    expect(turns.splice(0)).toEqual([2, 2, 2, 2]);
    await cluster.nodes[1]!.validate(block);
    expect(turns).toEqual([2, 2, 2, 2]);
  });

  it('is made in as many turns as commands need that throw', async () => {
    const { turns, definition } = slowMachine();
    const cluster = new FakeCluster({ definition });
    const sender = cluster.nodes[3]!;
    for (let at = 0; at < 8; at++) sender.service.submit(bytes(`!${at}`)).catch(() => {});
    await settle();
    const block = await cluster.leader.produce(asView(cluster.view), ZERO_HASH);
    expect(block.data).toHaveLength(1);
    expect(turns).toEqual([2, 2, 2, 2]);
  });

  it('is given up between two turns when nobody wants it any more', async () => {
    const { turns, definition } = slowMachine();
    const cluster = new FakeCluster({ definition });
    for (const answer of submitAll(cluster, 40)) answer.catch(() => {});
    await settle();
    const stop = new AbortController();
    const making = cluster.leader.produce(asView(cluster.view), ZERO_HASH, 0, stop.signal);
    stop.abort(new Error('the view is over'));
    await expect(making).rejects.toThrow('the view is over');
    expect(turns).toEqual([15]);
    // Nothing is lost: the next block has them all.
    expect((await cluster.leader.produce(asView(cluster.view + 1), ZERO_HASH)).data).toHaveLength(41);
    for (const { service } of cluster.nodes) service.close();
  });
});

describe('many answers', () => {
  it('are all given when the service closes among them; who has none is told so', async () => {
    const cluster = new FakeCluster();
    const answers = submitAll(cluster, 100);
    const block = await cluster.propose();
    expect(block.data).toHaveLength(101);
    const late = cluster.leader.service.submit(bytes('late=1'));
    cluster.commit(block);
    await new Promise((resolve) => setImmediate(resolve));
    cluster.leader.service.close();
    await expect(late).rejects.toMatchObject({ code: 'closed' });
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ height: 0 });
  });

  it('are waited for by a service that drains', async () => {
    const cluster = new FakeCluster();
    let told = 0;
    for (const answer of submitAll(cluster, 100)) void answer.then(() => (told += 1));
    const block = await cluster.propose();
    const drained = cluster.leader.service.drain();
    cluster.commit(block);
    await drained;
    expect(told).toBe(100);
  });

  it('do not reach a submitter that has given up meanwhile', async () => {
    const cluster = new FakeCluster();
    const others = submitAll(cluster, 50);
    const stop = new AbortController();
    const answer = cluster.leader.service.submit(bytes('a=1'), { signal: stop.signal });
    const block = await cluster.propose();
    cluster.commit(block);
    stop.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    expect(await Promise.all(others)).toHaveLength(50);
  });
});
