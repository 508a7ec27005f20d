import { latin1 } from '../codec/bytes.ts';
import type { CommittedBlock, InsertedBlock, TreeDelta } from '../core/block-tree/delta.ts';
import type { Recovered, RecoveredBlock } from '../core/recovered.ts';
import type { AppStateUpdates } from '../model/app.ts';
import { headerOf } from '../model/block.ts';
import { GENESIS_RANKED_PC, type PhaseCertificate } from '../model/certificate.ts';
import { StorageError } from '../model/errors.ts';
import type { GenesisDocument } from '../model/genesis.ts';
import { asView, type BlockHash, type Height, ZERO_HASH } from '../model/ids.ts';
import { updatedValidatorSet, type ValidatorSet } from '../model/validator-set.ts';
import type { AppView } from '../ports/app.ts';
import { appStateHashAfter, genesisAppStateHash } from '../storage/app-state.ts';
import { type BlockSource, type ServableBlock, syncResponse } from '../storage/sync-response.ts';
import type { DiskContents } from './contents.ts';
import { digestBytes } from './digest.ts';
import { mix32 } from './random.ts';

/** A block that is stored, with what committing it adds. */
interface StoredObject {
  readonly inserted: InsertedBlock;
  readonly parent: StoredObject | null;
  /** Stands for the state after it: over all updates up to it. */
  readonly digest: number;
  commitPc: PhaseCertificate | null;
  /** Made when they are asked for. */
  updates: ReadonlyMap<string, Uint8Array | null> | null;
  appStateHash: Uint8Array | null;
}

type Variables = Omit<Recovered, 'latestUpdate' | 'highestCommitted' | 'uncommitted'>;

/** How to take one write back. */
interface Undo {
  readonly variables: Variables;
  readonly latestUpdate: StoredObject | null;
  readonly inserted: BlockHash[];
  commits: number;
  readonly pruned: StoredObject[];
  /** Key and what was there before, in turn. */
  readonly app: (string | Uint8Array | undefined)[];
}

const contradiction = (what: string): StorageError => new StorageError(`refused to write: ${what}`);

const digestOf = (before: number, { sets, deletes }: AppStateUpdates): number => {
  // In any order: a key occurs once.
  let all = 0;
  for (const [key, value] of sets) all = (all + mix32(digestBytes(key) ^ mix32(digestBytes(value) + 1))) | 0;
  for (const key of deletes) all = (all + mix32(digestBytes(key))) | 0;
  return mix32(mix32(before) ^ all);
};

const updatesOf = ({ sets, deletes }: AppStateUpdates): Map<string, Uint8Array | null> => {
  const updates = new Map<string, Uint8Array | null>();
  for (const [key, value] of sets) updates.set(latin1(key), value);
  for (const key of deletes) updates.set(latin1(key), null);
  return updates;
};

const recoveredBlock = ({ inserted: { block, effects, updatesBefore } }: StoredObject): RecoveredBlock => ({
  header: headerOf(block),
  validatorSetUpdates: effects.validatorSetUpdates,
  hasCommands: effects.hasCommands,
  updatesBefore,
});

const servable = ({ inserted: { block }, commitPc }: StoredObject): ServableBlock => ({
  header: headerOf(block),
  data: () => block.data,
  commitPc: () => commitPc,
});

/**
 * A disk that keeps what it is given as objects, for worlds in which the real storage is not what is tested: it reads,
 * refuses and forgets as the records do, at a fraction of their cost.
 */
export class ObjectContents implements DiskContents {
  readonly #genesis: GenesisDocument;
  readonly #blocks = new Map<BlockHash, StoredObject>();
  /** By height. */
  readonly #committed: StoredObject[] = [];
  readonly #app = new Map<string, Uint8Array>();
  #variables: Variables;
  #latestUpdate: StoredObject | null = null;
  #undos: Undo[] = [];

