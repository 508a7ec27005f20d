import type { WireFormat } from '../codec/primitives.ts';
import type { TreeDelta } from '../core/block-tree/delta.ts';
import type { Effect } from '../core/effect.ts';
import { refusalUnread } from '../core/receive.ts';
import type { Recovered } from '../core/recovered.ts';
import type { Core } from '../core/state.ts';
import { awaitedVote } from '../core/votes/awaited.ts';
import { assertNever } from '../model/assert.ts';
import type { Block } from '../model/block.ts';
import type { ChainParameters, LocalSettings } from '../model/chain.ts';
import { StorageError } from '../model/errors.ts';
import type { ReplicaEvent } from '../model/events.ts';
import type { BlockHash, ReplicaId } from '../model/ids.ts';
import type { BlockSyncResponse } from '../model/messages.ts';
import { isMember, type ValidatorSets } from '../model/validator-set.ts';
import type { App } from '../ports/app.ts';
import type { Clock } from '../ports/clock.ts';
import type { KVStore } from '../ports/kv-store.ts';
import type { Network } from '../ports/network.ts';
import type { Hasher, Signer, Verifier } from '../ports/signature-scheme.ts';
import { recordsOf } from '../storage/apply.ts';
import { createBlockTreeSnapshot } from '../storage/snapshot.ts';
import { readSyncResponse } from '../storage/sync-response.ts';
import { type AppRunner, createAppRunner } from './app-runner.ts';
import { type CommandLink, createCommandLink } from './commands.ts';
import { type Counters, createCounters, increment } from './counters.ts';
import { hashDataWith } from './data-hash.ts';
import { createDriver, type Driver, type Step } from './driver.ts';
import { createDurability, type Durability } from './durability.ts';
import type { EventStream } from './event-stream.ts';
import { openState } from './open-state.ts';
import { createOutbox, type Outbox, withBlock } from './outbox.ts';
import { createKeyKeeper, type KeyKeeper } from './parsed-keys.ts';
import { createSyncServer, type SyncServer } from './sync-server.ts';
import { createTimers, type Timers } from './timers.ts';
import type { Recorder } from './trace.ts';
import { createVerification, type Verification } from './verification.ts';

export interface ShellOptions {
  readonly core: Core;
  readonly step: Step;
  readonly chain: ChainParameters;
  readonly settings: LocalSettings;
  readonly app: App;
  readonly store: KVStore;
  readonly network: Network;
  readonly signer: Signer;
  readonly verifier: Verifier;
  /** What the store has of the verifier's. */
  readonly parsedKeys: Uint8Array | null;
  readonly hasher: Hasher;
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly events: EventStream;
}

/**
 * Everything around one core: performs its effects and feeds it what comes of them, until it is closed or something
 * fails that it must not outlive.
 */
export interface Shell {
  readonly counters: Counters;
  readonly commands: CommandLink;
  /** Recovers, then begins to listen; called once. False when it has failed already: then `ended` says why. */
  start(disk: Recovered): boolean;
  /**
   * Ends in order: no more inputs, timers, app calls and questions; then what was asked of the disk is made durable and
   * released; then nothing leaves any more. Resolves when all of it is done, however it ended.
   */
  close(): Promise<void>;
  /** Settles when the shell has ended: rejects with what went wrong, if something did. */
  readonly ended: Promise<void>;
}

/**
 * Writes that may wait for the disk before peers' frames are left unread: they come faster than the disk can follow,
 * and what waits is kept in memory. A view makes two or three.
 */
const MAX_WAITING_WRITES = 256;

export function createShell(options: ShellOptions): Shell {
  return new CoreShell(options);
}

class CoreShell implements Shell {
  readonly counters: Counters = createCounters();
  readonly commands: CommandLink;
  readonly ended: Promise<void>;
  readonly #options: ShellOptions;
  readonly #durability: Durability;
  readonly #timers: Timers;
  readonly #outbox: Outbox;
  readonly #verification: Verification;
  readonly #keyKeeper: KeyKeeper;
  readonly #appRunner: AppRunner;
  readonly #syncServer: SyncServer;
  readonly #driver: Driver;
  #sets: ValidatorSets | null = null;
  /** Spares reading back a block that is inserted and proposed in one step. */
  #lastInserts: TreeDelta['inserts'] = [];
  /** Events of the first step: whoever awaits `startReplica` gets to listen before they are told. */
  #heldEvents: ReplicaEvent[] | null = null;
  #ending: Promise<void> | null = null;
  #fault: { readonly reason: unknown } | null = null;
  #settle: (outcome: { readonly reason: unknown } | null) => void = () => {};

