import { maxFrameSize, messageTypeOf } from '../codec/messages.ts';
import type { WireFormat } from '../codec/primitives.ts';
import type { Effect } from '../core/effect.ts';
import type { Input } from '../core/input.ts';
import type { Recovered } from '../core/recovered.ts';
import type { Core } from '../core/state.ts';
import type { RejectionCode, ReplicaEvent } from '../model/events.ts';
import { asMillis, type Millis, type ReplicaId } from '../model/ids.ts';
import type { Message } from '../model/messages.ts';
import type { Clock } from '../ports/clock.ts';
import { AppFault } from './app-answers.ts';
import { type Counters, increment } from './counters.ts';
import type { HashData } from './data-hash.ts';
import { type ReadFrame, readFrame } from './inbound.ts';
import { createFrameQueue, type FrameQueue, type WaitingFrame } from './input-queue.ts';
import type { LocalInput } from './local-input.ts';
import type { Recorder } from './trace.ts';

export type Step = (core: Core, input: Input) => readonly Effect[];

export interface DriverOptions {
  readonly core: Core;
  readonly step: Step;
  readonly clock: Clock;
  readonly format: WireFormat;
  readonly hashData: HashData;
  readonly recorder: Recorder;
  readonly counters: Counters;
  readonly isValidator: (peer: ReplicaId) => boolean;
  /** Why a message would be rejected whatever it says, if so: it is not read then. */
  readonly refusalUnread: (from: ReplicaId, type: Message['type']) => RejectionCode | null;
  /**
   * False while so much waits for the disk that nothing more should be taken from peers; looked at again with every
   * input, of which there is one for everything that becomes durable.
   */
  readonly mayReadFrames: () => boolean;
  readonly perform: (effect: Effect) => void;
  /** Called after all effects of a step. */
  readonly onStepDone: () => void;
  readonly emit: (event: ReplicaEvent) => void;
  readonly onFault: (error: unknown) => void;
}

/**
 * Feeds the core, one input at a time: a step and all its effects are done before the next input is looked at.
 *
 * The replica's own inputs go first and are never dropped: the core itself bounds them. Peers' frames wait in a
 * bounded queue and are read when their turn comes. Work is done in slices, so that the process's other work goes on.
 */
export interface Driver {
  /** Takes the first step, before anything that waits. */
  start(disk: Recovered): void;
  /** In the order of the calls. `frame` has the message of a received one, whole, for whoever wants to keep it. */
  input(input: LocalInput, frame?: Uint8Array): void;
  /** A frame from the network; dropped, with an event, when too much waits already. */
  frame(waiting: WaitingFrame): void;
  /** No step begins after this. */
  stop(): void;
}

/** How long the driver keeps the event loop for itself: below what a person or a timer of a view would notice. */
const SLICE_MS = 2;

/** Inputs in one slice, at most: a host's own clock may stand still. Some hundred are done in the time above. */
const SLICE_INPUTS = 1_000;

/** Inputs of the replica's own after which one frame is read, so that a replica busy with itself still hears others. */
const OWN_INPUTS_IN_A_ROW = 64;

/** Taken inputs after which their memory is given back, though more wait. */
const COMPACTED_AT = 256;

/** Peers remembered as told of overload; forgetting one costs an event. */
const MAX_OVERLOADED_PEERS = 1_024;

interface OwnInput {
  readonly input: LocalInput;
  readonly frame: Uint8Array | undefined;
}

export function createDriver(options: DriverOptions): Driver {
  return new CoreDriver(options);
}

