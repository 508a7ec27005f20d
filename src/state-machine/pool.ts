import { copyOf } from '../codec/bytes.ts';
import type { BlockHash, Height, ReplicaId } from '../model/ids.ts';
import { clientPrefix, isOfClient } from './client-ids.ts';
import { commandKey, decodeCommand, type Envelope, isCommand, isVoidDatum } from './envelope.ts';

/** Where a command took effect, and what `apply` returned there. */
export interface CommandAnswer {
  readonly height: Height;
  readonly blockHash: BlockHash;
  readonly result: Uint8Array;
}

/** Whom an own command's fate is told. */
export interface Submission {
  resolve(answer: CommandAnswer): void;
  reject(reason: unknown): void;
  /** Told under which name the command waits now. */
  renewed?(command: PendingCommand): void;
}

export interface PendingCommand {
  readonly key: string;
  readonly datum: Uint8Array;
  readonly envelope: Envelope;
  /** The peer that forwarded it; null for own commands. */
  readonly from: ReplicaId | null;
  /** Whether that peer was no validator. */
  readonly isStranger: boolean;
  /** Null for forwarded ones. */
  readonly submission: Submission | null;
  /** Height of the highest block seen with it; while that is above the committed height, it is on its way. */
  includedAt: number;
  /** Own commands: the tenure whose leaders it was last sent to, and the view since which it waits for its turn. */
  forwardedInTenure: number;
  waitingSince: number;
  /** Own commands: whether somebody else may hold a copy, and order it at any time of its life. */
  wasSent: boolean;
  /** Of a void command: the command whose name it uses up, and why. */
  readonly voids: Refusal | null;
}

/** A command on which `apply` threw here. Its submitter is told so when it is certain to have no effect. */
export interface Refusal {
  readonly datum: Uint8Array;
  readonly error: unknown;
}

export interface PoolLimits {
  readonly maxPending: number;
  readonly maxPendingBytes: number;
  readonly maxForwardedPerPeer: number;
  readonly maxForwardedBytesPerPeer: number;
}

interface Share {
  count: number;
  bytes: number;
}

/**
 * Peers that are no validators have as many peers' shares together, however many they are: who has made a key may
 * connect as one, and with the next key as another, while the commands that he has sent stay.
 */
const SHARES_OF_STRANGERS = 4;

/**
 * Commands that wait for their commit, in order of arrival: own ones and those that peers forwarded. Own ones and
 * each peer's have a share of their own, so that no peer can crowd out others; those that are no validators are
 * bounded in all besides.
 */
export interface CommandPool {
  readonly own: Readonly<Share>;
  readonly forwarded: Readonly<Share>;
  /** Whether one more own command of `bytes` has room. */
  hasRoom(bytes: number): boolean;
  addOwn(datum: Uint8Array, submission: Submission, voids?: Refusal): PendingCommand;
  /** Takes a command of a client of `from`; a `foreign` one, under the name of another node's, is not. */
  addForwarded(
    from: ReplicaId,
    datum: Uint8Array,
    isStranger: boolean,
  ): 'added' | 'known' | 'malformed' | 'foreign' | 'full';
  get(key: string): PendingCommand | undefined;
  remove(key: string): PendingCommand | undefined;
  /** In order of arrival; commands may be removed while it runs. */
  all(): Iterable<PendingCommand>;
  /** Own commands in order of arrival; they may be removed while it runs. */
  allOwn(): Iterable<PendingCommand>;
  oldestOwn(): PendingCommand | undefined;
}

