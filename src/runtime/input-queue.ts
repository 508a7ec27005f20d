import type { ReplicaId } from '../model/ids.ts';
import type { Channel } from '../ports/network.ts';

/** A frame of a peer that waits to be read. */
export interface WaitingFrame {
  readonly from: ReplicaId;
  readonly channel: Channel;
  readonly frame: Uint8Array;
}

/** Frames of one peer that may wait: more than one view of everything that a correct peer sends, many times over. */
const MAX_FRAMES_PER_PEER = 1_024;

/** Frames of the longest size that one validator may have waiting: a proposal and a sync response. */
const LONGEST_FRAMES_PER_PEER = 2;

/** Bytes that all peers together may have waiting before each is held to `MAX_BYTES_UNDER_PRESSURE`. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Then a peer can still have certificates and votes waiting, which end a backlog, but no blocks. */
const MAX_BYTES_UNDER_PRESSURE = 256 * 1024;

/** Bytes and frames that all peers that are no validators may have waiting, in longest frames and in number. */
const LONGEST_FRAMES_OF_STRANGERS = 4;
const MAX_FRAMES_OF_STRANGERS = 4_096;

/** Of so many frames at least one is from the sync channel when any waits there: sync is slow, never stuck. */
const SYNC_SHARE = 8;

/**
 * Frames that wait to be read, bounded per peer and in all. Consensus goes before sync; within each, peers take
 * turns, so that no peer's flood delays another peer by more than one frame.
 */
export interface FrameQueue {
  /** False when there was no room: the frame is gone. */
  push(waiting: WaitingFrame): boolean;
  next(): WaitingFrame | null;
  readonly size: number;
  readonly bytes: number;
  clear(): void;
}

/** A list, so that taking from the front costs nothing and keeps nothing alive. */
interface Link {
  readonly waiting: WaitingFrame;
  /** Whether the sender was no validator when the frame came: its load is counted so until it is taken. */
  readonly isStranger: boolean;
  next: Link | null;
}

interface PeerFrames {
  first: Link;
  last: Link;
}

interface Load {
  frames: number;
  bytes: number;
}

/** `maxFrameBytes`: the longest frame of the chain. `isValidator`: who is heard in consensus now. */
export function createFrameQueue(
  maxFrameBytes: number,
  isValidator: (peer: ReplicaId) => boolean,
): FrameQueue {
  const lanes = { consensus: new Map<ReplicaId, PeerFrames>(), sync: new Map<ReplicaId, PeerFrames>() };
  const loads = new Map<ReplicaId, Load>();
  const total: Load = { frames: 0, bytes: 0 };
  /** Counted together: anybody may connect as one. */
  const strangers: Load = { frames: 0, bytes: 0 };
  let sinceSync = 0;

  const hasRoom = (peer: ReplicaId, bytes: number, isStranger: boolean): boolean => {
    const load = loads.get(peer) ?? NO_LOAD;
    if (load.frames >= MAX_FRAMES_PER_PEER) return false;
    if (load.bytes + bytes > LONGEST_FRAMES_PER_PEER * maxFrameBytes) return false;
    if (total.bytes + bytes > MAX_BYTES && load.bytes + bytes > MAX_BYTES_UNDER_PRESSURE) return false;
    if (!isStranger) return true;
    if (strangers.frames >= MAX_FRAMES_OF_STRANGERS) return false;
    return strangers.bytes + bytes <= LONGEST_FRAMES_OF_STRANGERS * maxFrameBytes;
  };

  const account = ({ waiting: { from, frame }, isStranger }: Link, sign: 1 | -1): void => {
    const load = loads.get(from) ?? { ...NO_LOAD };
    for (const sum of isStranger ? [load, total, strangers] : [load, total]) {
      sum.frames += sign;
      sum.bytes += sign * frame.length;
    }
    if (load.frames === 0) loads.delete(from);
    else loads.set(from, load);
  };

  const takeFrom = (lane: Map<ReplicaId, PeerFrames>): WaitingFrame | null => {
    const turn = lane.entries().next();
    if (turn.done === true) return null;
    const [peer, queue] = turn.value;
    const link = queue.first;
    // To the end of the line: maps keep the order in which keys were added.
    lane.delete(peer);
    if (link.next !== null) lane.set(peer, { first: link.next, last: queue.last });
    account(link, -1);
    return link.waiting;
  };

  return {
    push(waiting) {
      const { from, channel, frame } = waiting;
      const isStranger = !isValidator(from);
      if (!hasRoom(from, frame.length, isStranger)) return false;
      const lane = channel === 'sync' ? lanes.sync : lanes.consensus;
      const link: Link = { waiting, isStranger, next: null };
      const queue = lane.get(from);
      if (queue === undefined) {
        lane.set(from, { first: link, last: link });
      } else {
        queue.last.next = link;
        queue.last = link;
      }
      account(link, 1);
      return true;
    },
    next() {
      const syncFirst = sinceSync >= SYNC_SHARE - 1;
      const taken = syncFirst
        ? (takeFrom(lanes.sync) ?? takeFrom(lanes.consensus))
        : (takeFrom(lanes.consensus) ?? takeFrom(lanes.sync));
      sinceSync = taken?.channel === 'sync' ? 0 : sinceSync + 1;
      return taken;
    },
    get size() {
      return total.frames;
    },
    get bytes() {
      return total.bytes;
    },
    clear() {
      lanes.consensus.clear();
      lanes.sync.clear();
      loads.clear();
      for (const sum of [total, strangers]) {
        sum.frames = 0;
        sum.bytes = 0;
      }
    },
  };
}

const NO_LOAD: Readonly<Load> = { frames: 0, bytes: 0 };
