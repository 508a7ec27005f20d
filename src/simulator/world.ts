import type { TreeDelta } from '../core/block-tree/delta.ts';
import type { Effect } from '../core/effect.ts';
import type { Input } from '../core/input.ts';
import type { Recovered } from '../core/recovered.ts';
import type { ChainParameters, LocalSettings } from '../model/chain.ts';
import type { ReplicaEvent } from '../model/events.ts';
import type { GenesisDocument } from '../model/genesis.ts';
import { asPower, type ReplicaId } from '../model/ids.ts';
import type { Message } from '../model/messages.ts';
import { createValidatorSet, type ValidatorSet, type ValidatorSetUpdates } from '../model/validator-set.ts';
import { type AdversaryHost, createAdversaryHost } from './adversary-host.ts';
import { type Command, createCommandApp } from './app.ts';
import { ALL_CHECKERS } from './checkers/index.ts';
import { describeMessage } from './describe.ts';
import { createEventQueue, type EventQueue } from './event-queue.ts';
import { SimulationFailure } from './failure.ts';
import { createForge, type Forge } from './forge.ts';
import { Host, type HostHooks } from './host.ts';
import { createNetwork, type SimulatedNetwork } from './network.ts';
import { ObjectContents } from './object-contents.ts';
import type { ObservedReplica, ObservedWorld } from './observer.ts';
import { createPost, type Interceptor, type Post } from './post.ts';
import { createRandom, type Random } from './random.ts';
import { realCore } from './real-core.ts';
import { createRecordContents } from './record-contents.ts';
import { createReplicaView, type ReplicaView } from './replica-view.ts';
import { createKeyring, type Keyring } from './signatures.ts';
import { createTrace, type Trace } from './trace.ts';
import { createWatch, type Watch } from './watch.ts';
import type { Witness } from './witness.ts';
import { genesisOf, type ResolvedWorld, resolveOptions, type WorldOptions } from './world-options.ts';

/** How much of the past a failure shows. */
const LINES_IN_FAILURES = 120;
/** Events at one instant: above it something goes round in circles without time passing. */
const MAX_EVENTS_PER_INSTANT = 200_000;
/** `run({ views })` gives up when a view takes so many view times on average, start-up aside. */
const VIEW_TIMES_PER_VIEW = 3;
const VIEW_TIMES_TO_START = 200;
const TICKS_PER_VIEW_TIME = 10;

/** Makes a simulated world and starts its replicas. Throws ConfigError on options that make no sense. */
export const createWorld = (options: WorldOptions): World => new World(options);

/**
 * A deterministic world of replicas: a virtual clock, a simulated network, disks that crash, stand-in signatures, and
 * the real core. Checkers watch every step; a broken rule throws a SimulationFailure that names the seed.
 */
