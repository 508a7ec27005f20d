import { createHash } from 'node:crypto';
import type { AppStateUpdates } from '../../../src/model/app.ts';
import type { Block } from '../../../src/model/block.ts';
import { GENESIS_PC } from '../../../src/model/certificate.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import type { ReplicaEvent, ReplicaEventType } from '../../../src/model/events.ts';
import {
  asBlockHash,
  asChainId,
  asDataHash,
  asHeight,
  asPower,
  asReplicaId,
  asView,
  type BlockHash,
  type Height,
  type ReplicaId,
  type View,
  ZERO_HASH,
} from '../../../src/model/ids.ts';
import {
  createValidatorSet,
  updatedValidatorSet,
  type ValidatorSet,
  type ValidatorSets,
  type ValidatorSetUpdates,
} from '../../../src/model/validator-set.ts';
import type { AppView, ValidateBlockResult } from '../../../src/ports/app.ts';
import {
  type CommandService,
  createStateMachine,
  type Divergence,
  type ReplicaHandle,
  type StateMachine,
  type StateMachineDefinition,
  type StateMachineSettings,
} from '../../../src/state-machine/index.ts';

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
export const text = (value: Uint8Array | null): string | null =>
  value === null ? null : Buffer.from(value).toString();

/** `key=value` sets, `-key` deletes, `!` throws; answers with what was there before. */
export const registers: StateMachineDefinition = {
  apply(command, state) {
    const [key = '', value] = Buffer.from(command).toString().split('=');
    if (key.startsWith('!')) throw new Error('refused on purpose');
    const name = key.startsWith('-') ? key.slice(1) : key;
    const before = state.get(bytes(name));
    if (key.startsWith('-')) state.delete(bytes(name));
    else state.set(bytes(name), bytes(value ?? ''));
    return before ?? undefined;
  },
};

const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

/** The state after a block: what the replica would show the app. */
class FakeState implements AppView {
  readonly block: BlockHash;
  readonly height: Height | null;
  readonly appStateHash: Uint8Array;
  readonly validatorSet: ValidatorSet;
  readonly entries: ReadonlyMap<string, Uint8Array>;

  constructor(
    block: BlockHash,
    height: Height | null,
    hash: Uint8Array,
    entries: ReadonlyMap<string, Uint8Array>,
    validatorSet: ValidatorSet,
  ) {
    this.block = block;
    this.validatorSet = validatorSet;
    this.height = height;
    this.appStateHash = hash;
    this.entries = entries;
  }

  /** A copy, as the replica gives. */
  get(key: Uint8Array): Uint8Array | null {
    return this.entries.get(hex(key))?.slice() ?? null;
  }

  after(
    block: Block,
    { sets, deletes }: AppStateUpdates,
    validatorSetUpdates: ValidatorSetUpdates | null,
  ): FakeState {
    const entries = new Map(this.entries);
    const changes: string[] = [];
    for (const [key, value] of sets) {
      entries.set(hex(key), value.slice());
      changes.push(`${hex(key)}=${hex(value)}`);
    }
    for (const key of deletes) {
      entries.delete(hex(key));
      changes.push(`${hex(key)}-`);
    }
    const hash = createHash('sha256').update(this.appStateHash).update(changes.sort().join()).digest();
    const set =
      validatorSetUpdates === null
        ? this.validatorSet
        : (updatedValidatorSet(this.validatorSet, validatorSetUpdates) as ValidatorSet);
    return new FakeState(block.hash, block.height, new Uint8Array(hash), entries, set);
  }
}

/** One member of a fake cluster: a state machine on a replica that does what the test says. */
export class FakeNode implements ReplicaHandle {
  readonly id: ReplicaId;
  readonly chain = {
    chainId: asChainId(1),
    scheme: 'ed25519',
    epochLength: 10,
    leaderTenure: 4,
    limits: DEFAULT_LIMITS,
  } as const;
  readonly machine: StateMachine;
  readonly service: CommandService;
  readonly divergences: Divergence[] = [];
  readonly states = new Map<BlockHash, FakeState>();
  readonly blocks = new Map<BlockHash, Block>();
  readonly sent: { readonly to: ReplicaId | 'all'; readonly frame: Uint8Array }[] = [];
  readonly #cluster: FakeCluster;
  readonly #listeners = new Map<ReplicaEventType, ((event: never) => void)[]>();
  #receiver: (from: ReplicaId, frame: Uint8Array) => void = () => {};
  committed: FakeState;
  sets: ValidatorSets;
  view = asView(1);

