import { createHash } from 'node:crypto';
import type { InsertedBlock, TreeDelta } from '../../../src/core/block-tree/delta.ts';
import type { Recovered, RecoveredBlock } from '../../../src/core/recovered.ts';
import type { AppStateUpdates } from '../../../src/model/app.ts';
import { headerOf } from '../../../src/model/block.ts';
import { compareRanks, GENESIS_RANKED_PC, type RankedPc } from '../../../src/model/certificate.ts';
import type { GenesisDocument } from '../../../src/model/genesis.ts';
import { asPower, asView, type BlockHash, ZERO_HASH } from '../../../src/model/ids.ts';
import type { SchemeName } from '../../../src/model/scheme.ts';
import {
  createValidatorSet,
  updatedValidatorSet,
  type ValidatorSet,
  type ValidatorSets,
  type ValidatorSetUpdates,
} from '../../../src/model/validator-set.ts';
import {
  blockOn,
  bytesFrom,
  commitOf,
  pcOf,
  rankedPc,
  replicaId,
  tcOf,
} from '../../unit/storage/support/fixtures.ts';

/** Where a model's choices come from: a whole number from 0 to below `bound`. */
export type Pick = (bound: number) => number;

/** Choices that follow from `seed` (mulberry32). */
export function picksFrom(seed: number): Pick {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

export interface ModelBlock extends InsertedBlock {
  readonly parent: BlockHash;
  readonly appStateHash: string;
}

type State = ReadonlyMap<string, string>;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/**
 * What the store must say, kept the dumbest way: every block whole, the app's state as a map. It makes random deltas
 * that a core could make, and applies them to itself.
 */
export class TreeModel {
  readonly scheme: SchemeName;
  readonly genesis: GenesisDocument;
  readonly blocks = new Map<BlockHash, ModelBlock>();
  readonly committed: BlockHash[] = [];
  readonly pruned: ModelBlock[] = [];
  readonly commitPcs = new Map<BlockHash, RankedPc['pc']>();
  state: State;
  sets: ValidatorSets;
  variables: Writable<Recovered, 'highestTc' | 'entry' | 'keptPcs' | 'lastVote' | 'proposeUpTo'> = {
    highestTc: null,
    entry: null,
    keptPcs: [],
    lastVote: null,
    proposeUpTo: asView(0),
  };
  lockedPc: RankedPc = GENESIS_RANKED_PC;
  highestPc: RankedPc = GENESIS_RANKED_PC;
  newest: BlockHash | null = null;
  #views = 0;

  constructor(scheme: SchemeName, genesis: GenesisDocument) {
    this.scheme = scheme;
    this.genesis = genesis;
    this.state = new Map(genesis.appState.map(([key, value]) => [hex(key), hex(value)]));
    const committed = createValidatorSet(
      genesis.validators.map(({ id, power }) => ({ id, power })),
    ) as ValidatorSet;
    this.sets = { committed, previous: committed, updateHeight: null, decided: true };
  }

  get top(): ModelBlock | null {
    const hash = this.committed.at(-1);
    return hash === undefined ? null : (this.blocks.get(hash) as ModelBlock);
  }

  get uncommitted(): ModelBlock[] {
    return [...this.blocks.values()].filter(({ block }) => !this.committed.includes(block.hash));
  }

  childrenOf(parent: BlockHash): ModelBlock[] {
    return [...this.blocks.values()].filter((child) => child.parent === parent);
  }

  /** One step's delta, and the model after it. */
  step(pick: Pick): TreeDelta {
    const inserts = Array.from({ length: pick(4) }, () => this.#insert(pick));
    const commits = Array.from({ length: Math.max(0, pick(6) - 3) }, () => this.#commit(pick)).flat();
    const prunes = commits.length === 0 ? [] : this.#prune();
    const changedSets = commits.some(({ commitPc }) => commitPc !== null) || this.#decide(pick);
    return {
      inserts,
      commits,
      prunes,
      ...(changedSets ? { validatorSets: this.sets } : {}),
      ...this.#raisePcs(pick, prunes.length > 0),
      ...this.#setVariables(pick),
    };
  }

  #insert(pick: Pick): InsertedBlock {
    const known = [...this.blocks.values(), ...this.pruned];
    const again = known[pick(3 * known.length + 1)];
    if (again !== undefined && this.blocks.has(again.block.hash)) {
      // R16: whatever comes with a known hash changes nothing.
      return { ...again, block: { ...again.block, data: [bytesFrom('other', 40)] }, updatesBefore: 99 };
    }
    const parents = [this.top, ...this.uncommitted];
    const parent = parents[pick(parents.length)] ?? null;
    const inserted = blockOn(this.scheme, parent?.block ?? null, {
      view: ++this.#views,
      data: Array.from({ length: pick(4) }, (_, at) => bytesFrom(`${this.#views} ${at}`, pick(100))),
      effects: {
        appStateUpdates: randomUpdates(pick),
        validatorSetUpdates: pick(6) === 0 ? this.#randomSetUpdates(pick) : null,
        hasCommands: pick(2) === 0,
      },
      updatesBefore: parent === null ? 0 : updatesUpTo(parent),
    });
    this.#add(inserted, parent);
    return inserted;
  }

  #add(inserted: InsertedBlock, parent: ModelBlock | null): void {
    // Without a parent only the data tells two blocks apart; the same block again changes nothing.
    if (this.blocks.has(inserted.block.hash)) return;
    const before = parent?.appStateHash ?? genesisHashOf(this.genesis);
    const { hash } = inserted.block;
    const appStateHash = hashAfter(before, inserted.effects.appStateUpdates);
    this.blocks.set(hash, { ...inserted, parent: parent?.block.hash ?? ZERO_HASH, appStateHash });
    this.newest = hash;
  }

  #randomSetUpdates(pick: Pick): ValidatorSetUpdates {
    return {
      inserts: [
        {
          id: replicaId(this.scheme, 4 + pick(4)),
          power: asPower(1 + pick(5)),
          possession: pick(2) === 0 ? null : bytesFrom('possession', 48),
        },
      ],
      deletes: [replicaId(this.scheme, 8 + pick(3))],
    };
  }

  #commit(pick: Pick): TreeDelta['commits'] {
    const children = this.childrenOf(this.top?.block.hash ?? ZERO_HASH);
    const block = children[pick(children.length)];
    if (block === undefined) return [];
    const { hash } = block.block;
    const updates = block.effects.validatorSetUpdates;
    const commitPc = updates === null ? null : pcOf(this.scheme, ++this.#views, hash, 'commit');
    this.committed.push(hash);
    this.state = stateAfter(this.state, block.effects.appStateUpdates);
    if (updates !== null && commitPc !== null) {
      this.commitPcs.set(hash, commitPc);
      const committed = updatedValidatorSet(this.sets.committed, updates) as ValidatorSet;
      this.sets = {
        committed,
        previous: this.sets.committed,
        updateHeight: block.block.height,
        decided: false,
      };
    }
    return [commitOf(block, commitPc)];
  }

  #decide(pick: Pick): boolean {
    if (this.sets.decided || pick(2) === 0) return false;
    this.sets = { ...this.sets, decided: true };
    return true;
  }

  /** All that does not descend from the highest committed block. */
  #prune(): TreeDelta['prunes'] {
    const doomed = this.uncommitted.filter((block) => !this.descendsFromTop(block));
    for (const block of doomed) {
      this.blocks.delete(block.block.hash);
      this.pruned.push(block);
    }
    if (this.newest !== null && !this.blocks.has(this.newest)) this.newest = this.committed.at(-1) ?? null;
    return doomed.map(({ block: { hash, height } }) => ({ hash, height }));
  }

  descendsFromTop(block: ModelBlock): boolean {
    const top = this.committed.at(-1) ?? ZERO_HASH;
    for (let at: ModelBlock | undefined = block; at !== undefined; at = this.blocks.get(at.parent)) {
      if (at.parent === top) return true;
    }
    return false;
  }

  /** Both stay on the committed branch, highestPc at or above lockedPc. */
  #raisePcs(pick: Pick, mustMove: boolean): Partial<TreeDelta> {
    const candidates = [this.top, ...this.uncommitted].filter((block) => block !== null);
    const block = candidates[pick(candidates.length)];
    if (block === undefined || (!mustMove && pick(3) > 0)) return {};
    const root = mustMove ? (this.top ?? block) : block;
    const pc = rankedPc(pcOf(this.scheme, ++this.#views, root.block.hash), root.updatesBefore);
    if (mustMove || compareRanks(pc.rank, this.highestPc.rank) > 0) {
      this.highestPc = pc;
      if (mustMove) this.lockedPc = pc;
      return mustMove ? { highestPc: pc, lockedPc: pc } : { highestPc: pc };
    }
    return {};
  }

  #setVariables(pick: Pick): Partial<TreeDelta> {
    const view = asView(++this.#views);
    const pc = pcOf(this.scheme, view, ZERO_HASH, 'decide');
    const tc = tcOf(this.scheme, view);
    const all = {
      highestTc: tc,
      entry: {
        view,
        certificate: [null, { type: 'pc', pc } as const, { type: 'tc', tc } as const][pick(3)] ?? null,
      },
      keptPcs: Array.from({ length: pick(3) }, (_, at) => ({
        from: at === 0 ? null : replicaId(this.scheme, at),
        pc,
      })),
      lastVote: { view, block: this.newest ?? ZERO_HASH, phase: 'prepare' as const },
      proposeUpTo: view,
    };
    const some = Object.fromEntries(Object.entries(all).filter(() => pick(3) === 0)) as Partial<typeof all>;
    this.variables = { ...this.variables, ...some };
    return some;
  }

  recovered(): Recovered {
    const update = this.sets.updateHeight;
    const latest = update === null ? undefined : this.blocks.get(this.committed[update] as BlockHash);
    const order = (block: ModelBlock): string => `${block.block.height}`.padStart(9, '0') + block.block.hash;
    return {
      validatorSets: this.sets,
      latestUpdate:
        latest === undefined
          ? null
          : { block: recoveredOf(latest), commitPc: this.commitPcs.get(latest.block.hash) as RankedPc['pc'] },
      highestCommitted: this.top === null ? null : recoveredOf(this.top),
      uncommitted: this.uncommitted.sort((a, b) => (order(a) < order(b) ? -1 : 1)).map(recoveredOf),
      lockedPc: this.lockedPc,
      highestPc: this.highestPc,
      ...this.variables,
    };
  }

  /** The app's state after a block on the committed branch. */
  stateAt(block: ModelBlock): State {
    const branch: ModelBlock[] = [];
    for (
      let at: ModelBlock | undefined = block;
      at !== undefined && at !== this.top;
      at = this.blocks.get(at.parent)
    ) {
      branch.unshift(at);
    }
    return branch.reduce((state, { effects }) => stateAfter(state, effects.appStateUpdates), this.state);
  }
}

