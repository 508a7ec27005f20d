import { copyOf, latin1 } from '../codec/bytes.ts';
import type { AppStateUpdates, BlockEffects } from '../model/app.ts';
import { NO_APP_STATE_UPDATES } from '../model/app.ts';
import type { Datum } from '../model/block.ts';
import type { ChainLimits } from '../model/chain.ts';
import type { Power, ReplicaId } from '../model/ids.ts';
import { SCHEME_SIZES, type SchemeName } from '../model/scheme.ts';
import type { ValidatorSetUpdates } from '../model/validator-set.ts';
import { packUpdates } from '../storage/app-state.ts';

// What an app answers comes from code that the library does not know: it is checked here, once, whatever its types
// promised, and what follows from it is taken over: the app may use its memory again. Every function throws `AppFault`
// on nonsense.

/** An answer that an app must not give; its message is for the app's author. */
export class AppFault extends Error {
  override readonly name = 'AppFault';
}

/** The port's bounds on a key of the app's state, in bytes. */
const MAX_KEY_BYTES = 1_024;

type Fields = Readonly<Record<string, unknown>>;

export function asAnswer(answer: unknown, call: string): Fields {
  if (typeof answer === 'object' && answer !== null) return answer as Fields;
  throw new AppFault(`${call} must answer an object, not ${String(answer)}`);
}

/** The data of a new block, in memory of its own: what is hashed and sent must not change under the app's hands. */
export function ownedData(data: unknown, limits: ChainLimits): readonly Datum[] {
  if (!Array.isArray(data)) throw new AppFault('data must be an array of Uint8Arrays');
  if (data.length > limits.maxDatums) {
    throw new AppFault(`the block has ${data.length} datums, of ${limits.maxDatums} at most on this chain`);
  }
  let size = 0;
  for (const [index, datum] of data.entries()) {
    if (!(datum instanceof Uint8Array)) throw new AppFault(`data[${index}] must be a Uint8Array`);
    size += datum.length;
  }
  if (size > limits.maxBlockBytes) {
    throw new AppFault(
      `the block has ${size} bytes of data, of ${limits.maxBlockBytes} at most on this chain`,
    );
  }
  return copied(data as readonly Uint8Array[], size);
}

/** All in one allocation. */
function copied(items: readonly Uint8Array[], size: number): readonly Uint8Array[] {
  const memory = new Uint8Array(size);
  let at = 0;
  return items.map((item) => {
    memory.set(item, at);
    at += item.length;
    return memory.subarray(at - item.length, at);
  });
}

/** What executing a block of `data` does, with defaults for what the app left out. */
export function effectsOf(answer: Fields, data: readonly Datum[], scheme: SchemeName): BlockEffects {
  const { appStateUpdates, validatorSetUpdates, hasCommands = data.length > 0 } = answer;
  if (typeof hasCommands !== 'boolean') throw new AppFault('hasCommands must be a boolean');
  return {
    appStateUpdates: stateUpdatesOf(appStateUpdates),
    validatorSetUpdates: validatorUpdatesOf(validatorSetUpdates, scheme),
    hasCommands,
  };
}

function stateUpdatesOf(updates: unknown): AppStateUpdates {
  if (updates === undefined || updates === null) return NO_APP_STATE_UPDATES;
  const { sets, deletes } = asAnswer(updates, 'appStateUpdates');
  if (!(Array.isArray(sets) && Array.isArray(deletes))) {
    throw new AppFault('appStateUpdates must have the arrays sets and deletes');
  }
  const named: NamedUpdate[] = [];
  for (const pair of sets as readonly unknown[]) {
    if (!(Array.isArray(pair) && pair.length === 2 && pair[1] instanceof Uint8Array)) {
      throw new AppFault('appStateUpdates.sets must hold pairs of Uint8Arrays');
    }
    named.push({ text: textOf(pair[0]), key: pair[0], pair: pair as unknown as NamedUpdate['pair'] });
  }
  for (const key of deletes as readonly Uint8Array[]) named.push({ text: textOf(key), key, pair: null });
  const ordered = inOrder(named);
  // What is hashed and stored is packed now, a step or more before it is needed: the bytes are still the app's.
  packUpdates(ordered);
  return ordered;
}

/** A key with its text; without a pair, it is deleted. */
interface NamedUpdate {
  readonly text: string;
  readonly key: Uint8Array;
  readonly pair: readonly [Uint8Array, Uint8Array] | null;
}

/** Ascending by the bytes of the keys, whose texts sort as they do: equal updates are equal inputs of the core. */
function inOrder(named: NamedUpdate[]): AppStateUpdates {
  named.sort(({ text: a }, { text: b }) => (a < b ? -1 : 1));
  const sets: (readonly [Uint8Array, Uint8Array])[] = [];
  const deletes: Uint8Array[] = [];
  let before: string | null = null;
  for (const { text, key, pair } of named) {
    if (text === before)
      throw new AppFault(`the key ${Buffer.from(key).toString('hex')} occurs twice in appStateUpdates`);
    before = text;
    if (pair === null) deletes.push(key);
    else sets.push(pair);
  }
  return { sets, deletes };
}

function textOf(key: unknown): string {
  if (key instanceof Uint8Array && key.length > 0 && key.length <= MAX_KEY_BYTES) return latin1(key);
  throw new AppFault(`a key of appStateUpdates must be a Uint8Array of 1 to ${MAX_KEY_BYTES} bytes`);
}

/** Copies: the core changes the set by them when the block commits. Null when nothing changes: no phases are needed. */
function validatorUpdatesOf(updates: unknown, scheme: SchemeName): ValidatorSetUpdates | null {
  if (updates === undefined || updates === null) return null;
  const { inserts, deletes } = asAnswer(updates, 'validatorSetUpdates');
  if (!(Array.isArray(inserts) && Array.isArray(deletes))) {
    throw new AppFault('validatorSetUpdates must have the arrays inserts and deletes');
  }
  const owned: ValidatorSetUpdates = {
    inserts: Array.from(inserts, (insert) => insertOf(insert, scheme)),
    deletes: Array.from(deletes, (id) => replicaIdOf(id, scheme)),
  };
  return owned.inserts.length + owned.deletes.length === 0 ? null : owned;
}

function insertOf(insert: unknown, scheme: SchemeName): ValidatorSetUpdates['inserts'][number] {
  const { id, power, possession } = asAnswer(insert, 'validatorSetUpdates.inserts');
  const validator = replicaIdOf(id, scheme);
  if (!Number.isSafeInteger(power)) {
    throw new AppFault(`the power of the validator ${validator} must be a whole number up to 2^53 - 1`);
  }
  if (possession !== null && !(possession instanceof Uint8Array)) {
    throw new AppFault(`the proof of possession of the validator ${validator} must be a Uint8Array or null`);
  }
  return {
    id: validator,
    power: power as Power,
    possession: possession === null ? null : copyOf(possession),
  };
}

const HEX = /^[0-9a-f]*$/;

function replicaIdOf(id: unknown, scheme: SchemeName): ReplicaId {
  const digits = 2 * SCHEME_SIZES[scheme].publicKey;
  if (typeof id === 'string' && id.length === digits && HEX.test(id)) return id as ReplicaId;
  throw new AppFault(`a validator's id must be ${digits} lower-case hex digits, not ${String(id)}`);
}