class CoreDriver implements Driver {
  readonly #options: DriverOptions;
  readonly #frames: FrameQueue;
  #own: OwnInput[] = [];
  /** Index of the oldest input in `#own`. */
  #head = 0;
  #ownInARow = 0;
  #slice: NodeJS.Immediate | null = null;
  #stopped = false;
  #now: Millis = asMillis(Number.NEGATIVE_INFINITY);
  readonly #overloaded = new Set<ReplicaId>();

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#frames = createFrameQueue(maxFrameSize(options.format), options.isValidator);
  }

  start(disk: Recovered): void {
    this.#step({ type: 'recovered', disk });
  }

  input(input: LocalInput, frame?: Uint8Array): void {
    if (this.#stopped) return;
    this.#own.push({ input, frame });
    this.#schedule();
  }

  frame(waiting: WaitingFrame): void {
    if (this.#stopped) return;
    const { from, frame } = waiting;
    if (this.#frames.push(waiting)) {
      this.#overloaded.delete(from);
      this.#schedule();
      return;
    }
    this.#options.counters.framesDropped += 1;
    if (this.#overloaded.has(from)) return;
    if (this.#overloaded.size >= MAX_OVERLOADED_PEERS) this.#overloaded.clear();
    this.#overloaded.add(from);
    const detail = `a frame of ${frame.length} bytes, and those that follow it, until the queue has room`;
    const rejection = { code: 'overloaded', detail } as const;
    this.#options.emit({ type: 'message-rejected', from, message: 'frame', rejection });
  }

  /** As an immediate, never a microtask: replicas that share a process with an in-memory network would starve it. */
  #schedule(): void {
    if (this.#slice !== null || this.#stopped || !this.#hasWork()) return;
    this.#slice = setImmediate(() => {
      this.#slice = null;
      this.#runSlice();
    });
  }

  #hasWork(): boolean {
    return this.#head < this.#own.length || (this.#frames.size > 0 && this.#options.mayReadFrames());
  }

  #runSlice(): void {
    const { clock } = this.#options;
    const end = clock.now() + SLICE_MS;
    for (let count = 0; count < SLICE_INPUTS && !this.#stopped && this.#hasWork(); count++) {
      this.#takeOne();
      if (clock.now() >= end) break;
    }
    this.#schedule();
  }

  #takeOne(): void {
    const mayRead = this.#frames.size > 0 && this.#options.mayReadFrames();
    const isOthersTurn = mayRead && this.#ownInARow >= OWN_INPUTS_IN_A_ROW;
    const own = isOthersTurn ? null : this.#takeOwn();
    if (own !== null) {
      this.#ownInARow += 1;
      this.#step(own.input, own.frame);
      return;
    }
    this.#ownInARow = 0;
    const waiting = mayRead ? this.#frames.next() : null;
    if (waiting !== null) this.#read(waiting);
  }

  #takeOwn(): OwnInput | null {
    const own = this.#own[this.#head];
    if (own === undefined) return null;
    this.#head += 1;
    if (this.#head === this.#own.length || this.#head === COMPACTED_AT) {
      this.#own = this.#own.slice(this.#head);
      this.#head = 0;
    }
    return own;
  }

  #read(waiting: WaitingFrame): void {
    const { format, hashData, counters, emit, onFault } = this.#options;
    const { from, frame } = waiting;
    counters.messagesReceived += 1;
    counters.bytesReceived += frame.length;
    if (this.#isRefusedUnread(waiting)) return;
    let read: ReadFrame;
    try {
      read = readFrame(format, hashData, waiting);
    } catch (error) {
      // The app's own data hash failed: no verdict on the message.
      if (error instanceof AppFault) emit({ type: 'app-failed', call: 'validateBlock', error });
      else onFault(error);
      return;
    }
    const { message, rejected } = read;
    if (rejected !== null) emit({ type: 'message-rejected', from, ...rejected });
    if (message === null) return;
    increment(counters.receivedByType, message.type);
    const input = { type: 'message-received', from, message, bytes: frame.length } as const;
    // Of a message that was cut the frame says too much.
    this.#step(input, rejected === null ? frame : undefined);
  }

  #isRefusedUnread({ from, frame }: WaitingFrame): boolean {
    const { counters, emit, refusalUnread } = this.#options;
    const type = messageTypeOf(frame);
    const code = type === null ? null : refusalUnread(from, type);
    if (type === null || code === null) return false;
    increment(counters.receivedByType, type);
    emit({ type: 'message-rejected', from, message: type, rejection: { code } });
    return true;
  }

  #step(input: LocalInput, frame?: Uint8Array): void {
    const { core, step, clock, recorder, counters, perform, onStepDone, onFault } = this.#options;
    this.#now = asMillis(Math.max(this.#now, clock.now()));
    const timed: Input = { now: this.#now, ...input };
    counters.inputs += 1;
    try {
      recorder.beforeStep(timed, frame);
      const effects = step(core, timed);
      recorder.afterStep(effects);
      for (const effect of effects) perform(effect);
      onStepDone();
    } catch (error) {
      onFault(error);
    }
  }

  stop(): void {
    this.#stopped = true;
    if (this.#slice !== null) clearImmediate(this.#slice);
    this.#slice = null;
    this.#own = [];
    this.#head = 0;
    this.#frames.clear();
  }
}