  constructor(
    cluster: FakeCluster,
    id: ReplicaId,
    definition: StateMachineDefinition,
    settings: Partial<StateMachineSettings>,
  ) {
    this.#cluster = cluster;
    this.id = id;
    const set = cluster.genesis;
    this.committed = new FakeState(ZERO_HASH, null, new Uint8Array(32), new Map(), set);
    this.sets = { committed: set, previous: set, updateHeight: null, decided: true };
    this.states.set(ZERO_HASH, this.committed);
    this.machine = createStateMachine({
      ...definition,
      settings,
      onDivergence: (divergence) => this.divergences.push(divergence),
    });
    this.service = this.machine.attach(this);
  }

  readonly commands = {
    send: (to: ReplicaId, frame: Uint8Array): void => {
      this.sent.push({ to, frame });
      this.#cluster.deliver(this.id, to, frame);
    },
    broadcast: (frame: Uint8Array): void => {
      this.sent.push({ to: 'all', frame });
      for (const { id } of this.#cluster.nodes) if (id !== this.id) this.#cluster.deliver(this.id, id, frame);
    },
    receive: (receiver: (from: ReplicaId, frame: Uint8Array) => void): Disposable => {
      this.#receiver = receiver;
      return { [Symbol.dispose]: () => this.#disconnect() };
    },
  };

  #disconnect(): void {
    this.#receiver = () => {};
  }

  receive(from: ReplicaId, frame: Uint8Array): void {
    this.#receiver(from, frame);
  }

  on<Type extends ReplicaEventType>(
    type: Type,
    listener: (event: Extract<ReplicaEvent, { readonly type: Type }>) => void,
  ): Disposable {
    const listeners = this.#listeners.get(type) ?? [];
    this.#listeners.set(type, [...listeners, listener]);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#listeners.get(type) ?? []).filter((other) => other !== listener);
        this.#listeners.set(type, left);
      },
    };
  }

  /** Events that are held back, as those are that wait for the disk; null: none are. */
  held: ReplicaEvent[] | null = null;

  emit(event: ReplicaEvent): void {
    if (this.held === null) this.#tell(event);
    else this.held.push(event);
  }

  release(): void {
    const events = this.held ?? [];
    this.held = null;
    for (const event of events) this.#tell(event);
  }

  #tell(event: ReplicaEvent): void {
    for (const listener of this.#listeners.get(event.type) ?? []) listener(event as never);
  }

  status() {
    return { view: this.view, height: this.committed.height };
  }

  leadersOf(view: View): readonly ReplicaId[] {
    return [this.#cluster.leaderOf(view).id];
  }

  snapshot() {
    const { committed } = this;
    const { height } = committed;
    return {
      highestCommittedBlock: () => (height === null ? null : { height, hash: committed.block }),
      data: (hash: BlockHash) => this.blocks.get(hash)?.data ?? null,
      appState: (key: Uint8Array) => committed.get(key),
      validatorSets: () => this.sets,
      close: () => {},
    };
  }

  async produce(
    view: View,
    parent: BlockHash,
    waitMs = 0,
    signal = new AbortController().signal,
  ): Promise<Block> {
    const state = this.states.get(parent)!;
    const produced = await this.machine.app.produceBlock({ view, parent: null, state, waitMs }, signal);
    const height = asHeight((state.height ?? -1) + 1);
    const justify = { ...GENESIS_PC, view: asView(view - 1), block: parent };
    const digest = createHash('sha256').update(`${view} ${height} ${parent}`);
    for (const datum of produced.data) digest.update(datum);
    const hash = asBlockHash(digest.digest('hex'));
    const block: Block = { height, hash, justify, dataHash: asDataHash(hash), data: produced.data };
    this.states.set(hash, state.after(block, produced.appStateUpdates!, produced.validatorSetUpdates!));
    this.blocks.set(hash, block);
    this.emit({ type: 'proposed', view, block: hash, height });
    return block;
  }

  /** Rejects with what the app throws. */
  async validate(block: Block, context: 'proposal' | 'sync' = 'proposal'): Promise<ValidateBlockResult> {
    const state = this.states.get(block.justify.block)!;
    const signal = new AbortController().signal;
    const result = await this.machine.app.validateBlock({ block, state, context }, signal);
    if (result.valid) {
      this.states.set(block.hash, state.after(block, result.appStateUpdates!, result.validatorSetUpdates!));
      this.blocks.set(block.hash, block);
    }
    return result;
  }

  commit({ hash, height }: Pick<Block, 'hash' | 'height'>): void {
    this.committed = this.states.get(hash)!;
    const next = this.committed.validatorSet;
    if (next !== this.sets.committed) {
      this.sets = { committed: next, previous: this.sets.committed, updateHeight: height, decided: false };
      const updates = { inserts: [], deletes: [] };
      this.emit({ type: 'validator-set-updated', block: hash, updates, sets: this.sets });
    }
    this.emit({ type: 'block-committed', block: hash, height });
  }

  /** The latest update of the validator set is decided. */
  decide(): void {
    this.sets = { ...this.sets, decided: true };
    this.emit({ type: 'validator-set-decided', sets: this.sets });
  }

  startView(view: number): void {
    this.view = asView(view);
    this.emit({ type: 'view-started', view: this.view, by: 'certificate' });
  }
}

