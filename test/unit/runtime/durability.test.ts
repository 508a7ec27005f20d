import { describe, expect, it } from 'vitest';
import type { TreeDelta } from '../../../src/core/block-tree/delta.ts';
import type { Ticket } from '../../../src/core/input.ts';
import { StorageError } from '../../../src/model/errors.ts';
import { asView } from '../../../src/model/ids.ts';
import type { KVSnapshot, WriteBatch } from '../../../src/ports/kv-store.ts';
import { createDurability, type RecordsOf } from '../../../src/runtime/durability.ts';
import { createHeldStore, type HeldWrite, settle } from './support/held-store.ts';
import { createManualClock } from './support/manual-clock.ts';
import { recordsIn } from './support/records.ts';

const LAZY_MS = 125;
const ticket = (number: number): Ticket => number as Ticket;
const NOTHING: TreeDelta = { inserts: [], commits: [], prunes: [] };

/** A delta that is told apart by a view. */
const delta = (view: number): TreeDelta => ({ ...NOTHING, proposeUpTo: asView(view) });

const text = (bytes: Uint8Array | null): string => (bytes === null ? '' : Buffer.from(bytes).toString());

/** Appends the delta's view to the one key that there is: a delta sees the deltas before it, or the list has gaps. */
function listOfViews(reader: KVSnapshot, { proposeUpTo }: TreeDelta): ReturnType<RecordsOf> {
  if (proposeUpTo === undefined) return new Map();
  const before = text(reader.get(Buffer.from('views')));
  return recordsIn({
    sets: [[Buffer.from('views'), Buffer.from(`${before}${proposeUpTo} `)]],
    deletes: [],
  });
}

function start(recordsOf: RecordsOf = listOfViews) {
  const held = createHeldStore();
  const clock = createManualClock();
  const log: string[] = [];
  const durability = createDurability({
    store: held.store,
    recordsOf,
    clock,
    lazyMs: LAZY_MS,
    onDurable: (durable) => log.push(`durable ${durable}`),
    onFault: (error) => log.push(`fault ${error.message}`),
  });
  const release = (name: string) => () => void log.push(name);
  return { held, clock, log, durability, release };
}

const written = ({ batch }: { readonly batch: WriteBatch }): string[] =>
  batch.sets.map(([, value]) => text(value));

describe('gated effects', () => {
  it('leave at once when nothing has to be durable before them', () => {
    const { durability, log, release } = start();
    durability.gate(ticket(0), release('a'));
    expect(log).toEqual(['a']);
  });

  it('wait for their ticket, then leave in the order of emission, before the core hears of it', async () => {
    const { durability, held, log, release } = start();
    durability.persist(ticket(1), delta(1), 'now');
    durability.gate(ticket(1), release('first'));
    durability.gate(ticket(0), release('ungated'));
    durability.gate(ticket(1), release('second'));
    durability.start();
    await settle();
    expect(log).toEqual(['ungated']);

    await held.writes[0]?.succeed();
    expect(log).toEqual(['ungated', 'first', 'second', 'durable 1']);
    durability.gate(ticket(1), release('late'));
    expect(log.at(-1)).toBe('late');
  });

  it('stay while a later ticket is not durable, though an earlier one is', async () => {
    const { durability, held, log, release } = start();
    durability.persist(ticket(1), delta(1), 'now');
    durability.start();
    durability.persist(ticket(2), delta(2), 'now');
    durability.gate(ticket(2), release('of 2'));
    durability.gate(ticket(1), release('of 1'));
    durability.start();

    await held.writes[0]?.succeed();
    expect(log).toEqual(['of 1', 'durable 1']);
    await held.writes[0]?.succeed();
    expect(log).toEqual(['of 1', 'durable 1', 'of 2', 'durable 2']);
  });
});

