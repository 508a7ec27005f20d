import { describe, expect, it } from 'vitest';
import { asHeight, asView, ZERO_HASH } from '../../../src/model/ids.ts';
import { decodeFrame, encodeFrames } from '../../../src/state-machine/frames.ts';
import { bytes, FakeCluster, type FakeNode, settle } from './fake-cluster.ts';

const TENURE = 4;

/** Recipients of a node's frames by name, with the number of commands that each frame held; forgotten afterwards. */
function taken(node: FakeNode, cluster: FakeCluster): string[] {
  const name = (id: string) => (id === 'all' ? 'all' : cluster.nodes.findIndex((other) => other.id === id));
  return node.sent.splice(0).map(({ to, frame }) => `${decodeFrame(frame)?.length} to ${name(to)}`);
}

describe('forwarding', () => {
  it('brings a new command to the leader of the view, once', async () => {
    const cluster = new FakeCluster();
    cluster.enterView(4);
    const sender = cluster.nodes[3]!;
    void sender.service.submit(bytes('a=1'));
    void sender.service.submit(bytes('b=1'));
    await settle();
    expect(taken(sender, cluster)).toEqual(['2 to 1']);
    cluster.enterView(5);
    await settle();
    expect(taken(sender, cluster)).toEqual([]);
    expect(cluster.nodes[1]!.service.status().forwarded).toBe(2);
  });

  it('sends nothing when the leader is the node itself', async () => {
    const cluster = new FakeCluster();
    void cluster.leader.service.submit(bytes('a=1'));
    await settle();
    expect(taken(cluster.leader, cluster)).toEqual([]);
  });

  it('waits until the replica knows its leaders', async () => {
    const cluster = new FakeCluster();
    const sender = cluster.nodes[3]!;
    const { leadersOf } = sender;
    sender.leadersOf = () => [];
    void sender.service.submit(bytes('a=1'));
    await settle();
    expect(taken(sender, cluster)).toEqual([]);
    sender.leadersOf = leadersOf;
    sender.startView(1);
    await settle();
    expect(taken(sender, cluster)).toEqual(['1 to 0']);
  });

  it('goes to the next leader as well in the last view of a tenure, and not to it again', async () => {
    const cluster = new FakeCluster();
    cluster.enterView(7);
    const sender = cluster.nodes[3]!;
    void sender.service.submit(bytes('a=1'));
    await settle();
    expect(taken(sender, cluster)).toEqual(['1 to 1', '1 to 2']);
    cluster.enterView(8);
    await settle();
    expect(taken(sender, cluster)).toEqual([]);
  });

  it('goes to each new leader while the command waits, and to all after two tenures', async () => {
    const cluster = new FakeCluster();
    cluster.isConnected = false;
    const sender = cluster.nodes[0]!;
    cluster.enterView(4);
    void sender.service.submit(bytes('a=1'));
    await settle();
    expect(taken(sender, cluster)).toEqual(['1 to 1']);
    cluster.enterView(8);
    await settle();
    expect(taken(sender, cluster)).toEqual(['1 to 2']);
    cluster.enterView(4 + 2 * TENURE + 4);
    await settle();
    expect(taken(sender, cluster)).toEqual(['1 to all']);
  });

  it('spares a command that is in an uncommitted block', async () => {
    const cluster = new FakeCluster();
    cluster.enterView(1);
    const sender = cluster.nodes[3]!;
    const answer = sender.service.submit(bytes('a=1'));
    const block = await cluster.propose();
    taken(sender, cluster);
    cluster.enterView(4);
    await settle();
    expect(taken(sender, cluster)).toEqual([]);
    cluster.commit(block);
    await answer;
  });

  it('sends again what a pruned block held', async () => {
    const cluster = new FakeCluster();
    const sender = cluster.nodes[3]!;
    void sender.service.submit(bytes('a=1')).catch(() => {});
    await cluster.propose();
    taken(sender, cluster);
    cluster.tip = ZERO_HASH;
    const other = await cluster.nodes[2]!.produce(asView(8), ZERO_HASH);
    await sender.validate(other);
    sender.commit(other);
    await settle();
    expect(taken(sender, cluster)).toEqual(['1 to 0']);
  });

  it('gives a leader half a block, and as much again for each block with room', async () => {
    const cluster = new FakeCluster({ settings: { maxBlockCommands: 4 } });
    const sender = cluster.nodes[3]!;
    const answers = Array.from({ length: 7 }, (_, at) => sender.service.submit(bytes(`${at}=1`)));
    await settle();
    expect(taken(sender, cluster)).toEqual(['2 to 0']);
    await cluster.order();
    expect(taken(sender, cluster)).toEqual(['2 to 0']);
    await cluster.order();
    await cluster.order();
    await cluster.order();
    await Promise.all(answers);
  });

  it('does not press commands on others while blocks are full', async () => {
    const cluster = new FakeCluster({ settings: { maxBlockCommands: 2 } });
    const sender = cluster.nodes[3]!;
    for (let at = 0; at < 9; at++) void cluster.leader.service.submit(bytes(`l${at}=1`));
    for (let at = 0; at < 9; at++) void sender.service.submit(bytes(`s${at}=1`));
    await settle();
    taken(sender, cluster);
    await cluster.order();
    await cluster.order();
    await settle();
    expect(taken(sender, cluster)).toEqual([]);
  });

  it('drops what exceeds a peer’s share, whatever others have', async () => {
    const cluster = new FakeCluster({ settings: { maxForwardedPerPeer: 2 } });
    for (const sender of [2, 3]) {
      for (let at = 0; at < 5; at++) void cluster.nodes[sender]!.service.submit(bytes(`${sender}${at}=1`));
    }
    await settle();
    expect(cluster.leader.service.status().forwarded).toBe(4);
  });

  it('survives frames that are no frames', () => {
    const { nodes } = new FakeCluster();
    const [node, peer] = nodes;
    for (const frame of [[], [0], [1, 9], [1, 255, 255, 255, 255], [1, 3, 0, 0, 0, 1, 2, 3]]) {
      node!.receive(peer!.id, Uint8Array.from(frame));
    }
    expect(node!.service.status().forwarded).toBe(0);
  });
});

