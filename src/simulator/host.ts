import type { TreeDelta } from '../core/block-tree/delta.ts';
import type { CoreCheck, Effect } from '../core/effect.ts';
import type { Input, RequestId, Ticket, TimerId } from '../core/input.ts';
import type { Recovered } from '../core/recovered.ts';
import type { CoreStatus } from '../core/state.ts';
import { timerKey } from '../core/timer-key.ts';
import { assertNever } from '../model/assert.ts';
import type { Block } from '../model/block.ts';
import type { PhaseCertificate } from '../model/certificate.ts';
import type { ChainParameters, LocalSettings } from '../model/chain.ts';
import { StorageError } from '../model/errors.ts';
import type { ReplicaEvent } from '../model/events.ts';
import { asMillis, type BlockHash, type Millis, type ReplicaId } from '../model/ids.ts';
import type { Message, OutgoingMessage, Subject } from '../model/messages.ts';
import type { SignatureCheck } from '../ports/signature-scheme.ts';
import type { SimulatedApp } from './app.ts';
import { type AppRunner, createAppRunner } from './app-runner.ts';
import type { DiskContents } from './contents.ts';
import { hasRightData } from './data-check.ts';
import { type Delay, draw } from './delays.ts';
import { createDisk, type SimulatedDisk, type Write } from './disk.ts';
import type { ScheduledEvent } from './event-queue.ts';
import type { ObservedReplica } from './observer.ts';
import type { Random } from './random.ts';
import type { Keyring } from './signatures.ts';
import type { MakeCore, SimulatedCore } from './simulated-core.ts';

/** How long the parts of a replica take, in virtual milliseconds. */
export interface Latencies {
  readonly verify: Delay;
  readonly form: Delay;
  readonly flush: Delay;
  readonly app: Delay;
}

/** What a replica's shell needs of the world around it. */
export interface HostSurroundings {
  readonly now: () => number;
  schedule(afterMs: number, run: () => void): ScheduledEvent;
  cancel(event: ScheduledEvent): void;
  readonly random: Random;
  readonly chain: ChainParameters;
  readonly settings: LocalSettings;
  readonly keyring: Keyring;
  /** Keys of the replicas by index; that of a twin is there twice. */
  readonly ids: readonly ReplicaId[];
  readonly latencies: Latencies;
  /** Clocks run fast or slow by up to this share. */
  readonly clockDrift: number;
  readonly makeCore: MakeCore;
  readonly hooks: HostHooks;
}

/** What a replica tells the world, in the order in which it happens. */
export interface HostHooks {
  onBoot(host: Host, recovered: Recovered): void;
  onInput(host: Host, input: Input): void;
  onStep(host: Host, input: Input, effects: readonly Effect[]): void;
  onWritten(host: Host, delta: TreeDelta): void;
  onDurable(host: Host, delta: TreeDelta): void;
  onCrash(host: Host): void;
  onEvent(host: Host, event: ReplicaEvent): void;
  onHalt(host: Host, where: 'core' | 'disk', reason: string): void;
  /** `message` leaves the replica. */
  transmit(host: Host, to: readonly ReplicaId[] | 'all', message: Message): void;
  /** Promises of an app hold the world up; see `SimulatedApp`. */
  awaitApp(answer: Promise<void>): void;
}

type Gated = Extract<Effect, { readonly after: Ticket }>;

const rawCheck = (check: CoreCheck, preimage: Uint8Array): SignatureCheck =>
  check.type === 'certificate'
    ? { type: 'certificate', set: check.set, signatures: check.signatures, preimage }
    : { type: 'signature', signer: check.signer, signature: check.signature, preimage };

/**
 * The shell of one simulated replica: carries out the effects of its core exactly as core/effect.ts says, on a
 * virtual clock, a simulated disk and stand-in signatures.
 */
export class Host implements ObservedReplica {
  readonly index: number;
  readonly id: ReplicaId;
  readonly disk: SimulatedDisk;
  readonly contents: DiskContents;
  readonly app: SimulatedApp;
  life = 0;
  readonly #world: HostSurroundings;
  readonly #random: Random;
  readonly #appRunner: AppRunner;
  #core: SimulatedCore | null = null;
  /** Of the core since its last step: adversaries and checkers ask for it again and again. */
  #status: CoreStatus | null = null;
  #durable = 0;
  #held: Gated[] = [];
  readonly #timers = new Map<string, ScheduledEvent>();
  #clockOrigin = 0;
  #clockRate = 1;
  #bootedAt = 0;

