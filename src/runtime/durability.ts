import type { TreeDelta } from '../core/block-tree/delta.ts';
import type { Ticket } from '../core/input.ts';
import { StorageError } from '../model/errors.ts';
import { asMillis } from '../model/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { KVStore } from '../ports/kv-store.ts';
import type { WrittenRecord } from '../storage/batch.ts';
import type { RecordSnapshot } from '../storage/schema.ts';
import { createPendingWrites, type PendingWrites } from './pending-writes.ts';

/** The physical writes of `delta` on the state that `reader` shows, by their keys' texts; that of storage/apply.ts. */
export type RecordsOf = (reader: RecordSnapshot, delta: TreeDelta) => Map<string, WrittenRecord>;

export interface DurabilityOptions {
  readonly store: Pick<KVStore, 'snapshot' | 'write'>;
  readonly recordsOf: RecordsOf;
  readonly clock: Clock;
  /** How long a lazy write may wait for a flush that something else asks for. */
  readonly lazyMs: number;
  /** Called once per write with its newest ticket, which vouches for all before it, after what waited was released. */
  readonly onDurable: (ticket: Ticket) => void;
  /** Called once, when a write failed; nothing is written or released any more. */
  readonly onFault: (error: StorageError) => void;
}

/**
 * Tickets, group commit and gated release (SPECIFICATION.md section 5, R6).
 *
 * At most one write is under way; what is asked for meanwhile goes into the next one, all of it, in ticket order, as
 * one atomic batch with one flush. What waits for a ticket is released when it and all before it are durable, in the
 * order in which it was handed over.
 */
export interface Durability {
  /** Tickets must come in ascending order. `reader` shows it from now on; nothing is written before `start`. */
  persist(ticket: Ticket, delta: TreeDelta, flush: 'now' | 'lazy'): void;
  /** Has `records`, which nothing waits for, written with what is written next; they are lost if nothing is. */
  accompany(records: Map<string, WrittenRecord>): void;
  /** Runs `release` when `after` is durable: at once if it already is, never after a failure. */
  gate(after: Ticket, release: () => void): void;
  /** Begins the write that was asked for, unless one is under way; to be called after each step's effects. */
  start(): void;
  /** The state after all that was asked for, durable or not; to be closed. */
  reader(): RecordSnapshot;
  /** Deltas that are not durable yet. */
  readonly waiting: number;
  /** Writes all that was asked for, lazy or not; resolves when it is durable and released, or after a failure. */
  drain(): Promise<void>;
  /** Gives up: nothing is written or released any more. Resolves when the write under way has ended, either way. */
  stop(): Promise<void>;
}

interface Gated {
  readonly after: Ticket;
  readonly release: () => void;
}

export function createDurability(options: DurabilityOptions): Durability {
  return new GroupCommit(options);
}

class GroupCommit implements Durability {
  readonly #options: DurabilityOptions;
  readonly #writes: PendingWrites;
  /** Asked for and not yet part of a write. */
  #pending: Ticket[] = [];
  #underWay: readonly Ticket[] = [];
  #write: Promise<void> | null = null;
  #gated: Gated[] = [];
  #durable = 0 as Ticket;
  #flushNow = false;
  #lazyTimer: Disposable | null = null;
  #stopped = false;

  constructor(options: DurabilityOptions) {
    this.#options = options;
    this.#writes = createPendingWrites(options.store);
  }

  get waiting(): number {
    return this.#pending.length + this.#underWay.length;
  }

  reader(): RecordSnapshot {
    return this.#writes.reader();
  }

  persist(ticket: Ticket, delta: TreeDelta, flush: 'now' | 'lazy'): void {
    if (this.#stopped) return;
    try {
      this.#writes.add((reader) => this.#options.recordsOf(reader, delta));
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#pending.push(ticket);
    if (flush === 'now') this.#flushNow = true;
    else this.#armLazyTimer();
  }

  accompany(records: Map<string, WrittenRecord>): void {
    if (!this.#stopped) this.#writes.add(() => records);
  }

  #armLazyTimer(): void {
    if (this.#lazyTimer !== null) return;
    const { clock, lazyMs } = this.#options;
    this.#lazyTimer = clock.setTimer(asMillis(clock.now() + lazyMs), () => {
      this.#lazyTimer = null;
      this.#flushNow = true;
      this.start();
    });
  }

  #disarmLazyTimer(): void {
    this.#lazyTimer?.[Symbol.dispose]();
    this.#lazyTimer = null;
  }

  gate(after: Ticket, release: () => void): void {
    if (this.#stopped) return;
    if (after <= this.#durable) release();
    else this.#gated.push({ after, release });
  }

  start(): void {
    if (this.#stopped || !this.#flushNow || this.#write !== null || this.#pending.length === 0) return;
    this.#flushNow = false;
    this.#disarmLazyTimer();
    this.#underWay = this.#pending;
    this.#pending = [];
    this.#write = this.#writeGroup();
  }

  /** Never rejects. */
  async #writeGroup(): Promise<void> {
    try {
      const batch = this.#writes.begin();
      // A barrier without content: all before it is durable, since no other write is under way.
      if (batch.sets.length + batch.deletes.length > 0) await this.#options.store.write(batch);
      else await Promise.resolve();
    } catch (error) {
      this.#write = null;
      this.#fail(error);
      return;
    }
    this.#write = null;
    const written = this.#underWay;
    this.#underWay = [];
    this.#writes.end();
    this.#onWritten(written);
    this.start();
  }

  #onWritten(tickets: readonly Ticket[]): void {
    if (this.#stopped) return;
    this.#durable = tickets.at(-1) as Ticket;
    const gated = this.#gated;
    this.#gated = gated.filter(({ after }) => after > this.#durable);
    // A release may find a fault that stops everything: then the rest stays where it is.
    for (const { after, release } of gated) if (after <= this.#durable && !this.#stopped) release();
    if (this.#stopped) return;
    this.#options.onDurable(this.#durable);
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.#giveUp();
    this.#options.onFault(asStorageError(error));
  }

  #giveUp(): void {
    this.#stopped = true;
    this.#disarmLazyTimer();
    this.#pending = [];
    this.#gated = [];
    this.#writes.clear();
  }

  async drain(): Promise<void> {
    while (!this.#stopped && (this.#write !== null || this.#pending.length > 0)) {
      this.#flushNow = true;
      this.start();
      await this.#write;
    }
  }

  async stop(): Promise<void> {
    this.#giveUp();
    await this.#write;
  }
}

function asStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  return new StorageError('the store failed to write', { cause: error });
}