describe('a forwarded command', () => {
  it('that had committed before it came is dropped by the leader that finds it', async () => {
    const cluster = new FakeCluster();
    const [, , , sender] = cluster.nodes;
    void sender!.service.submit(bytes('a=1'));
    await cluster.order();
    const late = sender!.sent[0]!.frame;
    cluster.leader.receive(sender!.id, late);
    expect(cluster.leader.service.status().forwarded).toBe(1);
    await cluster.order();
    await cluster.order();
    await cluster.order();
    expect(cluster.nodes[0]!.service.status().forwarded).toBe(0);
  });
});

describe('a client whose names others use up', () => {
  /** A copy of the node's first command with other contents, ordered by somebody else. */
  async function forge(cluster: FakeCluster, change: (datum: Uint8Array) => void): Promise<void> {
    const sender = cluster.nodes[3]!;
    await settle();
    const datum = decodeFrame(sender.sent[0]!.frame)![0]!.slice();
    change(datum);
    const block = await cluster.nodes[2]!.produce(asView(cluster.view), cluster.tip);
    const forged = { ...block, data: [block.data[0]!, datum] };
    for (const node of cluster.nodes) expect(await node.validate(forged)).toMatchObject({ valid: true });
    cluster.tip = forged.hash;
    cluster.commit(forged);
  }

  it('gets its command ordered all the same when one of its own names is forged', async () => {
    const cluster = new FakeCluster();
    const answer = cluster.nodes[3]!.service.submit(bytes('a=1'));
    await forge(cluster, (datum) => datum.set(bytes('z=9'), 32));
    await cluster.order();
    expect(await answer).toMatchObject({ height: 1, result: new Uint8Array(0) });
    expect(cluster.nodes[1]!.service.read(bytes('z')).value).toEqual(bytes('9'));
  });

  it('gets its command ordered all the same when its window is pushed beyond it', async () => {
    const cluster = new FakeCluster();
    const sender = cluster.nodes[3]!;
    const answer = sender.service.submit(bytes('a=1'));
    await forge(cluster, (datum) => {
      datum.set(bytes('z=9'), 32);
      new DataView(datum.buffer).setBigUint64(16, 1_000_000n, true);
    });
    await cluster.order();
    expect(sender.service.status().pending).toBe(1);
    cluster.enterView(40);
    await cluster.order();
    await cluster.order();
    expect(await answer).toMatchObject({ result: new Uint8Array(0) });
  });
});

describe('a peer that sends commands under the names of another', () => {
  it.each([
    ['throw', bytes('!'), 100n],
    ['live too long', bytes('z=9'), BigInt(2 ** 53 - 1)],
    ['are voided', null, 100n | (1n << 63n)],
  ])('which %s does not keep those from a leader', async (_, contents, notAfter) => {
    const cluster = new FakeCluster();
    const [leader, , faulty, sender] = cluster.nodes as [FakeNode, FakeNode, FakeNode, FakeNode];
    cluster.isConnected = false;
    const answer = sender.service.submit(bytes('a=1'));
    await settle();
    const { frame } = sender.sent[0]!;
    const [datum] = decodeFrame(frame) as [Uint8Array];
    const forged = contents === null ? datum.slice(0, 32) : Buffer.concat([datum.subarray(0, 32), contents]);
    new DataView(forged.buffer, forged.byteOffset).setBigUint64(24, notAfter, true);
    leader.receive(faulty.id, encodeFrames([new Uint8Array(forged)])[0]!);
    leader.receive(sender.id, frame);
    const block = await cluster.order();
    expect(block.data.slice(1)).toEqual([datum]);
    expect(await answer).toMatchObject({ height: 0 });
  });
});

describe('a command whose lifetime is over without effect', () => {
  it('is submitted again with a new one', async () => {
    const cluster = new FakeCluster();
    const sender = cluster.nodes[3]!;
    void sender.service.submit(bytes('a=1'));
    await settle();
    const first = decodeFrame(sender.sent[0]!.frame)![0]!;
    // Everything up to its last height has committed, in blocks of others.
    sender.emit({ type: 'block-committed', block: ZERO_HASH, height: asHeight(40_000) });
    await settle();
    const [second] = decodeFrame(sender.sent[1]!.frame)!;
    expect(Buffer.from(second!.subarray(32))).toEqual(Buffer.from(first.subarray(32)));
    expect(Buffer.from(second!.subarray(0, 16))).not.toEqual(Buffer.from(first.subarray(0, 16)));
    expect(new DataView(second!.buffer, second!.byteOffset).getBigUint64(24, true)).toBeGreaterThan(40_000n);
    expect(sender.service.status().pending).toBe(1);
  });
});
