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
const STEADY_KEYS = 32;

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

/** Datums are passed between replicas as objects, so that most are parsed once. */
const parsed = new WeakMap<Uint8Array, Command | null>();

const isCommand = (value: unknown): value is Command =>
  typeof value === 'object' && value !== null && typeof (value as { id?: unknown }).id === 'string';

const withPossession = (key: string, item: unknown): unknown =>
  key === 'possession' && Array.isArray(item) ? Uint8Array.from(item as number[]) : item;

const withoutBytes = (_key: string, item: unknown): unknown =>
  item instanceof Uint8Array ? [...item] : item;

/** Null for what no honest leader proposes. */
function parseCommand(datum: Uint8Array): Command | null {
  const before = parsed.get(datum);
  if (before !== undefined) return before;
  let command: Command | null = null;
  try {
    const text = decoder.decode(datum);
    const value: unknown = JSON.parse(text, text.includes('"possession"') ? withPossession : undefined);
    if (isCommand(value)) command = value;
  } catch {
    // Garbage of a Byzantine leader.
  }
  parsed.set(datum, command);
  return command;
}

export function encodeCommand(command: Command): Uint8Array {
  const datum = utf8(JSON.stringify(command, command.validators === undefined ? undefined : withoutBytes));
  parsed.set(datum, command);
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

/** Runs commands in order; null when the block is invalid. */
function execute(
  pool: CommandPool,
  commands: readonly (Command | null)[],
  isDone: (id: string) => boolean,
): Execution | null {
  const values = new Map<string, string | null>();
  const ids = new Set<string>();
  let validatorSetUpdates: ValidatorSetUpdates | null = null;
  for (const command of commands) {
    if (command === null || command.invalid === true || ids.has(command.id) || isDone(command.id))
      return null;
    ids.add(command.id);
    for (const [key, value] of Object.entries(command.set ?? {})) values.set(key, value);
    for (const key of command.delete ?? []) values.set(key, null);
    if (command.validators === undefined) continue;
    if (validatorSetUpdates !== null || !isSubmitted(pool, command)) return null;
    validatorSetUpdates = command.validators;
  }
  const sets: (readonly [Uint8Array, Uint8Array])[] = [...ids]
    .filter((id) => !isSteady(id))
    .map((id) => [doneKey(id), DONE] as const);
  const deletes: Uint8Array[] = [];
  for (const [key, value] of values) {
    if (value === null) deletes.push(utf8(key));
    else sets.push([utf8(key), utf8(value)]);
  }
  return { appStateUpdates: { sets, deletes }, validatorSetUpdates };
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
  const steadyCommand = ({ view }: ProduceBlockRequest): Command => ({
    id: `steady/${view}.${index}`,
    set: { [`key${view % STEADY_KEYS}`]: `${view}` },
  });

  return {
    hasWork: (request) => pool.steady || pending(request).length > 0,
    produceBlock(request): ProduceBlockResult {
      const commands = [...pending(request), ...(pool.steady ? [steadyCommand(request)] : [])];
      const execution = execute(
        pool,
        commands.filter(({ invalid }) => invalid !== true),
        isDoneIn(request),
      );
      const data = commands.map(encodeCommand);
      const hasCommands = commands.length > 0;
      if (execution === null) return { data, hasCommands };
      const { appStateUpdates, validatorSetUpdates } = execution;
      return { data, hasCommands, appStateUpdates, validatorSetUpdates };
    },
    validateBlock(request): ValidateBlockResult {
      const { data } = request.block;
      const commands = data.map(parseCommand);
      const execution = execute(pool, commands, isDoneIn(request));
      if (execution === null) return { valid: false };
      const { appStateUpdates, validatorSetUpdates } = execution;
      return { valid: true, hasCommands: data.length > 0, appStateUpdates, validatorSetUpdates };
    },
  };
}