export interface FakeClusterOptions {
  readonly nodes?: number;
  /** Of the nodes, in their stead. */
  readonly ids?: readonly ReplicaId[];
  readonly definition?: StateMachineDefinition;
  readonly settings?: Partial<StateMachineSettings>;
}

/** State machines on replicas that share one chain, which the test makes grow block by block. */
export class FakeCluster {
  readonly nodes: readonly FakeNode[];
  /** All powers are 1. */
  readonly genesis: ValidatorSet;
  /** Whether frames between the nodes arrive. */
  isConnected = true;
  tip: BlockHash = ZERO_HASH;
  view = 1;

  constructor({ nodes = 4, definition = registers, settings = {}, ...options }: FakeClusterOptions = {}) {
    const ids =
      options.ids ?? Array.from({ length: nodes }, (_, index) => asReplicaId(`0${index}`.repeat(32)));
    this.genesis = createValidatorSet(ids.map((id) => ({ id, power: asPower(1) }))) as ValidatorSet;
    this.nodes = ids.map((id) => new FakeNode(this, id, definition, settings));
  }

  leaderOf(view: View): FakeNode {
    return this.nodes[Math.floor(view / 4) % this.nodes.length]!;
  }

  get leader(): FakeNode {
    return this.leaderOf(asView(this.view));
  }

  deliver(from: ReplicaId, to: ReplicaId, frame: Uint8Array): void {
    const receiver = this.nodes.find(({ id }) => id === to);
    if (this.isConnected) receiver?.receive(from, frame.slice());
  }

  enterView(view: number): void {
    this.view = view;
    for (const node of this.nodes) node.startView(view);
  }

  /** The current leader's block on the tip, validated everywhere; the tip moves to it. */
  async propose(): Promise<Block> {
    await settle();
    const block = await this.leader.produce(asView(this.view), this.tip);
    for (const node of this.nodes) {
      if (node === this.leader) continue;
      const { valid } = await node.validate(block);
      if (!valid) throw new Error(`${node.id} found the block invalid`);
    }
    this.tip = block.hash;
    this.enterView(this.view + 1);
    return block;
  }

  /** Proposes and commits at once. */
  async order(): Promise<Block> {
    const block = await this.propose();
    this.commit(block);
    await settle();
    return block;
  }

  commit(block: Block): void {
    for (const node of this.nodes) node.commit(block);
  }
}

/** Lets everything run that is due in this turn of the event loop. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
};
