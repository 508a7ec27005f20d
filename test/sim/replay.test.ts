import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { step } from '../../src/core/step.ts';
import type { SchemeName } from '../../src/model/scheme.ts';
import { replayTrace } from '../../src/runtime/replay.ts';
import type { Replica } from '../../src/runtime/replica.ts';
import { decodeTrace, encodeHeader, encodeRecord, type TraceRecord } from '../../src/runtime/trace-format.ts';
import { type Cluster, createCluster, until } from '../unit/runtime/support/cluster.ts';

let dir: string;
let cluster: Cluster;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hotstuff-trace-'));
});

afterEach(async () => {
  await cluster.stop();
  await rm(dir, { recursive: true });
});

const hasNote = (replica: Replica, key: string): boolean => {
  const snapshot = replica.snapshot();
  try {
    return snapshot.appState(Buffer.from(key)) !== null;
  } finally {
    snapshot.close();
  }
};

/** A cluster that commits something, loses a member and gains it again. All replicas are closed; traces are in `dir`. */
async function run(scheme: SchemeName): Promise<readonly Replica[]> {
  cluster = await createCluster(scheme, 4);
  const options = { traceDir: dir, settings: { viewTimeMs: 200 } };
  const replicas = await Promise.all(cluster.nodes.map((_, index) => cluster.start(index, options)));
  const submitAndWait = async (count: number, prefix: string, of: readonly Replica[]): Promise<void> => {
    for (let number = 0; number < count; number++) {
      cluster.app.submit(`${prefix} ${number}=x`);
      await until(() => of.some((replica) => hasNote(replica, `${prefix} ${number}`)));
    }
    await until(() => of.every((replica) => hasNote(replica, `${prefix} ${count - 1}`)));
  };
  await submitAndWait(20, 'first', replicas);
  const lost = cluster.nodes[3]?.id;
  cluster.hub.drop = (from, to) => from === lost || to === lost;
  await submitAndWait(5, 'without', replicas.slice(0, 3));
  cluster.hub.drop = () => false;
  await submitAndWait(10, 'again', replicas);
  await Promise.all(replicas.map((replica) => replica.close()));
  return replicas;
}

const traces = async (): Promise<string[]> => (await readdir(dir)).sort().map((name) => join(dir, name));

describe.each<SchemeName>(['ed25519', 'bls12381'])('a recorded trace of a replica with %s', (scheme) => {
  it('replays to identical effects', async () => {
    await run(scheme);
    const files = await traces();
    expect(files).toHaveLength(4);
    for (const file of files) {
      const counts = new Map<string, number>();
      const replay = await replayTrace(file, {
        onStep: (_, effects) => {
          for (const { type } of effects) counts.set(type, (counts.get(type) ?? 0) + 1);
        },
      });
      expect(replay).toEqual({
        inputs: replay.compared,
        compared: expect.any(Number),
        difference: null,
        isCut: false,
      });
      expect(replay.compared).toBeGreaterThan(200);
      for (const type of ['persist', 'send', 'emit', 'validate-block'])
        expect(counts.get(type)).toBeGreaterThan(3);
    }
  });
});

describe('a trace', () => {
  it('that was tampered with does not replay to its effects', async () => {
    await run('ed25519');
    const [file] = (await traces()) as [string];
    const { header, records } = decodeTrace(await readFile(file));
    const at = records.findIndex(
      ({ input }) => input.type === 'message-received' && input.message.type === 'new-view',
    );
    const changed = records.map((record, index): TraceRecord => {
      if (index !== at || record.input.type !== 'message-received') return record;
      return { ...record, input: { ...record.input, from: 'f'.repeat(64) as never } };
    });
    const tampered = Buffer.concat([encodeHeader(header), ...changed.map(encodeRecord)]);
    const replay = await replayTrace(tampered);
    expect(replay.difference?.index).toBeGreaterThanOrEqual(at);

    const dropped = Buffer.concat([
      encodeHeader(header),
      ...records.filter((_, index) => index !== at).map(encodeRecord),
    ]);
    expect((await replayTrace(dropped)).difference).not.toBeNull();
  });

  it('shows where other rules part ways', async () => {
    await run('ed25519');
    const [file] = (await traces()) as [string];
    let votes = 0;
    const replay = await replayTrace(file, {
      step(core, input) {
        const effects = step(core, input);
        const isVote = effects.some(
          ({ type, ...rest }) => type === 'send' && JSON.stringify(rest).includes('phase-vote'),
        );
        if (isVote) votes += 1;
        return votes === 3 ? effects.slice(1) : effects;
      },
    });
    expect(votes).toBe(3);
    expect(replay.difference?.effects.length).toBeGreaterThan(0);
  });

  it('that was cut off replays up to there', async () => {
    await run('ed25519');
    const [file] = (await traces()) as [string];
    const whole = await readFile(file);
    const { inputs } = await replayTrace(whole);
    const cut = await replayTrace(whole.subarray(0, whole.length - 5));
    expect(cut).toMatchObject({ inputs: inputs - 1, difference: null, isCut: true });
  });

  it('of the last inputs is there without a directory, also after the end', async () => {
    cluster = await createCluster('ed25519', 1);
    const replica = await cluster.start(0);
    cluster.app.submit('key=value');
    await until(() => hasNote(replica, 'key'));
    await replica.close();
    const committed: number[] = [];
    const replay = await replayTrace(replica.dumpTrace(), {
      onStep: (_, effects) => {
        for (const effect of effects) {
          if (effect.type === 'emit' && effect.event.type === 'block-committed') {
            committed.push(effect.event.height);
          }
        }
      },
    });
    expect(replay).toMatchObject({ compared: 0, difference: null, isCut: false });
    expect(replay.inputs).toBe(replica.status().counters.inputs);
    expect(committed.length).toBe(replica.status().counters.blocksCommitted);
  });

  it('is refused when it is none', async () => {
    cluster = await createCluster('ed25519', 1);
    await expect(replayTrace(Buffer.from('something else'))).rejects.toThrow(/not a trace/);
    const garbage = Buffer.concat([Buffer.from('hotstuff-ts trace 1\n'), Buffer.from([2, 0, 0, 0, 1, 2])]);
    await expect(replayTrace(garbage)).rejects.toThrow(/record 0 of the trace cannot be read/);
  });
});
