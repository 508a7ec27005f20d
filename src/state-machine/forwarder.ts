import { asView, type ReplicaId, type View } from '../model/ids.ts';
import { encodeFrames } from './frames.ts';
import type { CommandPool, PendingCommand } from './pool.ts';
import type { ReplicaHandle } from './replica-handle.ts';

/**
 * Tenures after which a command that could have been ordered, but was not, goes to everybody: one leader may be down,
 * or leave out on purpose what it does not like; two in a row that are is what a third of the power can do.
 */
const TENURES_BEFORE_BROADCAST = 2;

export interface ForwarderParts {
  readonly pool: CommandPool;
  readonly replica: Pick<ReplicaHandle, 'id' | 'chain' | 'commands' | 'leadersOf'>;
  /** Commands that make a block full. */
  readonly fullBlockCommands: number;
  readonly fullBlockBytes: number;
  committedHeight(): number;
  /** Told of own commands that have waited for two tenures in which blocks had room, oldest first. */
  onOverdue(commands: readonly PendingCommand[]): void;
}

/**
 * Brings own commands to the leaders: new ones to the leader of the current view and, in the last view of its tenure,
 * to the next one as well; those that still wait to every new leader; and those that have waited for two tenures in
 * which blocks had room to everybody.
 *
 * What a leader gets is limited by what it can use: half a block's commands at first, as much again whenever a block
 * is seen that had room. A saturated cluster so spends little on forwarding what every node will order itself.
 */
export interface Forwarder {
  /** A new own command is in the pool. */
  add(command: PendingCommand): void;
  onViewStarted(view: View): void;
  onBlockExecuted(commands: number, bytes: number): void;
  /** Blocks with these commands will never commit: they wait again. */
  requeue(commands: readonly PendingCommand[]): void;
  close(): void;
}

export function createForwarder(parts: ForwarderParts): Forwarder {
  const { pool, replica, fullBlockCommands, fullBlockBytes } = parts;
  const { leaderTenure } = replica.chain;
  const creditPerBlock = Math.ceil(fullBlockCommands / 2);
  let view = asView(0);
  let tenure = 0;
  let lastFullView = 0;
  let credit = creditPerBlock;
  /** Not sent in this tenure; may hold commands that have left the pool since. At most as long as the own pool. */
  let queue: PendingCommand[] = [];
  let scheduled: NodeJS.Immediate | null = null;

  /** What this tenure's leaders shall get now. */
  function takeBatch(reachedTenure: number, isSent: boolean): readonly Uint8Array[] {
    const batch: Uint8Array[] = [];
    let at = 0;
    for (; at < queue.length && batch.length < credit; at++) {
      const command = queue[at] as PendingCommand;
      if (!isWaiting(parts, command) || command.forwardedInTenure >= tenure) continue;
      command.forwardedInTenure = reachedTenure;
      command.wasSent ||= isSent;
      batch.push(command.datum);
    }
    queue = at === queue.length ? [] : queue.slice(at);
    return batch;
  }
  function flush(): void {
    scheduled = null;
    // Of a replica that is about to start; it enters its first view soon.
    if (replica.leadersOf(view).length === 0) return;
    const isLastOfTenure = (view + 1) % leaderTenure === 0;
    const to = recipients(replica, view, isLastOfTenure);
    const batch = takeBatch(isLastOfTenure ? tenure + 1 : tenure, to.size > 0);
    if (batch.length === 0 || to.size === 0) return;
    credit -= batch.length;
    for (const frame of encodeFrames(batch)) for (const id of to) replica.commands.send(id, frame);
  }
  /** Together with whatever else comes in during this turn of the event loop. */
  function schedule(): void {
    if (queue.length > 0 && credit > 0) scheduled ??= setImmediate(flush);
  }
  function push(command: PendingCommand): void {
    command.waitingSince = view;
    command.forwardedInTenure = -1;
    queue.push(command);
  }
  function onViewStarted(started: View): void {
    view = started;
    const current = Math.floor(view / leaderTenure);
    if (current === tenure) return schedule();
    tenure = current;
    credit = creditPerBlock;
    const overdueBefore = view - TENURES_BEFORE_BROADCAST * leaderTenure;
    if (lastFullView < overdueBefore) broadcastOverdue(parts, view, overdueBefore, creditPerBlock);
    queue = [...pool.allOwn()];
    schedule();
  }
  return {
    add(command) {
      push(command);
      schedule();
    },
    onViewStarted,
    onBlockExecuted(commands, bytes) {
      if (commands >= fullBlockCommands || bytes >= fullBlockBytes / 2) {
        lastFullView = view;
        return;
      }
      credit = creditPerBlock;
      schedule();
    },
    requeue(commands) {
      for (const command of commands) push(command);
      schedule();
    },
    close() {
      if (scheduled !== null) clearImmediate(scheduled);
      queue = [];
    },
  };
}

/** Whether a command is still in the pool and in no block that may yet commit. */
function isWaiting({ pool, committedHeight }: ForwarderParts, command: PendingCommand): boolean {
  return pool.get(command.key) === command && command.includedAt <= committedHeight();
}

/** In the last view of a tenure a command may come too late for its leader: the next one gets it as well. */
function recipients(
  replica: ForwarderParts['replica'],
  view: View,
  isLastOfTenure: boolean,
): ReadonlySet<ReplicaId> {
  const leaders = new Set(replica.leadersOf(view));
  if (isLastOfTenure) for (const id of replica.leadersOf(asView(view + 1))) leaders.add(id);
  leaders.delete(replica.id);
  return leaders;
}

/** Sends up to `limit` own commands that have waited since before `overdueBefore` to everybody. */
function broadcastOverdue(parts: ForwarderParts, view: View, overdueBefore: number, limit: number): void {
  const overdue: PendingCommand[] = [];
  for (const command of parts.pool.allOwn()) {
    if (overdue.length >= limit) break;
    if (command.waitingSince < overdueBefore && isWaiting(parts, command)) overdue.push(command);
  }
  if (overdue.length === 0) return;
  for (const command of overdue) {
    command.waitingSince = view;
    command.forwardedInTenure = Math.floor(view / parts.replica.chain.leaderTenure);
    command.wasSent = true;
  }
  for (const frame of encodeFrames(overdue.map(({ datum }) => datum)))
    parts.replica.commands.broadcast(frame);
  parts.onOverdue(overdue);
}