export function createCommandPool(limits: PoolLimits): CommandPool {
  const commands = new Map<string, PendingCommand>();
  const ownCommands = new Map<string, PendingCommand>();
  const own: Share = { count: 0, bytes: 0 };
  const forwarded: Share = { count: 0, bytes: 0 };
  const strangers: Share = { count: 0, bytes: 0 };
  /** Who forwarded last, and what the ids of its clients begin with: commands come many at a time. */
  let latest: { readonly from: ReplicaId; readonly prefix: Uint8Array } | null = null;
  /** Peers with commands in the pool. */
  const shares = new Map<ReplicaId, Share>();

  function hasRoom(bytes: number): boolean {
    return own.count < limits.maxPending && own.bytes + bytes <= limits.maxPendingBytes;
  }
  function addOwn(datum: Uint8Array, submission: Submission, voids: Refusal | null = null): PendingCommand {
    const envelope = decodeCommand(datum);
    if (envelope === null) throw new TypeError('not a command');
    const command = pending({ datum, envelope, from: null, isStranger: false, submission, voids });
    commands.set(command.key, command);
    ownCommands.set(command.key, command);
    take(own, datum);
    return command;
  }
  function addForwarded(
    from: ReplicaId,
    datum: Uint8Array,
    isStranger: boolean,
  ): 'added' | 'known' | 'malformed' | 'foreign' | 'full' {
    if (!isCommand(datum)) return 'malformed';
    if (latest?.from !== from) latest = { from, prefix: clientPrefix(from) };
    if (!isOfClient(datum, latest.prefix)) return 'foreign';
    const key = commandKey(datum);
    const known = commands.get(key);
    if (known !== undefined) {
      // Whoever forwarded the command wants its name used up instead.
      if (known.from !== from || !isVoidDatum(datum) || known.envelope.isVoid) return 'known';
      remove(key);
    }
    const share = shares.get(from) ?? { count: 0, bytes: 0 };
    if (isFull(limits, share, datum.length, 1)) return 'full';
    if (isStranger && isFull(limits, strangers, datum.length, SHARES_OF_STRANGERS)) return 'full';
    shares.set(from, share);
    // A copy: a view would keep the whole frame that it came in, which the share does not count.
    const copy = copyOf(datum);
    const envelope = decodeCommand(copy) as Envelope;
    const command = pending({ datum: copy, envelope, from, isStranger, submission: null, voids: null });
    commands.set(key, command);
    count(command, share, take);
    return 'added';
  }
  function count({ datum, isStranger }: PendingCommand, share: Share, how: typeof take): void {
    how(share, datum);
    how(forwarded, datum);
    if (isStranger) how(strangers, datum);
  }
  function remove(key: string): PendingCommand | undefined {
    const command = commands.get(key);
    if (command === undefined) return undefined;
    commands.delete(key);
    if (command.from === null) {
      ownCommands.delete(key);
      give(own, command.datum);
      return command;
    }
    const share = shares.get(command.from) as Share;
    count(command, share, give);
    if (share.count === 0) shares.delete(command.from);
    return command;
  }
  return {
    own,
    forwarded,
    hasRoom,
    addOwn,
    addForwarded,
    get: (key) => commands.get(key),
    remove,
    all: () => commands.values(),
    allOwn: () => ownCommands.values(),
    oldestOwn: () => ownCommands.values().next().value,
  };
}

/** Whether `bytes` more exceed the shares of so many peers. */
function isFull(limits: PoolLimits, share: Readonly<Share>, bytes: number, shares: number): boolean {
  const { maxForwardedPerPeer, maxForwardedBytesPerPeer } = limits;
  return (
    share.count >= shares * maxForwardedPerPeer || share.bytes + bytes > shares * maxForwardedBytesPerPeer
  );
}

/** Field by field: one that is spread into place takes forty times as long to make, and longer to read. */
function pending({
  datum,
  envelope,
  from,
  isStranger,
  submission,
  voids,
}: Pick<
  PendingCommand,
  'datum' | 'envelope' | 'from' | 'isStranger' | 'submission' | 'voids'
>): PendingCommand {
  return {
    key: commandKey(datum),
    datum,
    envelope,
    from,
    isStranger,
    submission,
    includedAt: -1,
    forwardedInTenure: -1,
    waitingSince: 0,
    wasSent: false,
    voids,
  };
}

function take(share: Share, datum: Uint8Array): void {
  share.count += 1;
  share.bytes += datum.length;
}

function give(share: Share, datum: Uint8Array): void {
  share.count -= 1;
  share.bytes -= datum.length;
}
