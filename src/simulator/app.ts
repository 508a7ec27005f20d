import { allocate } from '../codec/bytes.ts';
import type { AppStateUpdates } from '../model/app.ts';
import type { ValidatorSetUpdates } from '../model/validator-set.ts';
import type {
  App,
  ProduceBlockRequest,
  ProduceBlockResult,
  ValidateBlockRequest,
  ValidateBlockResult,
} from '../ports/app.ts';

/**
 * An app in a simulated world: an `App` that must not look at real time or randomness. Its answers may be promises
 * if the world is driven with the `Async` methods; virtual time stands still until they settle.
 */
export interface SimulatedApp extends App {
  /**
   * Whether a leader that may wait has something to order already. Asked when a block is wanted and again whenever a
   * command is submitted; without it, leaders never wait.
   */
  hasWork?(request: ProduceBlockRequest): boolean;
}

/** A change of the state that clients submit to the world, to be ordered once. */
export interface Command {
  /** Unique; given by the world. */
  readonly id: string;
  readonly set?: Readonly<Record<string, string>>;
  readonly delete?: readonly string[];
  readonly validators?: ValidatorSetUpdates;
  /** Makes the block that carries it invalid for everybody. */
  readonly invalid?: boolean;
}

/** What every replica's default app sees of the world's clients. */
export interface CommandPool {
  readonly commands: readonly Command[];
  /** Whether leaders make up a command for every block, so that there is always something to order. */
  readonly steady: boolean;
}

const MAX_COMMANDS_PER_BLOCK = 16;
/** Keys that made-up commands write to: few, so that long runs stay small. */
const STEADY_KEYS: readonly string[] = Array.from({ length: 32 }, (_, index) => `key${index}`);

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Nearly all texts here are ASCII and short, for which the encoder's call is most of what it costs. */
function utf8(text: string): Uint8Array {
  const bytes = allocate(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return encoder.encode(text);
    bytes[at] = code;
  }
  return bytes;
}

const DONE = utf8('1');
const doneKey = (id: string): Uint8Array => utf8(`done/${id}`);

/** A command with what it does to the state when it is alone in its block, as most are: found when it is asked for. */
interface Known {
  readonly command: Command;
  updates: AppStateUpdates | null;
}

/** Datums are passed between replicas as objects, so that most are parsed and executed once; null for garbage. */
const parsed = new WeakMap<Uint8Array, Known | null>();

const isCommand = (value: unknown): value is Command =>
  typeof value === 'object' && value !== null && typeof (value as { id?: unknown }).id === 'string';

const withPossession = (key: string, item: unknown): unknown =>
  key === 'possession' && Array.isArray(item) ? Uint8Array.from(item as number[]) : item;

const withoutBytes = (_key: string, item: unknown): unknown =>
  item instanceof Uint8Array ? [...item] : item;

/** Null for what no honest leader proposes. */
function parseCommand(datum: Uint8Array): Known | null {
  const before = parsed.get(datum);
  if (before !== undefined) return before;
  let known: Known | null = null;
  try {
    const text = decoder.decode(datum);
    const command: unknown = JSON.parse(text, text.includes('"possession"') ? withPossession : undefined);
    if (isCommand(command)) known = { command, updates: null };
  } catch {
    // Garbage of a Byzantine leader.
  }
  parsed.set(datum, known);
  return known;
}

export function encodeCommand(command: Command): Uint8Array {
  const datum = utf8(JSON.stringify(command, command.validators === undefined ? undefined : withoutBytes));
  parsed.set(datum, { command, updates: null });
  return datum;
}

interface Execution {
  readonly appStateUpdates: AppStateUpdates;
  readonly validatorSetUpdates: ValidatorSetUpdates | null;
}

/** Whether clients submitted this change of the validator set: no leader makes one up. */
function isSubmitted(pool: CommandPool, { id, validators }: Command): boolean {
  const submitted = pool.commands.find((command) => command.id === id)?.validators;
  return submitted !== undefined && JSON.stringify(submitted) === JSON.stringify(validators);
}