  constructor(index: number, world: HostSurroundings, app: SimulatedApp, contents: DiskContents) {
    this.index = index;
    this.id = world.ids[index] as ReplicaId;
    this.#world = world;
    this.#random = world.random.fork(`replica ${index}`);
    this.app = app;
    this.contents = contents;
    this.disk = createDisk({
      schedule: (afterMs, run) => world.schedule(afterMs, run),
      cancel: (event) => world.cancel(event),
      random: this.#random.fork('disk'),
      flushMs: world.latencies.flush,
      lazyMs: world.settings.viewTimeMs / 8,
      contents,
      onDurable: (written) => this.#onDurable(written),
      onFailure: () => this.#halt('disk', 'a write to the disk failed'),
    });
    this.#appRunner = createAppRunner({
      app,
      chain: world.chain,
      keyring: world.keyring,
      now: () => this.#now(),
      schedule: (afterMs, run) => this.#later(afterMs, run),
      cancel: (event) => world.cancel(event),
      latency: () => draw(world.latencies.app, this.#random),
      appView: (block) => contents.appView(block),
      answer: (input) => this.#step(input),
      failed: (call, error) => world.hooks.onEvent(this, { type: 'app-failed', call, error }),
      awaitApp: (answer) => world.hooks.awaitApp(answer),
    });
  }

  get lockedPc(): PhaseCertificate {
    return (this.status ?? this.contents.recovered()).lockedPc.pc;
  }

  get highestPc(): PhaseCertificate {
    return (this.status ?? this.contents.recovered()).highestPc.pc;
  }

  get isUp(): boolean {
    return this.#core !== null;
  }

  get status(): CoreStatus | null {
    this.#status ??= this.#core?.status() ?? null;
    return this.#status;
  }

  get sizes(): Readonly<Record<string, number>> | null {
    return this.#core?.sizes() ?? null;
  }

  /** A block that this replica's core has inserted and not pruned, or its disk holds. */
  block(hash: BlockHash): Block | null {
    return this.contents.block(hash);
  }

  /** Begins a life from what the disk holds. Must be down. */
  boot(): void {
    const world = this.#world;
    this.life++;
    this.#clockOrigin = this.#random.below(1_000_000);
    this.#clockRate = 1 + (this.#random.float() * 2 - 1) * world.clockDrift;
    this.#bootedAt = world.now();
    const recovered = this.contents.recovered();
    world.hooks.onBoot(this, recovered);
    this.#core = world.makeCore({
      me: this.id,
      chain: world.chain,
      settings: world.settings,
      seed: this.#random.uint32(),
    });
    this.#step({ now: this.#now(), type: 'recovered', disk: recovered });
  }

  /** Ends a life at once: what was not durable is lost, except what the disk happened to finish. */
  crash(): void {
    this.#stop();
    this.#world.hooks.onCrash(this);
  }

  /** A message arrives; `bytes` is the size of its frame. Blocks whose data is not what they say are dropped (R17). */
  receive(from: ReplicaId, message: Message, bytes: number): void {
    if (this.#core === null) return;
    if (!hasRightData(message, this.app)) return this.#reject(from, message);
    this.#step({ now: this.#now(), type: 'message-received', from, message, bytes });
  }

  /** Something to order has arrived: leaders that wait ask again. */
  wakeApp(): void {
    if (this.#core !== null) this.#appRunner.wake();
  }

  #reject(from: ReplicaId, message: Message): void {
    const rejection = { code: 'bad-data-hash' } as const;
    this.#world.hooks.onEvent(this, { type: 'message-rejected', from, message: message.type, rejection });
  }

  #now(): Millis {
    return asMillis(this.#clockOrigin + (this.#world.now() - this.#bootedAt) * this.#clockRate);
  }

  /** Schedules something of this life: a crash makes it void. */
  #later(afterMs: number, run: () => void): ScheduledEvent {
    const { life } = this;
    return this.#world.schedule(afterMs, () => {
      if (this.life === life && this.#core !== null) run();
    });
  }

  #step(input: Input): void {
    if (this.#core === null) return;
    this.#status = null;
    this.#world.hooks.onInput(this, input);
    const effects = this.#react(this.#core, input);
    if (effects === null) return;
    this.#world.hooks.onStep(this, input, effects);
    const { life } = this;
    for (const effect of effects) {
      // A hook may have crashed this replica in the middle.
      if (this.life !== life || this.#core === null) return;
      this.#perform(effect);
    }
  }

  /** Null when the core threw, which nothing may make it do (R23). */
  #react(core: SimulatedCore, input: Input): readonly Effect[] | null {
    try {
      return core.step(input);
    } catch (error) {
      this.#halt('core', `the core threw ${error instanceof Error ? error.stack : error}`);
      return null;
    }
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'persist':
        return this.#persist(effect);
      case 'send':
      case 'serve-blocks':
      case 'update-validators':
      case 'emit':
        if (effect.after <= this.#durable) this.#release(effect);
        else this.#held.push(effect);
        return;
      case 'set-timer':
        return this.#setTimer(effect.timer, effect.at);
      case 'check-signatures':
        return this.#check(effect.request, effect.checks);
      case 'form-certificate':
        return this.#form(effect);
      case 'produce-block':
        return this.#appRunner.produce(effect.request, effect.ask);
      case 'validate-block':
        return this.#appRunner.validate(effect.request, effect.ask);
      case 'cancel':
        return this.#appRunner.cancel(effect.request);
      case 'halt':
        return this.#halt('core', effect.fault.message);
      default:
        return assertNever(effect);
    }
  }

  #persist({ ticket, delta, flush }: Extract<Effect, { type: 'persist' }>): void {
    try {
      this.disk.persist({ ticket, delta }, flush);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#halt('core', `the storage refuses its writes: ${error.message}`);
      return;
    }
    this.#world.hooks.onWritten(this, delta);
  }

  /** Tells the core of the newest ticket alone: it vouches for all before it. */
  #onDurable(written: readonly Write[]): void {
    for (const { delta } of written) this.#world.hooks.onDurable(this, delta);
    if (this.#core === null) return;
    const { ticket } = written.at(-1) as Write;
    this.#durable = ticket;
    const { life } = this;
    this.#releaseUpTo(ticket);
    if (this.life === life) this.#step({ now: this.#now(), type: 'persisted', ticket });
  }

  #releaseUpTo(ticket: Ticket): void {
    const held = this.#held;
    if (held.length === 0) return;
    // Mostly all of them.
    this.#held = held.some(({ after }) => after > ticket) ? held.filter(({ after }) => after > ticket) : [];
    const { life } = this;
    for (const effect of held) {
      // What was released before may have stopped this replica.
      if (this.life !== life || this.#core === null) return;
      if (effect.after <= ticket) this.#release(effect);
    }
  }

  #release(effect: Gated): void {
    const { hooks, chain } = this.#world;
    switch (effect.type) {
      case 'send': {
        const message = this.#complete(effect.message);
        if (message !== null) hooks.transmit(this, effect.to, message);
        return;
      }
      case 'serve-blocks':
        hooks.transmit(this, [effect.to], this.contents.syncResponse(effect, chain.limits));
        return;
      case 'update-validators':
        return;
      case 'emit':
        hooks.onEvent(this, effect.event);
        return;
      default:
        assertNever(effect);
    }
  }

  /** Signs votes and advertisements and fills proposals in; null when a proposal's block is gone meanwhile. */
  #complete(message: OutgoingMessage): Message | null {
    switch (message.type) {
      case 'phase-vote': {
        const { type, chainId, view, block, phase } = message;
        return { type, chainId, view, block, phase, signature: this.#sign(message) };
      }
      case 'timeout-vote': {
        const { type, chainId, view, highestTc } = message;
        return { type, chainId, view, signature: this.#sign(message), highestTc };
      }
      case 'advertise-block': {
        const { type, chainId, height } = message;
        return { type, chainId, height, signature: this.#sign(message) };
      }
      case 'proposal': {
        const block = this.block(message.block);
        return block === null
          ? null
          : { type: 'proposal', chainId: message.chainId, view: message.view, block };
      }
      default:
        return message;
    }
  }

  #sign(subject: Subject): Uint8Array {
    const { keyring } = this.#world;
    return keyring.sign(this.id, keyring.preimage(subject));
  }

  #setTimer(timer: TimerId, at: Millis): void {
    const key = timerKey(timer);
    const before = this.#timers.get(key);
    if (before !== undefined) this.#world.cancel(before);
    const afterMs = Math.max(0, (at - this.#now()) / this.#clockRate);
    const event = this.#later(afterMs, () => {
      this.#timers.delete(key);
      this.#step({ now: this.#now(), type: 'timer-fired', timer });
    });
    this.#timers.set(key, event);
  }

  #check(request: RequestId, checks: readonly CoreCheck[]): void {
    const { keyring, latencies } = this.#world;
    const valid = new Uint8Array(checks.length);
    for (let at = 0; at < checks.length; at++) {
      const check = checks[at] as CoreCheck;
      const preimage = keyring.preimage(check.subject);
      if (keyring.verifies(rawCheck(check, preimage))) valid[at] = 1;
    }
    this.#later(draw(latencies.verify, this.#random), () =>
      this.#step({ now: this.#now(), type: 'signatures-checked', request, valid }),
    );
  }

  #form({ request, set, subject, votes }: Extract<Effect, { type: 'form-certificate' }>): void {
    const { keyring, latencies } = this.#world;
    const { signatures, badSigners } = keyring.form({
      set,
      votes,
      preimage: keyring.preimage(subject),
    });
    this.#later(draw(latencies.form, this.#random), () =>
      this.#step({ now: this.#now(), type: 'certificate-formed', request, signatures, badSigners }),
    );
  }

  #halt(where: 'core' | 'disk', reason: string): void {
    this.#stop();
    this.#world.hooks.onHalt(this, where, reason);
  }

  #stop(): void {
    this.#core = null;
    this.#status = null;
    this.#durable = 0;
    this.#held = [];
    this.#timers.clear();
    this.#appRunner.reset();
    for (const delta of this.disk.crash()) this.#world.hooks.onDurable(this, delta);
  }
}
