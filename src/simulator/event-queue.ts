/** Something that happens at a virtual time. */
export interface ScheduledEvent {
  readonly at: number;
  /** Breaks ties: events of one instant happen in the order in which they were scheduled. */
  readonly sequence: number;
  readonly run: () => void;
  /** Set by `cancel`: skipped when its time comes. */
  cancelled: boolean;
}

/** Virtual time: a binary heap ordered by (time, sequence). Time moves only when an event is taken. */
export interface EventQueue {
  /** Virtual milliseconds since the world began. */
  readonly now: number;
  readonly size: number;
  /** `at` before now means now. */
  schedule(at: number, run: () => void): ScheduledEvent;
  cancel(event: ScheduledEvent): void;
  /** Time of the next event; null when there is none. */
  peek(): number | null;
  /** Moves time to the next event and returns it; null when there is none. */
  take(): ScheduledEvent | null;
  /** Moves time forward without an event; never past the next one. */
  advanceTo(time: number): void;
}

const isBefore = (a: ScheduledEvent, b: ScheduledEvent): boolean =>
  a.at < b.at || (a.at === b.at && a.sequence < b.sequence);

function siftUp(heap: ScheduledEvent[], event: ScheduledEvent): void {
  let at = heap.length;
  heap.push(event);
  while (at > 0) {
    const parentAt = (at - 1) >> 1;
    const parent = heap[parentAt] as ScheduledEvent;
    if (!isBefore(event, parent)) break;
    heap[at] = parent;
    at = parentAt;
  }
  heap[at] = event;
}

function siftDown(heap: ScheduledEvent[], event: ScheduledEvent): void {
  const { length } = heap;
  let at = 0;
  for (;;) {
    let childAt = 2 * at + 1;
    if (childAt >= length) break;
    const right = childAt + 1;
    if (right < length && isBefore(heap[right] as ScheduledEvent, heap[childAt] as ScheduledEvent)) {
      childAt = right;
    }
    const child = heap[childAt] as ScheduledEvent;
    if (!isBefore(child, event)) break;
    heap[at] = child;
    at = childAt;
  }
  heap[at] = event;
}

export function createEventQueue(): EventQueue {
  const heap: ScheduledEvent[] = [];
  let now = 0;
  let sequence = 0;

  const removeTop = (): ScheduledEvent | null => {
    const top = heap[0];
    if (top === undefined) return null;
    const last = heap.pop() as ScheduledEvent;
    if (heap.length > 0) siftDown(heap, last);
    return top;
  };
  const dropCancelled = (): void => {
    while (heap[0]?.cancelled === true) removeTop();
  };

  return {
    get now() {
      return now;
    },
    get size() {
      return heap.length;
    },
    schedule(at, run) {
      const event: ScheduledEvent = { at: Math.max(at, now), sequence: sequence++, run, cancelled: false };
      siftUp(heap, event);
      return event;
    },
    cancel(event) {
      event.cancelled = true;
    },
    peek() {
      dropCancelled();
      return heap[0]?.at ?? null;
    },
    take() {
      dropCancelled();
      const event = removeTop();
      if (event !== null) now = event.at;
      return event;
    },
    advanceTo(time) {
      dropCancelled();
      const next = heap[0]?.at ?? time;
      now = Math.max(now, Math.min(time, next));
    },
  };
}
