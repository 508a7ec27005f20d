import { describe, expect, it } from 'vitest';
import { asReplicaId, type ReplicaId } from '../../../src/model/ids.ts';
import { newClientId } from '../../../src/state-machine/client-ids.ts';
import { encodeCommand } from '../../../src/state-machine/envelope.ts';
import { encodeFrames } from '../../../src/state-machine/frames.ts';
import { bytes, FakeCluster, type FakeNode, registers, settle } from './fake-cluster.ts';

/** Keys cost nothing: whoever holds one is a peer of its own. */
const stranger = (at: number) => asReplicaId((100 + at).toString(16).padStart(64, '0'));

function send(to: FakeNode, from: ReplicaId, command: string, notAfter = 100): void {
  const clientId = newClientId(from);
  const datum = encodeCommand({ clientId, sequence: 0, notAfter, command: bytes(command) });
  to.receive(from, encodeFrames([datum])[0]!);
}

describe('peers that are no validators', () => {
  it('have four peers’ shares of the pool together, however many they are', async () => {
    const cluster = new FakeCluster({ settings: { maxForwardedPerPeer: 5 } });
    const { leader } = cluster;
    for (let at = 0; at < 10; at++) {
      for (let count = 0; count < 4; count++) send(leader, stranger(at), `${at}/${count}=1`);
    }
    expect(leader.service.status().forwarded).toBe(4 * 5);
    for (let count = 0; count < 9; count++) send(leader, cluster.nodes[3]!.id, `v${count}=1`);
    expect(leader.service.status().forwarded).toBe(5 * 5);

    await cluster.order();
    expect(leader.service.status().forwarded).toBe(0);
    send(leader, stranger(11), 'later=1');
    expect(leader.service.status().forwarded).toBe(1);
  });

  it('have four peers’ bytes together', () => {
    const cluster = new FakeCluster({ settings: { maxForwardedBytesPerPeer: 100 } });
    for (let at = 0; at < 50; at++) send(cluster.leader, stranger(at), '0123=5');
    // 38 bytes each.
    expect(cluster.leader.service.status().forwarded).toBe(10);
  });

  it('try a leader’s patience together', async () => {
    let tries = 0;
    const definition = {
      apply: (...args: Parameters<typeof registers.apply>) => {
        tries += 1;
        return registers.apply(...args);
      },
    };
    const cluster = new FakeCluster({ definition });
    for (let at = 0; at < 100; at++) send(cluster.leader, stranger(at), '!');
    await cluster.propose();
    expect(tries).toBe(16);
  });

  it('are told from validators as the set changes', async () => {
    const cluster = new FakeCluster({ settings: { maxForwardedPerPeer: 5 } });
    const { leader } = cluster;
    const [, , , retired] = cluster.nodes;
    const { committed } = leader.sets;
    const without = { ...committed, indexOf: new Map([...committed.indexOf].slice(0, 3)) };
    send(leader, retired!.id, 'a=1');
    leader.sets = { committed: without, previous: committed, updateHeight: null, decided: false };
    leader.emit({ type: 'validator-set-decided', sets: leader.sets });
    for (let at = 0; at < 5; at++) {
      for (let count = 0; count < 5; count++) send(leader, stranger(at), `${at}/${count}=1`);
    }
    send(leader, retired!.id, 'b=1');
    expect(leader.service.status().forwarded).toBe(4 * 5 + 2);
    leader.sets = { ...leader.sets, decided: true };
    leader.emit({ type: 'validator-set-decided', sets: leader.sets });
    send(leader, retired!.id, 'c=1');
    expect(leader.service.status().forwarded).toBe(4 * 5 + 2);
    await settle();
  });
});

describe('a forwarded command', () => {
  it('leaves the pool of a leader that finds its lifetime too long', async () => {
    const cluster = new FakeCluster();
    send(cluster.leader, cluster.nodes[3]!.id, 'a=1', 2 ** 53 - 1);
    expect(cluster.leader.service.status().forwarded).toBe(1);
    await cluster.propose();
    expect(cluster.leader.service.status().forwarded).toBe(0);
  });
});