type Writable<T, Keys extends keyof T> = { -readonly [Key in Keys]: T[Key] };

const updatesUpTo = ({ updatesBefore, effects }: ModelBlock): number =>
  updatesBefore + (effects.validatorSetUpdates === null ? 0 : 1);

const recoveredOf = ({ block, effects, updatesBefore }: ModelBlock): RecoveredBlock => ({
  header: headerOf(block),
  validatorSetUpdates: effects.validatorSetUpdates,
  hasCommands: effects.hasCommands,
  updatesBefore,
});

/** The keys that blocks fight for. */
export const APP_KEYS = ['a', 'b', 'c', 'ab', 'b\u0000', 'longer key'].map((key) =>
  new TextEncoder().encode(key),
);

function randomUpdates(pick: Pick): AppStateUpdates {
  const sets: [Uint8Array, Uint8Array][] = [];
  const deletes: Uint8Array[] = [];
  for (const key of APP_KEYS) {
    const what = pick(4);
    if (what === 0) deletes.push(key);
    if (what === 1) sets.push([key, bytesFrom(`value ${pick(1_000)}`, pick(60))]);
  }
  return { sets: sets.reverse(), deletes };
}

function stateAfter(state: State, { sets, deletes }: AppStateUpdates): State {
  const after = new Map(state);
  for (const key of deletes) after.delete(hex(key));
  for (const [key, value] of sets) after.set(hex(key), hex(value));
  return after;
}

/** The hash as its definition says, written down a second time. */
function hashAfter(parent: string, { sets, deletes }: AppStateUpdates): string {
  const number = (value: number, bytes: number): Buffer => {
    const buffer = Buffer.alloc(bytes);
    buffer.writeUInt32LE(value);
    return buffer;
  };
  const parts = [
    ...sets.map(
      ([key, value]) => [key, Buffer.concat([Buffer.of(1), number(value.length, 4), value])] as const,
    ),
    ...deletes.map((key) => [key, Buffer.of(0)] as const),
  ].sort(([a], [b]) => Buffer.compare(a, b));
  const updates = parts.map(([key, rest]) => Buffer.concat([number(key.length, 4), key, rest]));
  const preimage = Buffer.concat([Buffer.from(parent, 'hex'), number(parts.length, 8), ...updates]);
  return createHash('sha256').update(preimage).digest('hex');
}

export const genesisHashOf = ({ appState }: GenesisDocument): string =>
  hashAfter('00'.repeat(32), { sets: appState, deletes: [] });
