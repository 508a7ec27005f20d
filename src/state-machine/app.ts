import { bytesToHex } from '../model/hex.ts';
import type { BlockHash, Height } from '../model/ids.ts';
import type {
  App,
  AppView,
  ProduceBlockRequest,
  ProduceBlockResult,
  ValidateBlockRequest,
  ValidateBlockResult,
} from '../ports/app.ts';
import type { Arrivals } from './arrivals.ts';
import type { StateMachineDefinition, StateMachineSettings } from './definition.ts';
import { commandKey, decodeCommand, decodeHeader, encodeHeader } from './envelope.ts';
import { beginExecution, type Execution } from './execution.ts';
import type { BlockLedger } from './ledger.ts';
import { createPatience, type Patience } from './patience.ts';
import type { CommandPool, PendingCommand } from './pool.ts';
import { createSlices } from './slices.ts';

/**
 * This node's state after the block at `height` differs from the state that `block`, its child, was made on: `apply`
 * is not deterministic, or the state was changed from outside, here or at the child's proposer.
 */
export interface Divergence {
  readonly height: Height | null;
  readonly block: BlockHash;
  /** The child's, as hex. */
  readonly theirs: string;
  readonly ours: string;
  /** Whether a quorum has certified the child: then it is this node that diverged. */
  readonly certified: boolean;
}

/** What the application tells the rest of the state machine. */
export interface AppObserver {
  /** A block, own or foreign, was executed: how full it was. */
  onExecuted(commands: number, bytes: number): void;
  /** A leader left the command out because `apply` threw. */
  onRefused(command: PendingCommand, error: unknown): void;
  onDiverged(divergence: Divergence): void;
  committedHeight(): number;
}

export interface AppParts {
  readonly definition: StateMachineDefinition;
  readonly settings: StateMachineSettings;
  readonly pool: CommandPool;
  readonly ledger: BlockLedger;
  readonly arrivals: Arrivals;
  readonly observer: AppObserver;
}

/** The state machine as the replica sees it. */
export function createApp(parts: AppParts): App {
  return {
    produceBlock: (request, signal) => produceBlock(parts, request, signal),
    validateBlock: (request, signal) => validateBlock(parts, request, signal),
  };
}

/** A block of pooled commands; when there are none, waits for the first as long as the replica allows. */
async function produceBlock(
  parts: AppParts,
  request: ProduceBlockRequest,
  signal: AbortSignal,
): Promise<ProduceBlockResult> {
  const deadlineMs = performance.now() + request.waitMs;
  for (;;) {
    const block = await fillBlock(parts, request, signal);
    const leftMs = deadlineMs - performance.now();
    if (block.hasCommands === true || leftMs <= 0) return block;
    await parts.arrivals.wait(leftMs, signal);
    signal.throwIfAborted();
  }
}

async function fillBlock(
  parts: AppParts,
  { view, state }: ProduceBlockRequest,
  signal: AbortSignal,
): Promise<ProduceBlockResult> {
  const { definition, settings, ledger } = parts;
  const execution = beginExecution(definition, state);
  const data = [encodeHeader(state.appStateHash)];
  const keys: string[] = [];
  const results = new Map<string, Uint8Array>();
  const patience = createPatience();
  const slices = createSlices(signal);
  let bytes = 0;
  for (const command of parts.pool.all()) {
    if (slices.isOver(command.datum.length)) await slices.next();
    if (keys.length >= settings.maxBlockCommands || bytes >= settings.maxBlockBytes) break;
    if (patience.isOver(command)) continue;
    if (bytes + command.datum.length > settings.maxBlockBytes && bytes > 0) break;
    const result = tryCommand(parts, execution, command, patience);
    if (result === null) {
      slices.mayHaveTaken();
      continue;
    }
    data.push(command.datum);
    bytes += command.datum.length;
    keys.push(command.key);
    if (command.submission !== null) results.set(command.key, result);
    command.includedAt = Math.max(command.includedAt, execution.height);
  }
  const effects = execution.finish();
  ledger.recordProduced(view, { height: execution.height, keys, results });
  parts.observer.onExecuted(keys.length, bytes);
  return { data, ...effects, hasCommands: keys.length > 0 };
}