  constructor(options: ShellOptions) {
    this.#options = options;
    const { network, signer, clock, store } = options;
    this.ended = new Promise((resolve, reject) => {
      this.#settle = (fault) => (fault === null ? resolve() : reject(fault.reason));
    });
    this.ended.catch(() => {}); // Nobody has to listen.
    this.commands = createCommandLink(signer.id, network);
    this.#durability = createDurability({
      store,
      recordsOf,
      clock,
      lazyMs: options.settings.viewTimeMs / 8,
      onDurable: (ticket) => this.#driver.input({ type: 'persisted', ticket }),
      onFault: this.#onFault,
    });
    this.#timers = createTimers(clock, (timer) => this.#driver.input({ type: 'timer-fired', timer }));
    this.#driver = this.#createDriver();
    this.#outbox = createOutbox({
      signer,
      network,
      counters: this.counters,
      loopBack: (message, frame) => {
        const bytes = frame.length;
        this.#driver.input({ type: 'message-received', from: signer.id, message, bytes }, frame);
      },
      onFault: this.#onFault,
    });
    this.#verification = createVerification({
      verifier: options.verifier,
      clock,
      counters: this.counters,
      answer: (input) => this.#driver.input(input),
      onFault: this.#onFault,
    });
    this.#keyKeeper = createKeyKeeper({
      verifier: options.verifier,
      stored: options.parsedKeys,
      write: (records) => this.#durability.accompany(records),
    });
    this.#appRunner = this.#createAppRunner();
    this.#syncServer = createSyncServer({
      scheme: options.chain.scheme,
      network,
      counters: this.counters,
      read: (ask) => this.#readBlocks(ask),
      emit: this.#emit,
      onFault: this.#onFault,
    });
  }

  #createDriver(): Driver {
    const { core, clock, chain, recorder, hasher, app } = this.#options;
    const format: WireFormat = chain;
    return createDriver({
      core,
      step: this.#step,
      clock,
      format,
      hashData: hashDataWith(hasher, app),
      recorder,
      counters: this.counters,
      isValidator: (peer) => this.#sets !== null && isActive(this.#sets, peer),
      refusalUnread: (from, type) => refusalUnread(core, from, type),
      mayReadFrames: () => this.#durability.waiting < MAX_WAITING_WRITES,
      perform: (effect) => this.#perform(effect),
      onStepDone: () => this.#durability.start(),
      emit: this.#emit,
      onFault: this.#onFault,
    });
  }

  readonly #step: Step = (core, input) => {
    const effects = this.#options.step(core, input);
    if (input.type === 'message-received') {
      const vote = awaitedVote(core, input.from, input.message);
      if (vote !== null) this.#verification.anticipate(vote);
    }
    return effects;
  };

  #createAppRunner(): AppRunner {
    const { app, chain, settings, clock, verifier, hasher } = this.#options;
    return createAppRunner({
      app,
      chain,
      viewTimeMs: settings.viewTimeMs,
      clock,
      verifier,
      hashData: hashDataWith(hasher, app),
      openState: (block) => openState(this.#durability.reader(), block),
      answer: (input) => this.#driver.input(input),
      emit: this.#emit,
      onFault: this.#onFault,
    });
  }

  start(disk: Recovered): boolean {
    this.#heldEvents = [];
    setImmediate(() => this.#tellHeldEvents());
    this.#sets = disk.validatorSets;
    this.#driver.start(disk);
    if (this.#ending !== null) return false;
    this.#options.network.listen((from, channel, frame) => {
      if (channel === 'commands') this.commands.deliver(from, frame);
      else this.#driver.frame({ from, channel, frame });
    });
    return true;
  }

  #tellHeldEvents(): void {
    const held = this.#heldEvents ?? [];
    this.#heldEvents = null;
    for (const event of held) this.#options.events.emit(event);
  }

  /** All in the order of the effects; what waits for a ticket is kept by the durability. */
  #perform(effect: Effect): void {
    if (this.#ending !== null) return;
    switch (effect.type) {
      case 'persist':
        if (effect.delta.inserts.length > 0) this.#lastInserts = effect.delta.inserts;
        this.#durability.persist(effect.ticket, effect.delta, effect.flush);
        return this.#appRunner.onTreeMoved(effect.delta);
      case 'send': {
        // Named blocks are looked up now: later the core may have moved on to others.
        const message = withBlock(effect.message, (hash) => this.#blockToSend(hash));
        return this.#durability.gate(effect.after, () => this.#outbox.send(effect.to, message));
      }
      case 'set-timer':
        return this.#timers.set(effect.timer, effect.at);
      case 'check-signatures':
        return this.#verification.check(effect);
      case 'form-certificate':
        return this.#verification.form(effect);
      case 'cancel':
        this.#verification.cancel(effect.request);
        return this.#appRunner.cancel(effect.request);
      case 'produce-block':
        return this.#appRunner.produce(effect);
      case 'validate-block':
        return this.#appRunner.validate(effect);
      case 'serve-blocks':
        return this.#durability.gate(effect.after, () => this.#syncServer.serve(effect));
      case 'update-validators':
        this.#sets = effect.sets;
        return this.#durability.gate(effect.after, () => this.#updateValidators(effect.sets));
      case 'emit':
        return this.#durability.gate(effect.after, () => this.#emit(effect.event));
      case 'halt':
        return this.#onFault(effect.fault);
      default:
        return assertNever(effect);
    }
  }

  /** A block that the core proposes: one that this step has inserted, or an older one. Throws `StorageError`. */
  #blockToSend(hash: BlockHash): Block {
    const inserted = this.#lastInserts.find(({ block }) => block.hash === hash);
    if (inserted !== undefined) return inserted.block;
    const tree = createBlockTreeSnapshot(this.#durability.reader());
    try {
      const block = tree.block(hash);
      if (block === null)
        throw new StorageError(`the store lacks block ${hash}, which is to be proposed again`);
      return block;
    } finally {
      tree.close();
    }
  }

  #readBlocks(ask: Extract<Effect, { type: 'serve-blocks' }>): BlockSyncResponse {
    const snapshot = this.#options.store.snapshot();
    try {
      return readSyncResponse(snapshot, ask, this.#options.chain.limits);
    } finally {
      snapshot.close();
    }
  }

  #updateValidators({ committed, previous, decided }: ValidatorSets): void {
    try {
      this.#options.network.updateValidators({ committed, previous: decided ? committed : previous });
      this.#keyKeeper.keep(committed);
    } catch (error) {
      this.#onFault(error);
    }
  }

  readonly #emit = (event: ReplicaEvent): void => {
    count(this.counters, event);
    if (this.#heldEvents === null) this.#options.events.emit(event);
    else this.#heldEvents.push(event);
  };

  readonly #onFault = (reason: unknown): void => {
    if (this.#fault !== null) return;
    this.#fault = { reason };
    this.#ending ??= this.#end();
  };

  close(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.commands.stop();
    this.#driver.stop();
    this.#timers.stop();
    this.#verification.stop();
    this.#keyKeeper.stop();
    this.#appRunner.stop();
    this.#syncServer.stop();
    if (this.#fault === null) await this.#durability.drain();
    // Either there was a fault, or one came while draining, or there is nothing left to release.
    this.#outbox.stop();
    await this.#durability.stop();
    await this.#options.recorder.close();
    const fault = this.#fault as { readonly reason: unknown } | null;
    if (fault !== null) this.#emit({ type: 'halted', reason: fault.reason });
    if (this.#heldEvents !== null) this.#tellHeldEvents();
    this.#options.events.end();
    this.#settle(fault);
  }
}

const isActive = (sets: ValidatorSets, peer: ReplicaId): boolean =>
  isMember(sets.committed, peer) || (!sets.decided && isMember(sets.previous, peer));

function count(counters: Counters, event: ReplicaEvent): void {
  switch (event.type) {
    case 'view-started':
      counters.views += 1;
      return;
    case 'block-committed':
      counters.blocksCommitted += 1;
      return;
    case 'app-failed':
      counters.appFailures += 1;
      return;
    case 'message-rejected':
      increment(counters.rejections, event.rejection.code);
      return;
    default:
  }
}
