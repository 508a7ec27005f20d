import type { TreeDelta } from '../core/block-tree/delta.ts';
import type { Ticket } from '../core/input.ts';
import type { DiskContents } from './contents.ts';
import { type Delay, draw } from './delays.ts';
import type { ScheduledEvent } from './event-queue.ts';
import type { Random } from './random.ts';

export interface Write {
  readonly ticket: Ticket;
  readonly delta: TreeDelta;
}

/** What a disk needs of the world around it. */
export interface DiskSurroundings {
  schedule(afterMs: number, run: () => void): ScheduledEvent;
  cancel(event: ScheduledEvent): void;
  readonly random: Random;
  readonly flushMs: Delay;
  /** How long a lazy write may wait for a flush of somebody else. */
  readonly lazyMs: number;
  readonly contents: DiskContents;
  /** A flush ended: these have become durable, in ticket order; there is at least one. */
  onDurable(written: readonly Write[]): void;
  /** A write failed: the replica must stop. */
  onFailure(): void;
}

/**
 * A replica's simulated disk: writes are read back at once, become durable in order with group commit, and a crash
 * loses what was not: of the flush that was under way an arbitrary prefix survives, of later writes nothing.
 */
export interface SimulatedDisk {
  /** Flushes that ended. */
  readonly flushes: number;
  persist(write: Write, flush: 'now' | 'lazy'): void;
  /** Loses what a crash loses and forgets all writes under way. Returns the writes that survive unnoticed. */
  crash(): readonly TreeDelta[];
  /** From now on every flush fails, until the next crash. */
  fail(): void;
}

export function createDisk(surroundings: DiskSurroundings): SimulatedDisk {
  const { contents } = surroundings;
  let volatile: Write[] = [];
  let inFlight = 0;
  let flushAgain = false;
  let failing = false;
  let flushes = 0;
  let lazyTimer: ScheduledEvent | null = null;
  let flushTimer: ScheduledEvent | null = null;

  const startFlush = (): void => {
    if (lazyTimer !== null) surroundings.cancel(lazyTimer);
    lazyTimer = null;
    flushAgain = false;
    inFlight = volatile.length;
    flushTimer = surroundings.schedule(draw(surroundings.flushMs, surroundings.random), endFlush);
  };
  const endFlush = (): void => {
    if (failing) {
      surroundings.onFailure();
      return;
    }
    const written = volatile;
    volatile = written.splice(inFlight);
    contents.settle(written.length);
    inFlight = 0;
    flushTimer = null;
    flushes++;
    if (flushAgain) startFlush();
    surroundings.onDurable(written);
  };
  const flushLazily = (): void => {
    lazyTimer = null;
    if (inFlight > 0) flushAgain = true;
    else if (volatile.length > 0) startFlush();
  };

  return {
    get flushes() {
      return flushes;
    },
    persist(write, flush) {
      contents.write(write.delta);
      volatile.push(write);
      if (flush === 'lazy') lazyTimer ??= surroundings.schedule(surroundings.lazyMs, flushLazily);
      else if (inFlight > 0) flushAgain = true;
      else startFlush();
    },
    crash() {
      for (const timer of [lazyTimer, flushTimer]) if (timer !== null) surroundings.cancel(timer);
      const survivors = surroundings.random.between(0, inFlight);
      const survived = volatile.slice(0, survivors).map(({ delta }) => delta);
      contents.crash(survivors);
      volatile = [];
      inFlight = 0;
      flushAgain = false;
      failing = false;
      lazyTimer = null;
      flushTimer = null;
      return survived;
    },
    fail() {
      failing = true;
    },
  };
}
