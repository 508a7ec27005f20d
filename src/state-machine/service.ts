import type { BlockHash, Height, ReplicaId } from '../model/ids.ts';
import { isMember, type ValidatorSets } from '../model/validator-set.ts';
import { type Answers, createAnswers } from './answers.ts';
import type { Divergence } from './app.ts';
import type { Arrivals } from './arrivals.ts';
import { newClientId } from './client-ids.ts';
import { SEQUENCE_WINDOW } from './client-window.ts';
import { COMMAND_LIFETIME_BLOCKS, hasTakenEffect } from './clients.ts';
import type { StateMachineDefinition, StateMachineSettings } from './definition.ts';
import { userKey } from './draft.ts';
import { commandKey, ENVELOPE_BYTES, encodeCommand, encodeVoid } from './envelope.ts';
import { CommandError, PoolFullError } from './errors.ts';
import { beginExecution, VOIDED } from './execution.ts';
import { createForwarder, type Forwarder } from './forwarder.ts';
import { decodeFrame } from './frames.ts';
import { createHeightWaiters, type HeightWaiters } from './height-waiters.ts';
import type { BlockLedger, ExecutedBlock } from './ledger.ts';
import type { CommandAnswer, CommandPool, PendingCommand, Submission } from './pool.ts';
import type { CommittedState, ReplicaHandle } from './replica-handle.ts';

/** What a refused client should wait: pools drain within a few blocks once the cluster orders again. */
const RETRY_AFTER_MS = 1_000;

/** What a block holds besides its commands: its header datum, and the codec's lengths. */
const BLOCK_OVERHEAD_BYTES = 1_024;

export interface ReadResult {
  /** Null: no such key. */
  readonly value: Uint8Array | null;
  /** The committed height that was read at; null before the first block. */
  readonly height: Height | null;
}

export interface StateMachineStatus {
  /** Commands that took effect in blocks that committed since this node started. */
  readonly committedCommands: number;
  /** Own commands that wait for their commit. */
  readonly pending: number;
  /** Commands of peers that wait here. */
  readonly forwarded: number;
  /** The first difference that was found between this node's state and another's; null while there was none. */
  readonly divergence: Divergence | null;
}