export class World implements ObservedWorld {
  readonly seed: number;
  readonly chain: ChainParameters;
  readonly settings: LocalSettings;
  readonly genesis: GenesisDocument;
  readonly genesisSet: ValidatorSet;
  readonly keyring: Keyring;
  readonly forge: Forge;
  readonly random: Random;
  readonly replicas: readonly ReplicaView[];
  readonly #options: WorldOptions;
  readonly #resolved: ResolvedWorld;
  readonly #queue: EventQueue;
  readonly #network: SimulatedNetwork;
  readonly #post: Post;
  readonly #trace: Trace;
  readonly #witness: Witness | null;
  readonly #hosts: readonly Host[];
  readonly #honest: readonly Host[];
  readonly #adversaries: ReadonlyMap<number, AdversaryHost>;
  /** Keys of the replicas by index; that of a twin is there twice. */
  readonly #ids: readonly ReplicaId[];
  /** Replicas of keys that lie or run twice. */
  readonly #byzantine: ReadonlySet<number>;
  readonly #indexOf: ReadonlyMap<ReplicaId, number>;
  readonly #watch: Watch;
  readonly #commands: Command[] = [];
  readonly #listeners = new Set<(index: number, event: ReplicaEvent) => void>();
  readonly #views: number[];
  readonly #heights: number[];
  /** Of `view`, which is asked for after every event; null when a replica entered one since. */
  #view: number | null = null;
  #failure: SimulationFailure | null = null;
  #disturbedAt = 0;
  #eventsAtInstant = 0;
  #instant = -1;
  #pendingApp: Promise<void> | null = null;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#resolved = resolveOptions(options);
    this.seed = options.seed;
    this.random = createRandom(options.seed);
    this.#queue = createEventQueue();
    const keys = options.n + (options.listeners ?? 0);
    this.keyring = createKeyring(options.scheme ?? 'ed25519', keys, this.random.fork('keys'));
    const twins = options.twins ?? [];
    this.#ids = [...this.keyring.ids, ...twins.map((index) => this.keyring.ids[index] as ReplicaId)];
    const count = this.#ids.length;
    this.#byzantine = new Set([
      ...Object.keys(options.adversaries ?? {}).map(Number),
      ...twins.flatMap((index, at) => [index, keys + at]),
    ]);
    this.genesis = genesisOf(options, this.keyring);
    this.chain = this.genesis.chain;
    this.settings = this.#resolved.settings;
    const set = createValidatorSet(this.genesis.validators.map(({ id, power }) => ({ id, power })));
    if (typeof set === 'string') throw new RangeError(`the powers make no validator set: ${set}`);
    this.genesisSet = set;
    this.forge = createForge(this.keyring, this.chain.chainId, set);
    this.#network = createNetwork(this.#resolved.network, count, this.random.fork('network'));
    this.#indexOf = new Map(this.keyring.ids.map((id, index) => [id, index]));
    this.#trace = createTrace((id) => this.nameOf(id), options.traceMemory);
    this.#witness = options.witness ?? null;
    this.#views = new Array<number>(count).fill(0);
    this.#heights = new Array<number>(count).fill(-1);
    this.#post = createPost({
      queue: this.#queue,
      network: this.#network,
      chain: this.chain,
      ids: this.#ids,
      encode: options.encode === true,
      witness: this.#witness,
      host: (index) => this.#hosts[index],
      adversary: (index) => this.#adversaries.get(index),
      fail: (checker, what) => this.fail(checker, what),
    });
    this.#hosts = this.#ids.map((_, index) => this.#createHost(index));
    this.#adversaries = this.#createAdversaries();
    this.#honest = this.#hosts.filter(({ index }) => !this.#byzantine.has(index));
    this.replicas = this.#hosts.map((host) => this.#createView(host));
    this.#watch = createWatch(
      this,
      options.checkers ?? ALL_CHECKERS,
      (index) => !this.#byzantine.has(index),
      (checker, what) => this.fail(checker, what),
    );
    this.#witness?.onStart?.(this);
    for (const host of this.#hosts) host.boot();
    for (const adversary of this.#adversaries.values()) adversary.start();
    this.#scheduleTick();
  }

  #createHost(index: number): Host {
    const { settings, latencies } = this.#resolved;
    return new Host(
      index,
      {
        now: () => this.#queue.now,
        schedule: (afterMs, run) => this.#queue.schedule(this.#queue.now + afterMs, run),
        cancel: (event) => this.#queue.cancel(event),
        random: this.random,
        chain: this.chain,
        settings,
        keyring: this.keyring,
        ids: this.#ids,
        latencies,
        clockDrift: this.#options.clockDrift ?? 0,
        makeCore: this.#options.makeCore ?? realCore,
        hooks: this.#hooks(),
      },
      this.#options.app?.(index) ??
        createCommandApp({ commands: this.#commands, steady: this.#options.load !== 'idle' }, index),
      this.#options.records === false
        ? new ObjectContents(this.genesis, this.genesisSet)
        : createRecordContents(this.genesis, this.#ids[index] as ReplicaId),
    );
  }

  #createAdversaries(): ReadonlyMap<number, AdversaryHost> {
    const factories = Object.entries(this.#options.adversaries ?? {});
    const byzantine = new Set([...this.#byzantine].map((index) => this.#ids[index] as ReplicaId));
    return new Map(
      factories.map(([index, factory]) => {
        const host = this.#hosts[Number(index)] as Host;
        const adversary = createAdversaryHost(factory, host, {
          now: () => this.#queue.now,
          after: (ms, run) => void this.#queue.schedule(this.#queue.now + ms, run),
          random: this.random.fork(`adversary ${index}`),
          chain: this.chain,
          settings: this.settings,
          keyring: this.keyring,
          forge: this.forge,
          byzantine,
          hosts: this.#hosts,
          send: (to, message) => this.#post.send(host.index, to, message),
        });
        return [Number(index), adversary];
      }),
    );
  }

  #createView(host: Host): ReplicaView {
    return createReplicaView(host, {
      isHonest: !this.#byzantine.has(host.index),
      view: () => this.#views[host.index] ?? 0,
      height: () => this.#heights[host.index] ?? -1,
    });
  }

  // What replicas tell the world.

  #hooks(): HostHooks {
    return {
      onBoot: (host, recovered) => this.#onBoot(host, recovered),
      onInput: (host, input) => {
        this.#trace.addInput(this.now, host.index, input);
        this.#witness?.onEntry?.({ at: this.now, replica: host.index, type: 'input', input });
      },
      onStep: (host, input, effects) => this.#onStep(host, input, effects),
      onWritten: (host, delta) => this.#onWritten(host, delta),
      onDurable: (host, delta) => this.#watch.onDurable(host, delta),
      onCrash: (host) => this.#onCrash(host),
      onEvent: (host, event) => {
        if (this.#listeners.size > 0) for (const listener of this.#listeners) listener(host.index, event);
      },
      onHalt: (host, where, reason) => this.#onHalt(host, where, reason),
      transmit: (host, to, message) => {
        const recipients = to === 'all' ? this.#hosts.length : to.length;
        this.#watch.onSent(host, message, recipients);
        this.#post.transmit(host.index, to, message);
      },
      awaitApp: (answer) => {
        this.#pendingApp = Promise.all([this.#pendingApp, answer]).then(() => undefined);
      },
    };
  }

  #onBoot(host: Host, recovered: Recovered): void {
    this.#views[host.index] = recovered.entry?.view ?? 0;
    this.#view = null;
    this.#heights[host.index] = recovered.highestCommitted?.header.height ?? -1;
    this.#witness?.onBoot?.(host.index, {
      view: this.#views[host.index] ?? 0,
      height: this.#heights[host.index] ?? -1,
    });
    this.#watch.onBoot(host, recovered);
  }

  #onStep(host: Host, input: Input, effects: readonly Effect[]): void {
    this.#trace.addEffects(effects);
    if (this.#witness?.onEntry !== undefined) {
      const at = this.now;
      for (const effect of effects)
        this.#witness.onEntry({ at, replica: host.index, type: 'effect', effect });
    }
    this.#watch.onStep(host, input, effects);
  }

  #onWritten(host: Host, delta: TreeDelta): void {
    if (delta.entry !== undefined) {
      this.#views[host.index] = delta.entry.view;
      this.#view = null;
    }
    const last = delta.commits.at(-1);
    if (last !== undefined) this.#heights[host.index] = last.height;
    this.#watch.onWritten(host, delta);
  }

  #onCrash(host: Host): void {
    // Commits that were not durable are gone.
    this.#heights[host.index] = host.contents.committedHeight();
    this.#witness?.onDown?.(host.index);
    this.#watch.onCrash(host);
  }

  #onHalt(host: Host, where: 'core' | 'disk', reason: string): void {
    this.#note(`r${host.index} halts: ${reason}`);
    this.#onCrash(host);
    this.#disturb();
    if (!this.#byzantine.has(host.index) && where === 'core') this.fail('halt', `r${host.index}: ${reason}`);
  }

  // What scenarios do.

  /** Virtual milliseconds since the world began. */
  get now(): number {
    return this.#queue.now;
  }

  /** The highest view that an honest replica is in or was last in. */
  get view(): number {
    if (this.#view === null) {
      let view = 0;
      for (const { index } of this.#honest) view = Math.max(view, this.#views[index] ?? 0);
      this.#view = view;
    }
    return this.#view;
  }

  /** The greatest height that an honest replica has committed; -1 while there is none. */
  get height(): number {
    let height = -1;
    for (const { index } of this.#honest) height = Math.max(height, this.#heights[index] ?? -1);
    return height;
  }

  /** Messages that were sent, each copy of a broadcast counted. */
  get messages(): number {
    return this.#post.sent;
  }

  get honest(): readonly ObservedReplica[] {
    return this.#honest;
  }

  get calmSince(): number {
    if (this.#network.isPartitioned || this.#post.isIntercepted) return Number.POSITIVE_INFINITY;
    return Math.max(this.#network.gstMs, this.#disturbedAt);
  }

  /** Equal for equal histories. */
  get traceHash(): string {
    return this.#trace.hash;
  }

  nameOf(id: ReplicaId): string {
    const index = this.#indexOf.get(id);
    return index === undefined ? id.slice(0, 8) : `r${index}`;
  }

  replica(index: number): ReplicaView {
    const found = this.replicas[index];
    if (found === undefined) throw new RangeError(`there is no replica ${index}`);
    return found;
  }

  /** The last `count` events, for people. */
  trace(count: number = LINES_IN_FAILURES): readonly string[] {
    return this.#trace.last(count);
  }

  /** Ends the world: throws a SimulationFailure with the seed and the last events, now and when it is run again. */
  fail(checker: string, what: string): never {
    this.#failure ??= new SimulationFailure(checker, what, this.seed, this.trace());
    throw this.#failure;
  }

  /** Stops a replica at once; what its disk had not flushed may be lost. Crashing twice changes nothing. */
  crash(index: number): void {
    const host = this.#hosts[index] as Host;
    if (!host.isUp) return;
    this.#note(`r${index} crashes`);
    this.#disturb();
    host.crash();
  }

  /** Starts a replica that is down from its disk. */
  restart(index: number): void {
    const host = this.#hosts[index] as Host;
    if (host.isUp) return;
    this.#note(`r${index} restarts`);
    this.#disturb();
    host.boot();
  }

  /** From now on the replica's disk fails: the replica stops at its next flush. */
  failDisk(index: number): void {
    this.#note(`the disk of r${index} begins to fail`);
    (this.#hosts[index] as Host).disk.fail();
  }

  /** Cuts all links between the groups; a replica that no group names is alone. Messages on their way are lost. */
  partition(groups: readonly (readonly number[])[]): void {
    this.#note(`partition ${groups.map((group) => `{${group.join(',')}}`).join(' ')}`);
    this.#network.partition(groups);
  }

  heal(): void {
    this.#note('the partition heals');
    this.#network.heal();
    this.#disturb();
  }

  /** Lets `interceptor` decide about messages until the returned function is called; earlier ones decide first. */
  intercept(interceptor: Interceptor): () => void {
    this.#post.intercept(interceptor);
    return () => {
      this.#post.stopIntercepting(interceptor);
      this.#disturb();
    };
  }

  /** Removes all interceptors. */
  stopIntercepting(): void {
    this.#post.stopIntercepting();
    this.#disturb();
  }

  /** Delivers `message` to one replica only, past network and interceptors. */
  give(from: number, to: number, message: Message, delayMs = 0): void {
    this.#note(`given to r${to} from r${from}: ${describeMessage(message)}`);
    this.#post.give(from, to, message, delayMs);
  }

  /** Runs something later, such as a fault. */
  after(delayMs: number, run: () => void): void {
    this.#queue.schedule(this.now + delayMs, run);
  }

  /** Hands a command to the default app of every replica; returns its id. It is ordered once. */
  submit(command: Omit<Command, 'id'>): string {
    const id = `${this.#commands.length}`;
    this.#commands.push({ ...command, id });
    for (const host of this.#hosts) host.wakeApp();
    return id;
  }

  /** Submits a change of the validator set, with the proofs of possession that the scheme asks for. */
  updateValidators(update: {
    readonly insert?: Readonly<Record<number, number>>;
    readonly remove?: readonly number[];
  }): string {
    const inserts = Object.entries(update.insert ?? {}).map(([index, power]) => {
      const id = this.keyring.ids[Number(index)] as ReplicaId;
      return { id, power: asPower(power), possession: this.keyring.possession(this.chain.chainId, id) };
    });
    const deletes = (update.remove ?? []).map((index) => this.keyring.ids[index] as ReplicaId);
    const validators: ValidatorSetUpdates = { inserts, deletes };
    return this.submit({ validators });
  }

  /** Calls `listener` for every event that a replica emits, until the returned function is called. */
  onEvent(listener: (index: number, event: ReplicaEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Runs for so many virtual milliseconds, or until honest replicas have passed so many more views. */
  run(howLong: { readonly views: number } | { readonly ms: number }): void {
    if ('ms' in howLong) return this.#drive(() => false, howLong.ms);
    const target = this.view + howLong.views;
    this.runUntil(() => this.view >= target, {
      withinMs: (howLong.views * VIEW_TIMES_PER_VIEW + VIEW_TIMES_TO_START) * this.settings.viewTimeMs,
      what: `view ${target}`,
    });
  }

  /** Runs until `condition` holds; a SimulationFailure if it does not within so many virtual milliseconds. */
  runUntil(condition: () => boolean, limit: { readonly withinMs: number; readonly what?: string }): void {
    this.#drive(condition, limit.withinMs);
    if (!condition())
      this.fail('run', `${limit.what ?? 'the condition'} did not come about in ${limit.withinMs} ms`);
  }

  /** `runUntil` for apps that answer with promises. */
  async runUntilAsync(
    condition: () => boolean,
    limit: { readonly withinMs: number; readonly what?: string },
  ): Promise<void> {
    const end = this.now + limit.withinMs;
    while (!condition() && this.#takeEvent(end)) {
      while (this.#pendingApp !== null) {
        const answers = this.#pendingApp;
        await answers;
        if (this.#pendingApp === answers) this.#pendingApp = null;
      }
    }
    if (!condition())
      this.fail('run', `${limit.what ?? 'the condition'} did not come about in ${limit.withinMs} ms`);
  }

  #drive(until: () => boolean, withinMs: number): void {
    const end = this.now + withinMs;
    while (!until() && this.#takeEvent(end)) {
      if (this.#pendingApp !== null) {
        throw new TypeError('the app answers with promises: drive the world with runUntilAsync');
      }
    }
    this.#watch.tick();
  }

  /** Lets the next event happen; false when there is none until `end`. */
  #takeEvent(end: number): boolean {
    if (this.#failure !== null) throw this.#failure;
    const next = this.#queue.peek();
    if (next === null || next > end) {
      this.#queue.advanceTo(end);
      return false;
    }
    const event = this.#queue.take();
    if (event === null) return false;
    const { now } = this.#queue;
    this.#eventsAtInstant = now === this.#instant ? this.#eventsAtInstant + 1 : 0;
    this.#instant = now;
    if (this.#eventsAtInstant > MAX_EVENTS_PER_INSTANT) this.fail('world', 'time does not pass any more');
    event.run();
    return true;
  }

  #scheduleTick(): void {
    this.#queue.schedule(this.now + this.settings.viewTimeMs / TICKS_PER_VIEW_TIME, () => {
      for (const adversary of this.#adversaries.values()) adversary.tick();
      this.#watch.tick();
      this.#scheduleTick();
    });
  }

  /** What the checkers have to say, one line each. */
  report(): readonly string[] {
    return this.#watch.report();
  }

  #disturb(): void {
    this.#disturbedAt = this.now;
  }

  #note(text: string): void {
    this.#trace.addNote(this.now, text);
    this.#witness?.onEntry?.({ at: this.now, replica: null, type: 'world', text });
  }
}
