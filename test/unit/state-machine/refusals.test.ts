import { describe, expect, it } from 'vitest';
import { asView } from '../../../src/model/ids.ts';
import {
  decodeCommand,
  ENVELOPE_BYTES,
  encodeCommand,
  encodeVoid,
  isCommand,
} from '../../../src/state-machine/envelope.ts';
import { decodeFrame } from '../../../src/state-machine/frames.ts';
import { type CommandError, CommandError as Refused } from '../../../src/state-machine/index.ts';
import { bytes, FakeCluster, type FakeNode, registers, settle, text } from './fake-cluster.ts';

const TENURE = 4;

/** As `registers`, but `pay` throws while there is nothing under `funds`. */
const account = {
  apply: (command: Uint8Array, state: Parameters<typeof registers.apply>[1]) => {
    const isPayment = text(command)?.startsWith('pay') === true;
    if (isPayment && state.get(bytes('funds')) === null) throw new Error('no funds');
    return registers.apply(command, state, undefined as never);
  },
};

/** A cluster in which node 1, the leader, holds a copy of node 3's payment that it has not tried yet. */
async function withUntriedCopy(definition = account) {
  const cluster = new FakeCluster({ definition });
  cluster.enterView(TENURE);
  const [, holder, , sender] = cluster.nodes as [FakeNode, FakeNode, FakeNode, FakeNode];
  const told: (CommandError | number)[] = [];
  sender.service.submit(bytes('pay=1')).then(
    ({ height }) => told.push(height),
    (error: CommandError) => told.push(error),
  );
  await settle();
  expect(holder.service.status().forwarded).toBe(1);
  return { cluster, holder, sender, told };
}

async function orderFunds({ cluster, view }: { cluster: FakeCluster; view: number }): Promise<void> {
  cluster.enterView(view);
  void cluster.leader.service.submit(bytes('funds=1'));
  await cluster.order();
}

describe('a command on which apply throws while another leader holds a copy', () => {
  it('is refused when its name is used up, and the copy never takes effect', async () => {
    const { cluster, holder, sender, told } = await withUntriedCopy();
    cluster.enterView(3 * TENURE);
    const block = await cluster.propose();
    expect(block.data).toHaveLength(2);
    await settle();
    expect(told).toEqual([]);
    cluster.commit(block);
    await settle();
    expect(told).toEqual([expect.objectContaining({ code: 'refused', cause: new Error('no funds') })]);
    expect(told[0]).toBeInstanceOf(Refused);

    await orderFunds({ cluster, view: 4 * TENURE });
    cluster.enterView(5 * TENURE);
    expect(cluster.leader).toBe(holder);
    await cluster.order();
    expect(text(sender.service.read(bytes('pay')).value)).toBeNull();
    expect(sender.service.status().pending).toBe(0);
  });

  it('is answered when the copy comes first after all', async () => {
    const { cluster, holder, sender, told } = await withUntriedCopy();
    // The sender's own block is lost, as is all that it sends now.
    cluster.isConnected = false;
    await sender.produce(asView(3 * TENURE), cluster.tip);
    await orderFunds({ cluster, view: 4 * TENURE });
    cluster.enterView(5 * TENURE);
    expect(cluster.leader).toBe(holder);
    await cluster.order();
    await settle();
    expect(told).toEqual([1]);
    expect(text(sender.service.read(bytes('pay')).value)).toBe('1');
    expect(sender.service.status().pending).toBe(0);
  });

  it('is refused when somebody else has used its name up', async () => {
    const { cluster, sender, told } = await withUntriedCopy();
    const datum = decodeFrame(sender.sent[0]!.frame)![0]!.slice();
    await sender.produce(asView(3 * TENURE), cluster.tip);
    datum.set(bytes('for=g'), ENVELOPE_BYTES);
    const block = await cluster.nodes[2]!.produce(asView(2 * TENURE), cluster.tip);
    const forged = { ...block, data: [block.data[0]!, datum] };
    for (const node of cluster.nodes) expect(await node.validate(forged)).toMatchObject({ valid: true });
    cluster.commit(forged);
    await settle();
    expect(told).toEqual([expect.objectContaining({ code: 'refused' })]);
  });

  it('is told that its fate is not known when the service closes', async () => {
    const { cluster, sender, told } = await withUntriedCopy();
    await sender.produce(asView(3 * TENURE), cluster.tip);
    sender.service.close();
    await settle();
    expect(told).toEqual([expect.objectContaining({ code: 'closed' })]);
  });
});

