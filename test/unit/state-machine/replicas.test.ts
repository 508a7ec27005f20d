import { afterEach, describe, expect, it } from 'vitest';
import type { SchemeName } from '../../../src/model/scheme.ts';
import type { Replica, ReplicaOptions } from '../../../src/runtime/replica.ts';
import { type CommandService, createStateMachine } from '../../../src/state-machine/index.ts';
import { type Cluster, createCluster, until } from '../runtime/support/cluster.ts';
import { bytes, registers, text } from './fake-cluster.ts';

interface Member {
  readonly replica: Replica;
  readonly service: CommandService;
}

let cluster: Cluster;
const members: Member[] = [];

afterEach(async () => {
  for (const { service } of members.splice(0)) service.close();
  await cluster.stop();
});

async function start(scheme: SchemeName, settings: Partial<ReplicaOptions['settings']> = {}): Promise<void> {
  cluster = await createCluster(scheme, 4);
  for (const index of cluster.nodes.keys()) {
    const machine = createStateMachine({ apply: registers.apply });
    const replica = await cluster.start(index, {
      app: machine.app,
      settings: { viewTimeMs: 500, ...settings },
    });
    members.push({ replica, service: machine.attach(replica) });
  }
}

const heightOf = ({ replica }: Member): number => replica.status().height ?? -1;

function stateHashAt({ replica }: Member, height: number): string {
  const snapshot = replica.snapshot();
  try {
    return Buffer.from(snapshot.appStateHash(height as never) ?? []).toString('hex');
  } finally {
    snapshot.close();
  }
}

describe.each<SchemeName>(['ed25519', 'bls12381'])('state machines on four replicas with %s', (scheme) => {
  it('apply each command once, whoever takes it, and answer its submitter', async () => {
    await start(scheme);
    const answers = await Promise.all(
      Array.from({ length: 400 }, async (_, at) => {
        const { service } = members[at % 4] as Member;
        const { height } = await service.submit(bytes(`key ${at}=${at}`));
        return { at, height };
      }),
    );
    const highest = Math.max(...answers.map(({ height }) => height));
    await until(() => members.every((member) => heightOf(member) >= highest));
    for (const { service } of members) {
      for (const { at } of answers) expect(text(service.read(bytes(`key ${at}`)).value)).toBe(`${at}`);
      expect(service.status()).toMatchObject({ committedCommands: 400, pending: 0, divergence: null });
    }
    expect(new Set(members.map((member) => stateHashAt(member, highest))).size).toBe(1);
  });

  it('propose a command that arrives at an idle follower at once, not at the next timer', async () => {
    // A leader may wait a minute for commands here: no test lasts so long.
    await start(scheme, { viewTimeMs: 600_000 });
    for (let round = 0; round < 8; round++) {
      const { leaders } = (members[0] as Member).replica.status();
      const follower = members.find(({ replica }) => !leaders.includes(replica.id)) as Member;
      const before = follower.replica.status().view;
      await follower.service.submit(bytes(`round=${round}`));
      expect(follower.replica.status().view - before).toBeLessThanOrEqual(8);
    }
  });
});