export interface CommandService {
  /**
   * Submits a command and resolves when it has taken effect in a block that is committed, durably on this node.
   * Rejects with `CommandError` (its code says whether the command may still take effect), or with the signal's
   * reason: the command is then no longer looked after, but may take effect all the same.
   */
  submit(command: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<CommandAnswer>;
  /** Reads this node's committed state, which may be behind that of others; see `waitForHeight`. */
  read(key: Uint8Array): ReadResult;
  /** Resolves when this node has committed the block at `height`. Rejects with the signal's reason. */
  waitForHeight(height: Height, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** The committed and the previous validator set, as far as this node has committed. */
  validatorSets(): ValidatorSets;
  /**
   * Resolves when the update of the validator set in the block at `height` is decided on this node: the new set has
   * taken over, and the old one is retired. Rejects with the signal's reason.
   */
  waitForDecision(height: Height, options?: { readonly signal?: AbortSignal }): Promise<void>;
  status(): StateMachineStatus;
  /** Refuses new commands and resolves when all own ones are settled, or the signal is aborted. */
  drain(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Refuses new commands, rejects those that wait, and lets go of the replica, which goes on running. */
  close(): void;
}

export interface ServiceParts {
  readonly definition: StateMachineDefinition;
  readonly replica: ReplicaHandle;
  readonly settings: StateMachineSettings;
  readonly pool: CommandPool;
  readonly ledger: BlockLedger;
  readonly arrivals: Arrivals;
  /** The first divergence found so far. */
  divergence(): Divergence | null;
}

/** How long overdue commands are tried in one go; the rest have their turn when they are overdue again. */
const MAX_REVIEW_MS = 2;

/** Owns what connects a state machine to its replica: the submitters, the forwarding and the subscriptions. */
export class Service implements CommandService {
  readonly #parts: ServiceParts;
  readonly #maxCommandBytes: number;
  readonly #forwarder: Forwarder;
  readonly #heights: HeightWaiters = createHeightWaiters();
  /** By the height of the latest decided update. */
  readonly #decisions: HeightWaiters = createHeightWaiters();
  readonly #answers: Answers = createAnswers(() => this.#settled());
  readonly #subscriptions: readonly Disposable[];
  readonly #drained = new Set<() => void>();
  /** As the replica tells of them; null until they are first asked for. */
  #sets: ValidatorSets | null = null;
  #session: ReturnType<typeof newSession>;
  #height: number;
  #committedCommands = 0;
  #state: 'open' | 'draining' | 'closed' = 'open';

  constructor(parts: ServiceParts) {
    const { replica, settings, pool } = parts;
    this.#parts = parts;
    this.#session = newSession(replica.id);
    this.#height = replica.status().height ?? -1;
    const largestDatum = replica.chain.limits.maxBlockBytes - BLOCK_OVERHEAD_BYTES;
    this.#maxCommandBytes = Math.min(settings.maxCommandBytes, largestDatum - ENVELOPE_BYTES);
    this.#forwarder = createForwarder({
      pool,
      replica,
      fullBlockCommands: settings.maxBlockCommands,
      fullBlockBytes: settings.maxBlockBytes,
      committedHeight: () => this.#height,
      onOverdue: (overdue) => this.#reviewOverdue(overdue),
    });
    this.#forwarder.onViewStarted(replica.status().view);
    this.#subscriptions = [
      replica.on('view-started', ({ view }) => this.#forwarder.onViewStarted(view)),
      replica.on('proposed', ({ view, block }) => parts.ledger.proposed(view, block)),
      replica.on('block-committed', ({ block, height }) => this.#onCommitted(block, height)),
      replica.on('validator-set-updated', ({ sets }) => {
        this.#sets = sets;
      }),
      replica.on('validator-set-decided', ({ sets }) => this.#onDecided(sets)),
      replica.commands.receive((from, frame) => this.#receive(from, frame)),
    ];
  }

  get committedHeight(): number {
    return this.#height;
  }

  onExecuted(commands: number, bytes: number): void {
    this.#forwarder.onBlockExecuted(commands, bytes);
  }

  submit(command: Uint8Array, { signal }: { readonly signal?: AbortSignal } = {}): Promise<CommandAnswer> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      this.#checkRoom(command);
      if (signal === undefined) {
        this.#enqueue(command, { resolve, reject });
        return;
      }
      let current: PendingCommand | undefined;
      const abort = (): void => {
        if (current !== undefined) this.#parts.pool.remove(current.key);
        this.#settled();
        reject(signal.reason);
      };
      const end = (): void => signal.removeEventListener('abort', abort);
      signal.addEventListener('abort', abort, { once: true });
      this.#enqueue(command, {
        resolve: (answer) => {
          end();
          resolve(answer);
        },
        reject: (reason) => {
          end();
          reject(reason);
        },
        renewed: (pending) => {
          current = pending;
        },
      });
    });
  }

  #checkRoom(command: Uint8Array): void {
    if (this.#state !== 'open') throw new CommandError('closed', 'the service is closing');
    if (command.length > this.#maxCommandBytes) {
      const message = `command of ${command.length} bytes: at most ${this.#maxCommandBytes} are allowed`;
      throw new CommandError('too-large', message);
    }
    const { pool } = this.#parts;
    if (!pool.hasRoom(command.length + ENVELOPE_BYTES) || !this.#isWithinWindow()) {
      throw new PoolFullError(`${pool.own.count} commands wait already`, RETRY_AFTER_MS);
    }
  }

  /** The oldest pending sequence must stay within what the replicas remember of a client. */
  #isWithinWindow(): boolean {
    const oldest = this.#parts.pool.oldestOwn()?.envelope;
    if (oldest === undefined || !isSameClient(oldest, this.#session)) return true;
    return this.#session.sequence - oldest.sequence < SEQUENCE_WINDOW;
  }

  #enqueue(command: Uint8Array, submission: Submission): void {
    const { clientId } = this.#session;
    const sequence = this.#session.sequence++;
    const notAfter = Math.max(this.#height, 0) + COMMAND_LIFETIME_BLOCKS / 2;
    const datum = encodeCommand({ clientId, sequence, notAfter, command });
    const pending = this.#parts.pool.addOwn(datum, submission);
    submission.renewed?.(pending);
    this.#forwarder.add(pending);
    this.#parts.arrivals.notify();
  }

  /**
   * `apply` threw on a command, which has left the pool. Where nobody else has it that is its end. A leader with a copy
   * may yet order it on another state, and a block with it may yet commit: its name is used up first, and whatever
   * comes first decides.
   */
  onRefused({ datum, submission, wasSent, includedAt }: PendingCommand, error: unknown): void {
    // Whoever waited has been told when the service closed, perhaps while `apply` ran.
    if (submission === null || this.#state === 'closed') return;
    if (!wasSent && includedAt <= this.#height) return submission.reject(refusedError(error));
    const pending = this.#parts.pool.addOwn(encodeVoid(datum), submission, { datum, error });
    submission.renewed?.(pending);
    this.#forwarder.add(pending);
    this.#parts.arrivals.notify();
  }

  #receive(from: ReplicaId, frame: Uint8Array): void {
    const datums = this.#state === 'closed' ? null : decodeFrame(frame);
    if (datums === null) return;
    const isStranger = !this.#isValidator(from);
    let added = false;
    for (const datum of datums) {
      if (datum.length > this.#maxCommandBytes + ENVELOPE_BYTES) continue;
      if (this.#parts.pool.addForwarded(from, datum, isStranger) === 'added') added = true;
    }
    if (added) this.#parts.arrivals.notify();
  }

  #isValidator(peer: ReplicaId): boolean {
    this.#sets ??= this.validatorSets();
    const { committed, previous, decided } = this.#sets;
    return isMember(committed, peer) || (!decided && isMember(previous, peer));
  }

  #onCommitted(hash: BlockHash, height: Height): void {
    this.#height = height;
    const { committed, pruned } = this.#parts.ledger.commit(hash, height);
    this.#settle(committed ?? this.#readBlock(hash, height), hash);
    for (const block of pruned) this.#requeue(block);
    this.#renewExpired();
    this.#heights.reached(height);
    this.#settled();
  }

  /** What a block holds that was executed before this process, or whose execution is forgotten: results are lost. */
  #readBlock(hash: BlockHash, height: Height): ExecutedBlock & { readonly isFromDisk: true } {
    const state = this.#parts.replica.snapshot();
    try {
      const commands = (state.data(hash) ?? []).slice(1);
      return { height, keys: commands.map(commandKey), results: new Map(), isFromDisk: true };
    } finally {
      state.close();
    }
  }

  #settle(block: ExecutedBlock & { readonly isFromDisk?: true }, blockHash: BlockHash): void {
    const { height, keys, results, isFromDisk } = block;
    this.#committedCommands += keys.length;
    for (const key of keys) {
      const command = this.#parts.pool.remove(key);
      if (command === undefined || command.submission === null) continue;
      const result = results.get(key);
      if (result === VOIDED) command.submission.reject(refusedError(command.voids?.error));
      else if (result !== undefined) this.#answers.add(command.submission, { height, blockHash, result });
      else if (isFromDisk) command.submission.reject(resultLostError());
      // Somebody used our command's name for another one: ours has had no effect.
      else this.#renew(command);
    }
  }

  #requeue({ height, keys }: ExecutedBlock): void {
    const waiting: PendingCommand[] = [];
    for (const key of keys) {
      const command = this.#parts.pool.get(key);
      if (command !== undefined && command.submission !== null && command.includedAt <= height)
        waiting.push(command);
    }
    if (waiting.length > 0) this.#forwarder.requeue(waiting);
  }

  /** Commands whose lifetime is over without effect; all blocks that could have carried them are committed. */
  #renewExpired(): void {
    for (;;) {
      const oldest = this.#parts.pool.oldestOwn();
      if (oldest === undefined || oldest.envelope.notAfter >= this.#height) return;
      this.#parts.pool.remove(oldest.key);
      this.#renew(oldest);
    }
  }

  /** Submits the command again under a name that nobody else has seen. The old name must be dead. */
  #renew({ envelope, submission, voids }: PendingCommand): void {
    if (submission === null) return;
    if (voids !== null) return submission.reject(refusedError(voids.error));
    if (isSameClient(envelope, this.#session)) this.#session = newSession(this.#parts.replica.id);
    this.#enqueue(envelope.command, submission);
  }

  /**
   * Commands that leaders keep leaving out may have lost their names: others used up this client's sequences. What has
   * committed says so. Or `apply` throws on them, which leaders tell nobody: it is tried here, on what has committed.
   */
  #reviewOverdue(overdue: readonly PendingCommand[]): void {
    const { pool, replica, definition } = this.#parts;
    const state = replica.snapshot();
    const nameless: PendingCommand[] = [];
    const refused: { readonly command: PendingCommand; readonly error: unknown }[] = [];
    try {
      // Not yet told of all that is committed: the commits of these commands may be on their way.
      const height = state.highestCommittedBlock()?.height ?? null;
      if ((height ?? -1) !== this.#height) return;
      const get = (key: Uint8Array): Uint8Array | null => state.appState(key)?.slice() ?? null;
      const committed = { get, height, validatorSet: state.validatorSets().committed };
      const endMs = performance.now() + MAX_REVIEW_MS;
      for (const command of overdue) {
        if (hasTakenEffect(committed, command.envelope)) nameless.push(command);
        else if (performance.now() < endMs) {
          const outcome = beginExecution(definition, committed).apply(command.envelope);
          if (outcome.type === 'failed') refused.push({ command, error: outcome.error });
        }
      }
    } finally {
      state.close();
    }
    for (const command of nameless) {
      pool.remove(command.key);
      this.#renew(command);
    }
    for (const { command, error } of refused) {
      pool.remove(command.key);
      this.onRefused(command, error);
    }
  }

  read(key: Uint8Array): ReadResult {
    const state: CommittedState = this.#parts.replica.snapshot();
    try {
      const value = state.appState(userKey(key));
      return {
        value: value === null ? null : value.slice(),
        height: state.highestCommittedBlock()?.height ?? null,
      };
    } finally {
      state.close();
    }
  }

  validatorSets(): ValidatorSets {
    const state = this.#parts.replica.snapshot();
    try {
      return state.validatorSets();
    } finally {
      state.close();
    }
  }

  waitForDecision(height: Height, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.#state === 'closed') return Promise.reject(closedError());
    // Registered first: the decision may fall between the look and the wait.
    const decision = this.#decisions.wait(height, signal);
    const { updateHeight, decided } = this.validatorSets();
    // The update before one that is committed is decided.
    if (updateHeight !== null) this.#decisions.reached((decided ? updateHeight : updateHeight - 1) as Height);
    return decision;
  }

  #onDecided(sets: ValidatorSets): void {
    const { updateHeight } = sets;
    this.#sets = sets;
    if (updateHeight !== null) this.#decisions.reached(updateHeight);
  }

  waitForHeight(height: Height, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (height <= this.#height) return Promise.resolve();
    if (this.#state === 'closed') return Promise.reject(closedError());
    return this.#heights.wait(height, signal);
  }

  status(): StateMachineStatus {
    const { pool, divergence } = this.#parts;
    return {
      committedCommands: this.#committedCommands,
      pending: pool.own.count,
      forwarded: pool.forwarded.count,
      divergence: divergence(),
    };
  }

  drain({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.#state === 'open') this.#state = 'draining';
    return new Promise((resolve) => {
      const end = (): void => {
        signal?.removeEventListener('abort', end);
        this.#drained.delete(end);
        resolve();
      };
      this.#drained.add(end);
      if (signal?.aborted === true) end();
      else signal?.addEventListener('abort', end, { once: true });
      this.#settled();
    });
  }

  /** Ends `drain` when nothing is left to wait for. */
  #settled(): void {
    if (this.#parts.pool.own.count > 0 || this.#answers.waiting > 0) return;
    for (const end of [...this.#drained]) end();
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    this.#forwarder.close();
    this.#answers.flush();
    for (const command of [...this.#parts.pool.allOwn()]) {
      this.#parts.pool.remove(command.key);
      command.submission?.reject(closedError());
    }
    this.#heights.close(closedError());
    this.#decisions.close(closedError());
    this.#settled();
  }
}

const closedError = (): CommandError =>
  new CommandError('closed', 'the service closed before the command was known to be committed');

const refusedError = (cause: unknown): CommandError =>
  new CommandError('refused', 'apply threw on the command', { cause });

const resultLostError = (): CommandError =>
  new CommandError(
    'result-lost',
    'the command may have taken effect in a block whose results are not known any more',
  );

const isSameClient = (a: { readonly clientId: Uint8Array }, b: { readonly clientId: Uint8Array }): boolean =>
  Buffer.compare(a.clientId, b.clientId) === 0;

/** A client of the chain: a name that lasts as long as the process, and no longer. */
const newSession = (node: ReplicaId) => ({ clientId: newClientId(node), sequence: 0 });