it('is not voided by a service that closes while apply runs', async () => {
  let close: () => void = () => undefined;
  const closing: typeof account = {
    apply(command, state) {
      close();
      return account.apply(command, state);
    },
  };
  const { cluster, sender, told } = await withUntriedCopy(closing);
  const sent = sender.sent.length;
  close = () => sender.service.close();
  await sender.produce(asView(3 * TENURE), cluster.tip);
  await settle();
  expect(told).toEqual([expect.objectContaining({ code: 'closed' })]);
  expect(sender.service.status().pending).toBe(0);
  expect(sender.sent).toHaveLength(sent);
});

describe('a command on which apply throws while a block with it may yet commit', () => {
  it('is answered when that block commits', async () => {
    const cluster = new FakeCluster({ definition: account });
    const [sender, rival] = cluster.nodes as [FakeNode, FakeNode];
    await orderFunds({ cluster, view: 1 });
    const told: unknown[] = [];
    sender.service.submit(bytes('pay=1')).then(
      ({ height }) => told.push(height),
      (error: unknown) => told.push(error),
    );
    const paid = await sender.produce(asView(2), cluster.tip);
    expect(sender.sent).toEqual([]);
    // A rival of that block spends the funds; the sender builds on it.
    void rival.service.submit(bytes('-funds'));
    const spent = await rival.produce(asView(TENURE), cluster.tip);
    await sender.validate(spent);
    await sender.produce(asView(4 * TENURE), spent.hash);
    await settle();
    expect(told).toEqual([]);
    sender.commit(paid);
    await settle();
    expect(told).toEqual([1]);
  });
});

describe('a command on which apply throws at every leader', () => {
  it('is refused by the node that it was submitted at, though that never leads', async () => {
    const { cluster, holder, sender, told } = await withUntriedCopy();
    await cluster.order();
    expect(holder.service.status().forwarded).toBe(0);
    // Two tenures have passed since, in which blocks had room.
    cluster.enterView(4 * TENURE);
    await settle();
    expect(told).toEqual([]);
    // Its leader was told to use the name up.
    await cluster.order();
    expect(told).toEqual([expect.objectContaining({ code: 'refused', cause: new Error('no funds') })]);
    expect(sender.service.status().pending).toBe(0);
  });

  it('replaces the copies that its node has sent', async () => {
    const { cluster, holder, sender } = await withUntriedCopy();
    await sender.produce(asView(3 * TENURE), cluster.tip);
    // Another block comes in the place of that one.
    cluster.enterView(4 * TENURE);
    await cluster.order();
    cluster.enterView(5 * TENURE);
    await settle();
    expect(holder.service.status().forwarded).toBe(1);
    const block = await holder.produce(asView(5 * TENURE), cluster.tip);
    expect(block.data[1]).toEqual(encodeVoid(decodeFrame(sender.sent[0]!.frame)![0]!));
  });
});

describe('the bytes of a void command', () => {
  const datum = encodeCommand({
    clientId: new Uint8Array(16).fill(7),
    sequence: 300,
    notAfter: Number.MAX_SAFE_INTEGER,
    command: bytes('pay=1'),
  });

  it('name the command and its lifetime', () => {
    const { clientId, sequence, notAfter } = decodeCommand(datum)!;
    expect(decodeCommand(encodeVoid(datum))).toEqual({
      clientId,
      sequence,
      notAfter,
      isVoid: true,
      command: new Uint8Array(0),
    });
    expect(decodeCommand(datum)).toMatchObject({ isVoid: false });
  });

  it('hold nothing else', () => {
    const longer = new Uint8Array([...encodeVoid(datum), 1]);
    expect([isCommand(longer), decodeCommand(longer)]).toEqual([false, null]);
    expect(decodeCommand(encodeVoid(datum).subarray(1))).toBeNull();
  });
});
