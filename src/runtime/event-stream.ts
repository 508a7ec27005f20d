import type { ReplicaEvent, ReplicaEventType } from '../model/events.ts';

/** Called at once, in the replica's own time: it should not take long. It may be asynchronous; nothing waits for it. */
export type EventListener<Type extends ReplicaEventType> = (
  event: Extract<ReplicaEvent, { readonly type: Type }>,
) => unknown;

/**
 * The events of a replica from the call that made it, in order, until the replica stops.
 *
 * A consumer that falls behind by more than the capacity loses the oldest events; `dropped` says how many so far.
 * Iterate it once: leaving the loop ends the subscription, and so does `Symbol.dispose`.
 */
export interface EventSubscription extends AsyncIterableIterator<ReplicaEvent, undefined>, Disposable {
  readonly dropped: number;
}

/** Events that wait for one consumer: some seconds' worth at full load, a few hundred kilobytes. */
export const DEFAULT_EVENT_CAPACITY = 8_192;

export interface EventStream {
  emit(event: ReplicaEvent): void;
  on<Type extends ReplicaEventType>(type: Type, listener: EventListener<Type>): Disposable;
  subscribe(capacity: number): EventSubscription;
  /** Ends all subscriptions and forgets all listeners; what was emitted before can still be consumed. */
  end(): void;
}

type AnyListener = (event: never) => unknown;

/**
 * Hands events to listeners at once, in the order of their registration, and to subscriptions. What a listener throws
 * (or, being asynchronous, rejects with) goes to `onListenerError` and nowhere else.
 */
export function createEventStream(
  onListenerError: (error: unknown, event: ReplicaEventType) => void,
): EventStream {
  const listeners = new Map<ReplicaEventType, readonly AnyListener[]>();
  const subscriptions = new Set<BufferedSubscription>();
  let ended = false;

  const call = (listener: AnyListener, event: ReplicaEvent): void => {
    try {
      const result = listener(event as never);
      if (result instanceof Promise) result.catch((error: unknown) => onListenerError(error, event.type));
    } catch (error) {
      onListenerError(error, event.type);
    }
  };

  return {
    emit(event) {
      if (ended) return;
      // The list is replaced, never changed: listeners may come and go while it is walked.
      for (const listener of listeners.get(event.type) ?? []) call(listener, event);
      for (const subscription of subscriptions) subscription.push(event);
    },
    on(type, listener) {
      if (ended) return { [Symbol.dispose]: () => {} };
      // A wrapper per registration: the same function registered twice is removed once at a time.
      const registered: AnyListener = (event) => listener(event);
      listeners.set(type, [...(listeners.get(type) ?? []), registered]);
      return {
        [Symbol.dispose]: () => {
          const others = (listeners.get(type) ?? []).filter((other) => other !== registered);
          if (others.length === 0) listeners.delete(type);
          else listeners.set(type, others);
        },
      };
    },
    subscribe(capacity) {
      const subscription: BufferedSubscription = new BufferedSubscription(capacity, () =>
        subscriptions.delete(subscription),
      );
      if (ended) subscription.end();
      else subscriptions.add(subscription);
      return subscription;
    },
    end() {
      ended = true;
      listeners.clear();
      for (const subscription of [...subscriptions]) subscription.end();
    },
  };
}

type Result = IteratorResult<ReplicaEvent, undefined>;
const DONE: Result = { done: true, value: undefined };

/** A ring of at most `capacity` events, or the consumers that wait for one. */
class BufferedSubscription implements EventSubscription {
  readonly #capacity: number;
  readonly #onEnd: () => void;
  readonly #buffer: (ReplicaEvent | undefined)[] = [];
  readonly #waiting: ((result: Result) => void)[] = [];
  #head = 0;
  #size = 0;
  #dropped = 0;
  #ended = false;

  constructor(capacity: number, onEnd: () => void) {
    this.#capacity = capacity;
    this.#onEnd = onEnd;
  }

  get dropped(): number {
    return this.#dropped;
  }

  push(event: ReplicaEvent): void {
    const consumer = this.#waiting.shift();
    if (consumer !== undefined) {
      consumer({ done: false, value: event });
      return;
    }
    if (this.#size === this.#capacity) {
      this.#take();
      this.#dropped += 1;
    }
    this.#buffer[(this.#head + this.#size) % this.#capacity] = event;
    this.#size += 1;
  }

  #take(): ReplicaEvent {
    const event = this.#buffer[this.#head] as ReplicaEvent;
    this.#buffer[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#capacity;
    this.#size -= 1;
    return event;
  }

  next(): Promise<Result> {
    if (this.#size > 0) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#ended) return Promise.resolve(DONE);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** What is buffered can still be consumed. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    for (const consumer of this.#waiting.splice(0)) consumer(DONE);
  }

  return(): Promise<Result> {
    this[Symbol.dispose]();
    return Promise.resolve(DONE);
  }

  [Symbol.dispose](): void {
    this.end();
    this.#buffer.length = 0;
    this.#size = 0;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
