import type { ReplicaEvent } from '../model/events.ts';
import type { Millis, ReplicaId } from '../model/ids.ts';
import type { OutgoingMessage } from '../model/messages.ts';
import type { TreeDelta } from './block-tree/delta.ts';
import { type Effect, NO_WAIT } from './effect.ts';
import type { RequestId, Ticket, TimerId } from './input.ts';
import type { Core } from './state.ts';

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };
type Draft<Type> = {
  -readonly [Key in keyof Type]: Type[Key] extends readonly (infer Item)[] ? Item[] : Type[Key];
};

/** Stands for the ticket of the running step until `finishStep` knows it. */
export const THIS_STEP = -1 as Ticket;

/** What one step has to say, collected while it runs. */
export interface Output {
  effects: Writable<Effect>[];
  /** Whether any of `effects` waits for the writes of this step. */
  waiting: boolean;
  delta: Draft<TreeDelta>;
  /** Whether `delta` holds anything. */
  dirty: boolean;
  /** Whether something of this step waits for the disk and should not wait for the next flush. */
  flushNow: boolean;
  /** What happened in this step that makes waiting work worth another try; see `settle` in step.ts. */
  entered: boolean;
  inserted: boolean;
  applied: boolean;
  /** Whether commands became committed: somebody waits for that to be durable. */
  committedCommands: boolean;
}

/** All fields are there from the start: objects of one shape are read fastest. */
const emptyDelta = (): Draft<TreeDelta> => ({
  inserts: [],
  commits: [],
  prunes: [],
  validatorSets: undefined,
  lockedPc: undefined,
  highestPc: undefined,
  highestTc: undefined,
  entry: undefined,
  keptPcs: undefined,
  lastVote: undefined,
  proposeUpTo: undefined,
});

export const emptyOutput = (): Output => ({
  effects: [],
  waiting: false,
  delta: emptyDelta(),
  dirty: false,
  flushNow: false,
  entered: false,
  inserted: false,
  applied: false,
  committedCommands: false,
});

/** Notes a logical write of this step. */
export function write<Field extends Exclude<keyof TreeDelta, 'inserts' | 'commits' | 'prunes'>>(
  core: Core,
  field: Field,
  value: NonNullable<TreeDelta[Field]>,
): void {
  (core.out.delta as Record<string, unknown>)[field] = value;
  core.out.dirty = true;
}

export function perform(core: Core, effect: Effect): void {
  core.out.effects.push(effect);
}

/** Performs once `after` is durable: `NO_WAIT`, `THIS_STEP` or a ticket handed out earlier. */
export function performAfter(
  core: Core,
  effect: Writable<Extract<Effect, { readonly after: Ticket }>>,
): void {
  core.out.effects.push(effect);
  if (effect.after === THIS_STEP) core.out.waiting = true;
}

/** Sends once `after` is durable: `NO_WAIT`, `THIS_STEP` or a ticket handed out earlier. */
export function send(
  core: Core,
  to: readonly ReplicaId[] | 'all',
  message: OutgoingMessage,
  after: Ticket,
): void {
  if (to !== 'all' && to.length === 0) return;
  performAfter(core, { type: 'send', to, message, after });
}

export function emit(core: Core, event: ReplicaEvent, after: Ticket = NO_WAIT): void {
  performAfter(core, { type: 'emit', event, after });
}

export function setTimer(core: Core, timer: TimerId, delayMs: number): void {
  perform(core, { type: 'set-timer', timer, at: (core.now + delayMs) as Millis });
}

export function newRequest(core: Core): RequestId {
  core.lastRequest += 1;
  return core.lastRequest as RequestId;
}

const NO_EFFECTS: readonly Effect[] = [];

/** Makes `out` ready for the next step; what `finishStep` hands out is replaced. */
function forgetNews(out: Output): void {
  out.waiting = false;
  out.dirty = false;
  out.flushNow = false;
  out.entered = false;
  out.inserted = false;
  out.applied = false;
  out.committedCommands = false;
}

function fillIn(effects: readonly Writable<Effect>[], ticket: Ticket): void {
  for (const effect of effects) if ('after' in effect && effect.after === THIS_STEP) effect.after = ticket;
}

/**
 * Closes the step: gives its writes a ticket, puts the persist effect first, so that the shell knows the ticket before
 * the effects that wait for it, and fills `THIS_STEP` in. Effects that wait in a step without writes wait for all
 * earlier ones, which is never less than they need.
 */
export function finishStep(core: Core): readonly Effect[] {
  const { out } = core;
  const mustPersist = out.dirty || (out.flushNow && core.durable < core.lastTicket);
  if (mustPersist) core.lastTicket = (core.lastTicket + 1) as Ticket;
  if (out.waiting) fillIn(out.effects, core.lastTicket);
  if (out.delta.proposeUpTo !== undefined) core.proposeUpToTicket = core.lastTicket;
  if (out.delta.inserts.length > 0 || out.delta.commits.length > 0) core.treeTicket = core.lastTicket;
  if (out.delta.entry !== undefined) core.entryTicket = core.lastTicket;
  const { effects, delta, flushNow } = out;
  forgetNews(out);
  if (!mustPersist && effects.length === 0) return NO_EFFECTS;
  out.effects = [];
  if (!mustPersist) return effects;
  out.delta = emptyDelta();
  effects.unshift({ type: 'persist', ticket: core.lastTicket, delta, flush: flushNow ? 'now' : 'lazy' });
  return effects;
}