  constructor(genesis: GenesisDocument, genesisSet: ValidatorSet) {
    this.#genesis = genesis;
    for (const [key, value] of genesis.appState) this.#app.set(latin1(key), value);
    this.#variables = {
      validatorSets: { committed: genesisSet, previous: genesisSet, updateHeight: null, decided: true },
      lockedPc: GENESIS_RANKED_PC,
      highestPc: GENESIS_RANKED_PC,
      highestTc: null,
      entry: null,
      keptPcs: [],
      lastVote: null,
      proposeUpTo: asView(0),
    };
  }

  recovered(): Recovered {
    const rootHeight = this.committedHeight();
    const uncommitted = [...this.#blocks.values()]
      .filter(({ inserted }) => inserted.block.height > rootHeight)
      .sort(({ inserted: { block: a } }, { inserted: { block: b } }) =>
        a.height === b.height ? (a.hash < b.hash ? -1 : 1) : a.height - b.height,
      );
    const top = this.#committed.at(-1);
    const latest = this.#latestUpdate;
    return {
      ...this.#variables,
      latestUpdate:
        latest === null
          ? null
          : { block: recoveredBlock(latest), commitPc: latest.commitPc as PhaseCertificate },
      highestCommitted: top === undefined ? null : recoveredBlock(top),
      uncommitted: uncommitted.map(recoveredBlock),
    };
  }

  appView(block: BlockHash): AppView | null {
    const root = this.#committed.at(-1) ?? null;
    const rootHeight = this.committedHeight();
    const tip = block === ZERO_HASH ? null : (this.#blocks.get(block) ?? null);
    if (tip === null && block !== ZERO_HASH) return null;
    let base = tip;
    while (base !== null && base.inserted.block.height > rootHeight) base = base.parent;
    return base === root ? new ObjectView(this, block, tip, rootHeight) : null;
  }

  /** Of the state as it is now. */
  committedSet(): ValidatorSet {
    return this.#variables.validatorSets.committed;
  }

  /** By the key as a string of its bytes. */
  committedValue(key: string): Uint8Array | null {
    return this.#app.get(key) ?? null;
  }

  block(hash: BlockHash): InsertedBlock['block'] | null {
    return this.#blocks.get(hash)?.inserted.block ?? null;
  }

  syncResponse(
    ...[ask, limits]: Parameters<DiskContents['syncResponse']>
  ): ReturnType<DiskContents['syncResponse']> {
    const source: BlockSource = {
      scheme: this.#genesis.chain.scheme,
      committedAt: (height) => {
        const stored = this.#committed[height];
        return stored === undefined ? null : servable(stored);
      },
      find: (hash) => {
        const stored = this.#blocks.get(hash);
        return stored === undefined ? null : servable(stored);
      },
    };
    return syncResponse(source, ask, limits);
  }

  committedHeight(): number {
    return this.#committed.length - 1;
  }

  committedHash(height: number): BlockHash | null {
    return this.#committed[height]?.inserted.block.hash ?? null;
  }

  stateDigest(height: number): string | null {
    const stored = this.#committed[height];
    return stored === undefined ? null : `${stored.digest}`;
  }

  appState(key: Uint8Array): Uint8Array | null {
    return this.#app.get(latin1(key)) ?? null;
  }

  write(delta: TreeDelta): void {
    const [variables, latestUpdate] = [this.#variables, this.#latestUpdate];
    const undo: Undo = { variables, latestUpdate, inserted: [], commits: 0, pruned: [], app: [] };
    try {
      for (const inserted of delta.inserts) this.#insert(inserted, undo);
      for (const commit of delta.commits) this.#commit(commit, undo);
      for (const { hash } of delta.prunes) this.#prune(hash, undo);
    } catch (error) {
      this.#takeBack(undo);
      throw error;
    }
    this.#variables = variablesAfter(variables, delta);
    this.#undos.push(undo);
  }

  settle(count: number): void {
    if (count === this.#undos.length) this.#undos = [];
    else this.#undos.splice(0, count);
  }

  crash(survivors: number): void {
    while (this.#undos.length > survivors) this.#takeBack(this.#undos.pop() as Undo);
    this.#undos = [];
  }

  /** Inserting a known block changes nothing (R16). */
  #insert(inserted: InsertedBlock, undo: Undo): void {
    const { hash, height, justify } = inserted.block;
    if (this.#blocks.has(hash)) return;
    const parent = this.#blocks.get(justify.block);
    if (parent === undefined && justify.block !== ZERO_HASH)
      throw contradiction(`the parent ${justify.block} of block ${hash} is not stored`);
    const parentHeight = parent?.inserted.block.height ?? -1;
    if (height !== parentHeight + 1)
      throw contradiction(`block ${hash} has height ${height}, its parent ${parentHeight}`);
    if (height <= this.committedHeight())
      throw contradiction(`block ${hash} of height ${height} is new, but that height is committed`);
    const digest = digestOf(parent?.digest ?? 0, inserted.effects.appStateUpdates);
    this.#blocks.set(hash, {
      inserted,
      parent: parent ?? null,
      digest,
      commitPc: null,
      updates: null,
      appStateHash: null,
    });
    undo.inserted.push(hash);
  }

  #commit({ hash, height, commitPc }: CommittedBlock, undo: Undo): void {
    const stored = this.#blocks.get(hash);
    if (stored === undefined) throw contradiction(`block ${hash} commits, but is not stored`);
    const { block, effects } = stored.inserted;
    if (height !== this.#committed.length || block.height !== height)
      throw contradiction(`block ${hash} commits where height ${this.#committed.length} is next`);
    if (block.justify.block !== (this.#committed.at(-1)?.inserted.block.hash ?? ZERO_HASH))
      throw contradiction(`block ${hash} commits, but its parent is not committed`);
    if ((effects.validatorSetUpdates !== null) !== (commitPc !== null))
      throw contradiction(`block ${hash} commits without its Commit certificate, or with one too many (R10)`);
    this.#committed.push(stored);
    undo.commits++;
    if (commitPc !== null) {
      stored.commitPc = commitPc;
      this.#latestUpdate = stored;
    }
    for (const [key, value] of effects.appStateUpdates.sets) this.#put(latin1(key), value, undo);
    for (const key of effects.appStateUpdates.deletes) this.#put(latin1(key), undefined, undo);
  }

  #put(key: string, value: Uint8Array | undefined, { app }: Undo): void {
    app.push(key, this.#app.get(key));
    if (value === undefined) this.#app.delete(key);
    else this.#app.set(key, value);
  }

  #prune(hash: BlockHash, undo: Undo): void {
    const stored = this.#blocks.get(hash);
    if (stored === undefined) throw contradiction(`block ${hash} is pruned, but is not stored`);
    if (this.#committed[stored.inserted.block.height] === stored)
      throw contradiction(`block ${hash} is committed and cannot be pruned`);
    this.#blocks.delete(hash);
    undo.pruned.push(stored);
  }

  #takeBack({ variables, latestUpdate, inserted, commits, pruned, app }: Undo): void {
    for (const stored of pruned) this.#blocks.set(stored.inserted.block.hash, stored);
    for (let at = app.length - 2; at >= 0; at -= 2) {
      const [key, before] = [app[at] as string, app[at + 1] as Uint8Array | undefined];
      if (before === undefined) this.#app.delete(key);
      else this.#app.set(key, before);
    }
    for (let count = 0; count < commits; count++) (this.#committed.pop() as StoredObject).commitPc = null;
    for (const hash of inserted) this.#blocks.delete(hash);
    this.#variables = variables;
    this.#latestUpdate = latestUpdate;
  }

  /** After `stored`; of genesis when it is null. */
  appStateHashOf(stored: StoredObject | null): Uint8Array {
    if (stored === null) return genesisAppStateHash(this.#genesis.appState);
    // From the last one that is known on: a chain may be longer than the stack is deep.
    const unknown: StoredObject[] = [];
    let at: StoredObject | null = stored;
    while (at !== null && at.appStateHash === null) {
      unknown.push(at);
      at = this.#blocks.get(at.inserted.block.justify.block) ?? null;
    }
    let hash = at?.appStateHash ?? genesisAppStateHash(this.#genesis.appState);
    for (const one of unknown.reverse()) {
      hash = appStateHashAfter(hash, one.inserted.effects.appStateUpdates);
      one.appStateHash = hash;
    }
    return hash;
  }
}

function variablesAfter(before: Variables, delta: TreeDelta): Variables {
  return {
    validatorSets: delta.validatorSets ?? before.validatorSets,
    lockedPc: delta.lockedPc ?? before.lockedPc,
    highestPc: delta.highestPc ?? before.highestPc,
    highestTc: delta.highestTc ?? before.highestTc,
    entry: delta.entry ?? before.entry,
    keptPcs: delta.keptPcs ?? before.keptPcs,
    lastVote: delta.lastVote ?? before.lastVote,
    proposeUpTo: delta.proposeUpTo ?? before.proposeUpTo,
  };
}

/** The state after `tip`: what its blocks above `rootHeight` change, over what was committed. */
class ObjectView implements AppView {
  readonly block: BlockHash;
  readonly height: Height | null;
  readonly #contents: ObjectContents;
  readonly #tip: StoredObject | null;
  readonly #rootHeight: number;

  constructor(contents: ObjectContents, block: BlockHash, tip: StoredObject | null, rootHeight: number) {
    this.block = block;
    this.height = tip?.inserted.block.height ?? null;
    this.#contents = contents;
    this.#tip = tip;
    this.#rootHeight = rootHeight;
  }

  /** Newest first. */
  *#branch(): Iterable<StoredObject> {
    for (let at = this.#tip; at !== null && at.inserted.block.height > this.#rootHeight; at = at.parent)
      yield at;
  }

  get appStateHash(): Uint8Array {
    return this.#contents.appStateHashOf(this.#tip);
  }

  get validatorSet(): ValidatorSet {
    let set = this.#contents.committedSet();
    for (const { inserted } of [...this.#branch()].reverse()) {
      const updates = inserted.effects.validatorSetUpdates;
      if (updates === null) continue;
      const next = updatedValidatorSet(set, updates);
      if (typeof next === 'string')
        throw new StorageError(`the update of block ${inserted.block.hash} makes no validator set: ${next}`);
      set = next;
    }
    return set;
  }

  /** The newest block that says something about `key` says what it is. */
  get(key: Uint8Array): Uint8Array | null {
    const name = latin1(key);
    for (const stored of this.#branch()) {
      stored.updates ??= updatesOf(stored.inserted.effects.appStateUpdates);
      const value = stored.updates.get(name);
      if (value !== undefined) return value;
    }
    return this.#contents.committedValue(name);
  }
}