describe('group commit', () => {
  it('writes what waited during a write in one batch, each delta on top of the one before', async () => {
    const { durability, held, log } = start();
    durability.persist(ticket(1), delta(1), 'now');
    durability.start();
    for (const at of [2, 3, 4]) {
      durability.persist(ticket(at), delta(at), 'now');
      durability.start();
    }
    expect(held.asked).toBe(1);
    expect(durability.waiting).toBe(4);

    await held.writes[0]?.succeed();
    expect(held.asked).toBe(2);
    expect(held.writes.map(written)).toEqual([['1 2 3 4 ']]);
    await held.writes[0]?.succeed();
    expect(log).toEqual(['durable 1', 'durable 4']);
    expect(durability.waiting).toBe(0);
    expect(held.openSnapshots).toBe(0);
  });

  it('shows what it was asked for at once, and a reader nothing that came after it', async () => {
    const { durability, held } = start();
    const views = (reader: KVSnapshot): string => text(reader.get(Buffer.from('views')));
    durability.persist(ticket(1), delta(1), 'now');
    const early = durability.reader();
    durability.start();
    durability.persist(ticket(2), delta(2), 'now');
    const later = durability.reader();
    expect([views(early), views(later)]).toEqual(['1 ', '1 2 ']);
    await held.writes[0]?.succeed();
    await held.writes[0]?.succeed();
    const last = durability.reader();
    expect([early, later, last].map(views)).toEqual(['1 ', '1 2 ', '1 2 ']);
    for (const reader of [early, later, last]) reader.close();
    expect(held.openSnapshots).toBe(0);
  });

  it('counts a delta without content as durable when all before it is, and does not write it', async () => {
    const { durability, held, log, release } = start();
    durability.persist(ticket(1), NOTHING, 'now');
    durability.gate(ticket(1), release('gated'));
    durability.start();
    expect(log).toEqual([]);
    await settle();
    expect(log).toEqual(['gated', 'durable 1']);
    expect(held.asked).toBe(0);
  });
});

describe('records that nothing waits for', () => {
  const record = (value: string): ReturnType<RecordsOf> =>
    recordsIn({ sets: [[Buffer.from('extra'), Buffer.from(value)]], deletes: [] });

  it('go with the next write, and ask for none', async () => {
    const { durability, held, clock, log } = start();
    durability.accompany(record('old'));
    durability.start();
    clock.advance(10 * LAZY_MS);
    await durability.drain();
    expect([held.asked, durability.waiting, log]).toEqual([0, 0, []]);
    durability.persist(ticket(1), delta(1), 'now');
    durability.start();
    durability.accompany(record('new'));
    expect(written(held.writes[0] as HeldWrite).sort()).toEqual(['1 ', 'old']);
    await held.writes[0]?.succeed();
    expect(held.asked).toBe(1);
    durability.persist(ticket(2), delta(2), 'now');
    durability.start();
    expect(written(held.writes[0] as HeldWrite).sort()).toEqual(['1 2 ', 'new']);
    await held.writes[0]?.succeed();
    expect(log).toEqual(['durable 1', 'durable 2']);
  });

  it('are not written after a failure', async () => {
    const { durability, held, log } = start();
    durability.persist(ticket(1), delta(1), 'now');
    durability.start();
    await held.writes[0]?.fail(new StorageError('disk full'));
    durability.accompany(record('late'));
    await durability.drain();
    expect([held.asked, log]).toEqual([1, ['fault disk full']]);
  });
});

describe('a lazy write', () => {
  it('is written alone when its time has come, not before', async () => {
    const { durability, held, clock, log } = start();
    durability.persist(ticket(1), delta(1), 'lazy');
    durability.start();
    clock.advance(LAZY_MS - 1);
    expect(held.asked).toBe(0);
    clock.advance(1);
    expect(held.writes.map(written)).toEqual([['1 ']]);
    await held.writes[0]?.succeed();
    expect(log).toEqual(['durable 1']);
    expect(clock.armed).toBe(0);
  });

  it('counts its time from the oldest that waits', () => {
    const { durability, held, clock } = start();
    durability.persist(ticket(1), delta(1), 'lazy');
    clock.advance(LAZY_MS - 1);
    durability.persist(ticket(2), delta(2), 'lazy');
    clock.advance(1);
    expect(held.writes.map(written)).toEqual([['1 2 ']]);
  });

  it('joins the next flush that something else asks for', async () => {
    const { durability, held, clock, log } = start();
    durability.persist(ticket(1), delta(1), 'lazy');
    durability.persist(ticket(2), delta(2), 'now');
    durability.persist(ticket(3), delta(3), 'lazy');
    durability.start();
    expect(held.writes.map(written)).toEqual([['1 2 3 ']]);
    await held.writes[0]?.succeed();
    expect(log).toEqual(['durable 3']);
    clock.advance(10 * LAZY_MS);
    expect(held.asked).toBe(1);
  });

  it('whose time comes during a write is in the next one', async () => {
    const { durability, held, clock } = start();
    durability.persist(ticket(1), delta(1), 'now');
    durability.start();
    durability.persist(ticket(2), delta(2), 'lazy');
    clock.advance(LAZY_MS);
    expect(held.asked).toBe(1);
    await held.writes[0]?.succeed();
    expect(held.writes.map(written)).toEqual([['1 2 ']]);
  });
});