/** The command's result, or null when it has no place in this block; one that never will leaves the pool. */
function tryCommand(
  parts: AppParts,
  execution: Execution,
  command: PendingCommand,
  patience: Patience,
): Uint8Array | null {
  const { pool, observer } = parts;
  const outcome = execution.apply(command.envelope);
  switch (outcome.type) {
    case 'applied':
      return outcome.result;
    case 'failed':
      patience.failed(command);
      pool.remove(command.key);
      observer.onRefused(command, outcome.error);
      return null;
    case 'duplicate':
      dropIfCommitted(parts, execution, command);
      return null;
    case 'expired':
      // An own one gets a new lifetime instead, once it is certain that the old one is over. A forwarded one whose
      // lifetime is too long would stay for ever.
      if (command.from !== null) pool.remove(command.key);
      return null;
  }
}

/**
 * A forwarded command that has taken effect already: in an uncommitted ancestor, which may still lose, or in a
 * committed block that this node executed before the command came.
 */
function dropIfCommitted({ pool, observer }: AppParts, execution: Execution, command: PendingCommand): void {
  if (command.from === null) return;
  if (command.includedAt < 0) command.includedAt = execution.height - 1;
  else if (observer.committedHeight() >= command.includedAt) pool.remove(command.key);
}

/**
 * Valid: a header that names our own state after the parent, then nothing but commands. Commands that have taken
 * effect before, or are past their time, are skipped.
 */
async function validateBlock(
  parts: AppParts,
  request: ValidateBlockRequest,
  signal: AbortSignal,
): Promise<ValidateBlockResult> {
  const { block, state } = request;
  const parentStateHash = decodeHeader(block.data[0]);
  if (parentStateHash === null) return { valid: false };
  if (Buffer.compare(parentStateHash, state.appStateHash) !== 0)
    return diverged(parts, request, parentStateHash);
  return execute(parts, block.hash, block.data, state, signal);
}

function diverged(
  { observer }: AppParts,
  { block, state, context }: ValidateBlockRequest,
  parentStateHash: Uint8Array,
): ValidateBlockResult {
  const divergence: Divergence = {
    height: state.height,
    block: block.hash,
    theirs: bytesToHex(parentStateHash),
    ours: bytesToHex(state.appStateHash),
    certified: context === 'sync',
  };
  observer.onDiverged(divergence);
  // Certified by a quorum: no fault of the peer that sent it, so there is no verdict.
  if (divergence.certified) throw new Error(describeDivergence(divergence));
  return { valid: false };
}

export function describeDivergence({ height, block, theirs, ours, certified }: Divergence): string {
  const where = height === null ? 'before the first block' : `at height ${height}`;
  const who = certified
    ? 'a quorum has certified the other state, so this node is wrong'
    : 'this node or the proposer is wrong';
  return `application state diverged ${where}: ${ours} here, ${theirs} in its child ${block}; ${who}`;
}

/** The same name with other bytes is somebody else's forgery, unless they are of the command that ours voids. */
const isOurs = ({ submission, datum, voids }: PendingCommand, ordered: Uint8Array): boolean =>
  submission !== null &&
  (Buffer.compare(datum, ordered) === 0 || (voids !== null && Buffer.compare(voids.datum, ordered) === 0));

async function execute(
  { definition, pool, ledger, observer }: AppParts,
  hash: BlockHash,
  data: readonly Uint8Array[],
  state: AppView,
  signal: AbortSignal,
): Promise<ValidateBlockResult> {
  const execution = beginExecution(definition, state);
  const keys: string[] = [];
  const results = new Map<string, Uint8Array>();
  const slices = createSlices(signal);
  let bytes = 0;
  for (let at = 1; at < data.length; at++) {
    const datum = data[at] as Uint8Array;
    if (slices.isOver(datum.length)) await slices.next();
    const envelope = decodeCommand(datum);
    if (envelope === null) return { valid: false };
    bytes += datum.length;
    const outcome = execution.apply(envelope);
    if (outcome.type === 'failed') {
      throw new Error(`apply threw on command ${at - 1} of block ${hash}`, { cause: outcome.error });
    }
    if (outcome.type !== 'applied') continue;
    const key = commandKey(datum);
    keys.push(key);
    const command = pool.get(key);
    if (command === undefined) continue;
    command.includedAt = Math.max(command.includedAt, execution.height);
    if (isOurs(command, datum)) results.set(key, outcome.result);
  }
  const effects = execution.finish();
  ledger.record(hash, { height: execution.height, keys, results });
  observer.onExecuted(data.length - 1, bytes);
  return { valid: true, ...effects, hasCommands: data.length > 1 };
}
