/** Something that happens at a virtual time. */
export interface ScheduledEvent {
  readonly run: () => void;
  /** Set by `cancel`: skipped when its time comes. */
  cancelled: boolean;
}

/** Virtual time: a binary heap ordered by (time, sequence). Time moves only when an event is taken. */
export interface EventQueue {
  /** Virtual milliseconds since the world began. */
  readonly now: number;
  /** `at` before now means now. Events of one instant happen in the order in which they were scheduled. */
  schedule(at: number, run: () => void): ScheduledEvent;
  cancel(event: ScheduledEvent): void;
  /** Time of the next event; null when there is none. */
  peek(): number | null;
  /** Moves time to the next event and returns it; null when there is none. */
  take(): ScheduledEvent | null;
  /** Moves time forward without an event; never past the next one. */
  advanceTo(time: number): void;
}

/** Cancelled events, mostly timers that were replaced, may be as many as the others, and so many more. */
const CANCELLED_AT_LEAST = 64;

/**
 * The heap, one list per field: what is compared lies side by side, where an event's own fields would lie anywhere. A
 * step of the simulated world compares some thirty times.
 */
class Heap {
  #times = new Float64Array(256);
  /** Breaks ties. */
  #sequences = new Float64Array(256);
  readonly #events: ScheduledEvent[] = [];
  #nextSequence = 0;

  get size(): number {
    return this.#events.length;
  }

  get top(): ScheduledEvent | undefined {
    return this.#events[0];
  }

  get topTime(): number {
    return this.#times[0] as number;
  }

  push(time: number, event: ScheduledEvent): void {
    let at = this.#events.length;
    if (at === this.#times.length) this.#grow();
    this.#events.push(event);
    const times = this.#times;
    // The newest goes behind all of its time.
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((times[parent] as number) <= time) break;
      this.#move(parent, at);
      at = parent;
    }
    times[at] = time;
    this.#sequences[at] = this.#nextSequence++;
    this.#events[at] = event;
  }

  pop(): void {
    const last = this.#events.length - 1;
    this.#move(last, 0);
    this.#events.pop();
    if (last > 1) this.#siftDown(0);
  }

  /** Removes all cancelled events. */
  compact(): void {
    let kept = 0;
    for (let at = 0; at < this.#events.length; at++) {
      if (this.#events[at]?.cancelled === false) this.#move(at, kept++);
    }
    this.#events.length = kept;
    for (let at = (kept >> 1) - 1; at >= 0; at--) this.#siftDown(at);
  }

  /** Moves the event at `start` down to where it belongs. */
  #siftDown(start: number): void {
    const size = this.#events.length;
    let at = start;
    for (let child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && this.#isBefore(child + 1, child)) child++;
      if (this.#isBefore(at, child)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const timeA = this.#times[a] as number;
    const timeB = this.#times[b] as number;
    return (
      timeA < timeB || (timeA === timeB && (this.#sequences[a] as number) < (this.#sequences[b] as number))
    );
  }

  #swap(a: number, b: number): void {
    const time = this.#times[a] as number;
    const sequence = this.#sequences[a] as number;
    const event = this.#events[a] as ScheduledEvent;
    this.#move(b, a);
    this.#times[b] = time;
    this.#sequences[b] = sequence;
    this.#events[b] = event;
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from] as number;
    this.#sequences[to] = this.#sequences[from] as number;
    this.#events[to] = this.#events[from] as ScheduledEvent;
  }

  #grow(): void {
    const [times, sequences] = [this.#times, this.#sequences];
    this.#times = new Float64Array(2 * times.length);
    this.#times.set(times);
    this.#sequences = new Float64Array(2 * times.length);
    this.#sequences.set(sequences);
  }
}

export function createEventQueue(): EventQueue {
  const heap = new Heap();
  let now = 0;
  let cancelled = 0;

  const dropCancelled = (): void => {
    while (heap.top?.cancelled === true) {
      heap.pop();
      cancelled--;
    }
  };

  return {
    get now() {
      return now;
    },
    schedule(at, run) {
      const event: ScheduledEvent = { run, cancelled: false };
      heap.push(at > now ? at : now, event);
      return event;
    },
    cancel(event) {
      if (event.cancelled) return;
      event.cancelled = true;
      // One that has happened is counted too: the heap is compacted a little early, no more.
      cancelled++;
      if (cancelled < CANCELLED_AT_LEAST || 2 * cancelled < heap.size) return;
      heap.compact();
      cancelled = 0;
    },
    peek() {
      dropCancelled();
      return heap.size === 0 ? null : heap.topTime;
    },
    take() {
      dropCancelled();
      const event = heap.top ?? null;
      if (event === null) return null;
      now = heap.topTime;
      heap.pop();
      return event;
    },
    advanceTo(time) {
      dropCancelled();
      const next = heap.size === 0 ? time : heap.topTime;
      now = Math.max(now, Math.min(time, next));
    },
  };
}