describe('a failed write', () => {
  it('is told once, and nothing gated leaves and nothing is written ever after', async () => {
    const { durability, held, clock, log, release } = start();
    durability.persist(ticket(1), delta(1), 'now');
    durability.gate(ticket(1), release('vote'));
    durability.start();
    durability.persist(ticket(2), delta(2), 'lazy');
    await held.writes[0]?.fail(new StorageError('disk full'));
    expect(log).toEqual(['fault disk full']);

    durability.persist(ticket(3), delta(3), 'now');
    durability.gate(ticket(3), release('later vote'));
    durability.gate(ticket(0), release('anything'));
    durability.start();
    clock.advance(10 * LAZY_MS);
    await settle();
    expect(log).toEqual(['fault disk full']);
    expect(held.asked).toBe(1);
    await durability.drain();
  });

  it('that is no StorageError becomes one with its cause', async () => {
    const faults: StorageError[] = [];
    const held = createHeldStore();
    const durability = createDurability({
      store: held.store,
      recordsOf: listOfViews,
      clock: createManualClock(),
      lazyMs: LAZY_MS,
      onDurable: () => {},
      onFault: (error) => faults.push(error),
    });
    durability.persist(ticket(1), delta(1), 'now');
    durability.start();
    const cause = new Error('EIO');
    await held.writes[0]?.fail(cause);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toBeInstanceOf(StorageError);
    expect(faults[0]?.cause).toBe(cause);
  });

  it('is also one whose batch cannot be made; its snapshot is closed', async () => {
    const { durability, held, log } = start(() => {
      throw new StorageError('a stored block is not readable');
    });
    durability.persist(ticket(1), delta(1), 'now');
    durability.start();
    await settle();
    expect(log).toEqual(['fault a stored block is not readable']);
    expect(durability.waiting).toBe(0);
    expect(held.asked).toBe(0);
    expect(held.openSnapshots).toBe(0);
  });
});

describe('ending', () => {
  it('drains everything, lazy writes included, and releases what waited', async () => {
    const { durability, held, log, release } = start();
    durability.persist(ticket(1), delta(1), 'now');
    durability.start();
    durability.persist(ticket(2), delta(2), 'lazy');
    durability.gate(ticket(2), release('gated'));
    let isDrained = false;
    const drained = durability.drain().then(() => {
      isDrained = true;
    });
    await held.writes[0]?.succeed();
    expect(isDrained).toBe(false);
    await held.writes[0]?.succeed();
    await drained;
    expect(log).toEqual(['durable 1', 'gated', 'durable 2']);
  });

  it('by stop waits for the write under way, and releases nothing for it', async () => {
    const { durability, held, log, release } = start();
    durability.persist(ticket(1), delta(1), 'now');
    durability.gate(ticket(1), release('gated'));
    durability.start();
    let isStopped = false;
    const stopped = durability.stop().then(() => {
      isStopped = true;
    });
    await settle();
    expect(isStopped).toBe(false);
    await held.writes[0]?.succeed();
    await stopped;
    expect(log).toEqual([]);
  });

  it('in the middle of releases keeps the rest back', async () => {
    const { durability, held, log, release } = start();
    durability.persist(ticket(1), delta(1), 'now');
    durability.gate(ticket(1), release('first'));
    durability.gate(ticket(1), () => void durability.stop());
    durability.gate(ticket(1), release('second'));
    durability.start();
    await held.writes[0]?.succeed();
    expect(log).toEqual(['first']);
  });
});
