import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { pageAssets } from '../../scripts/build-trace-page.mjs';
import {
  ADVERSARIES,
  createRecorder,
  createWorld,
  type Flight,
  type Recorder,
  randomStorm,
  renderTrace,
  uniform,
  type Witness,
  type World,
} from '../../src/simulator/index.ts';
import type { PageData } from '../../src/simulator/page-data.ts';

/** Everything that can be seen happens: losses, delays, partitions, crashes, a Byzantine replica, a new member. */
function eventfulWorld(witness?: Witness): World {
  const world = createWorld({
    n: 4,
    listeners: 1,
    seed: 11,
    network: { before: WILD, after: { ...WILD, loss: 0, delay: uniform(1, 50) }, gstMs: 3_000 },
    adversaries: { 3: ADVERSARIES.equivocator },
    ...(witness === undefined ? {} : { witness }),
  });
  world.after(1_000, () => world.crash(1));
  world.after(4_000, () => world.restart(1));
  world.after(6_000, () =>
    world.partition([
      [0, 1],
      [2, 3, 4],
    ]),
  );
  world.after(8_000, () => world.heal());
  world.after(9_000, () => world.updateValidators({ insert: { 4: 1 } }));
  world.after(10_000, () => randomStorm(world, { untilMs: 12_000 }));
  world.run({ ms: 16_000 });
  return world;
}

const WILD = { delay: uniform(1, 900), loss: 0.2, duplicates: 0.1, reorder: true };

const record = (options?: Parameters<typeof createRecorder>[0]): { recorder: Recorder; world: World } => {
  const recorder = createRecorder(options);
  return { recorder, world: eventfulWorld(recorder) };
};

/** What most tests look at. */
const { recorder: seen, world: seenWorld } = record();

const dataOf = (page: string): PageData => {
  const [, data] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page) as unknown as [
    string,
    string,
  ];
  return JSON.parse(data) as PageData;
};

describe('a witness', () => {
  test('changes nothing', () => {
    expect(seenWorld.traceHash).toBe(eventfulWorld().traceHash);
  });

  test('sees each copy of a message leave and come to one end', () => {
    const ends = new Map<Flight, number>();
    let departures = 0;
    const world = eventfulWorld({
      onSent() {
        departures += 1;
      },
      onLanded: (flight) => void ends.set(flight, (ends.get(flight) ?? 0) + 1),
    });
    expect([...ends.values()].every((count) => count === 1)).toBe(true);
    const fates = new Set([...ends.keys()].map(({ fate }) => fate));
    expect(fates).toEqual(new Set(['delivered', 'lost', 'dropped', 'cut off', 'nobody there']));
    // Duplicates are copies of one message; what is still under way has left, too.
    expect(departures).toBeGreaterThan(world.messages);
    for (const { fate, dueAt, sentAt, isLate } of ends.keys()) {
      if (fate === 'delivered') expect(dueAt).toBeGreaterThanOrEqual(sentAt);
      if (fate === 'lost' || fate === 'dropped') expect(dueAt).toBeNull();
      if (isLate) expect((dueAt ?? 0) - sentAt).toBeGreaterThan(50);
    }
  });
});

describe('a recording', () => {
  test('holds replicas, messages and what happened to each replica', () => {
    const recording = seen.recording();
    expect(recording).toMatchObject({ seed: 11, scheme: 'ed25519', startMs: 0, endMs: 16_000 });
    expect(recording.replicas).toEqual([
      ...[0, 1, 2].map((index) => ({ name: `r${index}`, isHonest: true, power: 1 })),
      { name: 'r3', isHonest: false, power: 1 },
      { name: 'r4', isHonest: true, power: 0 },
    ]);
    const notes = recording.notes.map(({ text }) => recording.texts[text]);
    expect(notes).toEqual(['r1 crashes', 'r1 restarts', 'partition {0,1} {2,3,4}', 'the partition heals']);
    const data = dataOf(renderTrace(recording));
    const marksOf = (replica: number, kind: string): string[] =>
      data.marks.replica.flatMap((who, mark) =>
        who === replica && data.markKinds[data.marks.kind[mark] as number] === kind
          ? [data.texts[data.marks.text[mark] as number] as string]
          : [],
      );
    expect(marksOf(1, 'down')).toEqual(['goes down']);
    expect(marksOf(1, 'boot')).toHaveLength(2);
    expect(marksOf(0, 'boot')).toHaveLength(1);
    // Every commit of a replica that never crashed is there, in order.
    expect(marksOf(0, 'commit').map((text) => Number(/#(\d+)/.exec(text)?.[1]))).toEqual(
      Array.from({ length: seenWorld.replica(0).height + 1 }, (_, height) => height),
    );
    expect(marksOf(4, 'validators').length).toBeGreaterThanOrEqual(2);
  });

  test('of a long run keeps the latest part, and what its beginning was like', () => {
    const { recorder } = record({ maxMessages: 600 });
    const whole = seen.recording();
    const part = recorder.recording();
    expect(part.startMs).toBeGreaterThan(0);
    expect(part.flights.length).toBeLessThanOrEqual(600);
    expect(part.flights.length).toBeGreaterThan(400);
    const tail = whole.flights.slice(-part.flights.length);
    expect(part.flights.map(({ sentAt, from, to }) => [sentAt, from, to])).toEqual(
      tail.map(({ sentAt, from, to }) => [sentAt, from, to]),
    );
    expect(Math.min(...part.marks.map(({ at }) => at))).toBe(part.startMs);
    for (const replica of [0, 1, 2, 3, 4]) {
      expect(
        part.marks.some((mark) => mark.replica === replica && mark.at === part.startMs && mark.view >= 0),
      ).toBe(true);
    }
    const { texts } = dataOf(renderTrace(part));
    expect(texts.length).toBeLessThan(part.texts.length);
    expect(texts.length).toBe(new Set(texts).size);
  });

  test('is of one world', () => {
    expect(() => eventfulWorld(seen)).toThrow('a recorder serves one world');
    expect(() => createRecorder().recording()).toThrow('createWorld({ witness })');
  });
});

describe('the page of a trace', () => {
  test('is one file that needs nothing else, the same for the same recording', () => {
    const page = renderTrace(seen.recording());
    expect(renderTrace(record().recorder.recording())).toBe(page);
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toContain("default-src 'none'");
    // Nothing is fetched: no address, no source, no import.
    expect(page).not.toMatch(/https?:|\bsrc=|<link|@import|url\(|import\(/);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
  });

  test('holds the recording by columns of one length', () => {
    const recording = seen.recording();
    const data = dataOf(renderTrace(recording));
    for (const column of Object.values(data.flights)) expect(column).toHaveLength(recording.flights.length);
    for (const column of Object.values(data.marks)) expect(column).toHaveLength(recording.marks.length);
    const first = recording.flights[0]!;
    expect({
      from: data.flights.from[0],
      to: data.flights.to[0],
      sentAt: data.flights.sentAt[0],
      text: data.texts[data.flights.text[0]!],
    }).toEqual({ from: first.from, to: first.to, sentAt: first.sentAt, text: recording.texts[first.text] });
  });

  test('shows a failure, whatever characters are in it', () => {
    const failure = 'agreement: </script><script>alert("1 < 2")</script> <!--';
    const page = renderTrace(seen.recording(), { failure });
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(dataOf(page).failure).toBe(failure);
  });

  test('is made from the sources in trace-page/', async () => {
    const made = readFileSync(new URL('../../src/simulator/trace-page-assets.ts', import.meta.url), 'utf8');
    expect(made, 'run "npm run build:trace-page"').toBe(await pageAssets());
  });
});