/** What commands in this order do to the state; each is marked as done, but the made-up ones. */
function updatesOf(commands: readonly Command[]): AppStateUpdates {
  const values = new Map<string, string | null>();
  for (const command of commands) {
    for (const [key, value] of Object.entries(command.set ?? {})) values.set(key, value);
    for (const key of command.delete ?? []) values.set(key, null);
  }
  const sets: (readonly [Uint8Array, Uint8Array])[] = [];
  for (const { id } of commands) if (!isSteady(id)) sets.push([doneKey(id), DONE]);
  const deletes: Uint8Array[] = [];
  for (const [key, value] of values) {
    if (value === null) deletes.push(utf8(key));
    else sets.push([utf8(key), utf8(value)]);
  }
  return { sets, deletes };
}

function updatesOfOne(known: Known): AppStateUpdates {
  known.updates ??= updatesOf([known.command]);
  return known.updates;
}

/** Runs the commands of a block in order; null when it is invalid. */
function execute(
  pool: CommandPool,
  data: readonly Uint8Array[],
  isDone: (id: string) => boolean,
): Execution | null {
  const run: Known[] = [];
  let validatorSetUpdates: ValidatorSetUpdates | null = null;
  for (const datum of data) {
    const known = parseCommand(datum);
    if (known === null) return null;
    const { command } = known;
    if (command.invalid === true || isDone(command.id)) return null;
    if (run.some((other) => other.command.id === command.id)) return null;
    run.push(known);
    if (command.validators === undefined) continue;
    if (validatorSetUpdates !== null || !isSubmitted(pool, command)) return null;
    validatorSetUpdates = command.validators;
  }
  const [first] = run;
  const isAlone = first !== undefined && run.length === 1;
  const appStateUpdates = isAlone ? updatesOfOne(first) : updatesOf(run.map(({ command }) => command));
  return { appStateUpdates, validatorSetUpdates };
}

const isSteady = (id: string): boolean => id.startsWith('steady/');

/** A key-value store whose commands come from the world's pool: the default app. */
export function createCommandApp(pool: CommandPool, index: number): SimulatedApp {
  const isDoneIn =
    (request: ProduceBlockRequest | ValidateBlockRequest) =>
    (id: string): boolean =>
      !isSteady(id) && request.state.get(doneKey(id)) !== null;
  const pending = (request: ProduceBlockRequest): Command[] => {
    const isDone = isDoneIn(request);
    const ready = pool.commands.filter(({ id }) => !isDone(id)).slice(0, MAX_COMMANDS_PER_BLOCK);
    // A block changes the validator set at most once.
    const update = ready.findIndex(({ validators }) => validators !== undefined);
    return update < 0
      ? ready
      : ready.filter(({ validators }, at) => at <= update || validators === undefined);
  };
  /** As `encodeCommand` would have it, whose JSON takes five times as long. */
  const steadyDatum = ({ view }: ProduceBlockRequest): Uint8Array => {
    const id = `steady/${view}.${index}`;
    const key = STEADY_KEYS[view % STEADY_KEYS.length] as string;
    const set: Record<string, string> = {};
    set[key] = `${view}`;
    const datum = utf8(`{"id":"${id}","set":{"${key}":"${view}"}}`);
    parsed.set(datum, { command: { id, set }, updates: null });
    return datum;
  };

  return {
    hasWork: (request) => pool.steady || pending(request).length > 0,
    produceBlock(request): ProduceBlockResult {
      const commands = pending(request);
      const data = commands.map(encodeCommand);
      if (pool.steady) data.push(steadyDatum(request));
      const execution = execute(
        pool,
        data.filter((_, at) => commands[at]?.invalid !== true),
        isDoneIn(request),
      );
      const hasCommands = data.length > 0;
      if (execution === null) return { data, hasCommands };
      const { appStateUpdates, validatorSetUpdates } = execution;
      return { data, hasCommands, appStateUpdates, validatorSetUpdates };
    },
    validateBlock(request): ValidateBlockResult {
      const { data } = request.block;
      const execution = execute(pool, data, isDoneIn(request));
      if (execution === null) return { valid: false };
      const { appStateUpdates, validatorSetUpdates } = execution;
      return { valid: true, hasCommands: data.length > 0, appStateUpdates, validatorSetUpdates };
    },
  };
}
