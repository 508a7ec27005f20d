import type { ReplicaId } from '../../model/ids.ts';
import type { Channel, FrameReceiver, Network } from '../../ports/network.ts';

/** Connects the replicas of one process. Each `connect` is one replica's end; several hubs know nothing of each other. */
export interface MemoryNetworkHub {
  /**
   * The end of the replica `id`; its peers see it from its `listen` to its `close`. Throws `Error` while another end of
   * the same id is open.
   */
  connect(id: ReplicaId): Network;
}

/** In order of priority. */
const CHANNELS: readonly Channel[] = ['consensus', 'commands', 'sync'];

/**
 * Bytes that wait on one channel from one replica to another. They wait for a turn of the event loop at most, so only
 * a sender that says more than this in one turn loses its oldest frames.
 */
const MAX_QUEUE_BYTES = 64 * 1024 * 1024;

/** Counted for each frame besides its bytes, so that the number of tiny ones is bounded too. */
const FRAME_OVERHEAD_BYTES = 128;

/** Frames of one channel from one replica to another, oldest first. */
interface Lane {
  readonly from: ReplicaId;
  readonly channel: Channel;
  frames: Uint8Array[];
  head: number;
  bytes: number;
}

interface End {
  readonly id: ReplicaId;
  receive: FrameReceiver | null;
  /** By channel, then by sender. */
  readonly lanes: { readonly [Name in Channel]: Map<ReplicaId, Lane> };
  closed: boolean;
}

/**
 * A network without sockets. Frames are delivered in a later turn of the event loop, never during a call of `send`; per
 * turn, consensus goes before commands and commands before sync. Each receiver gets a copy of its own, so it may do
 * with a frame what it likes, as with any network.
 */
export function createMemoryNetworkHub(): MemoryNetworkHub {
  const ends = new Map<ReplicaId, End>();
  /** Those that something waits for. */
  let expecting = new Set<End>();

  function deliverAll(): void {
    const due = expecting;
    expecting = new Set();
    for (const end of due) deliver(end);
  }

  function put(from: ReplicaId, to: End, channel: Channel, frame: Uint8Array): void {
    if (to.receive === null) return;
    enqueue(laneOf(to, from, channel), frame);
    if (expecting.size === 0) setImmediate(deliverAll);
    expecting.add(to);
  }

  function isOpen(end: End): boolean {
    return !end.closed && end.receive !== null;
  }

  function others(id: ReplicaId): readonly End[] {
    return [...ends.values()].filter((end) => end.id !== id && end.receive !== null);
  }

  function networkOf(end: End): Network {
    const { id } = end;
    async function close(): Promise<void> {
      end.closed = true;
      if (ends.get(id) === end) ends.delete(id);
    }
    return {
      listen(receive) {
        if (end.closed) throw new Error('the network is closed');
        if (end.receive !== null) throw new Error('listen was called before: a network has one receiver');
        end.receive = receive;
      },
      send(to, channel, frame) {
        const receiver = ends.get(to);
        if (isOpen(end) && receiver !== undefined && to !== id) put(id, receiver, channel, frame);
      },
      broadcast(channel, frame) {
        if (isOpen(end)) for (const receiver of others(id)) put(id, receiver, channel, frame);
      },
      updateValidators() {},
      connectedPeers: () => (isOpen(end) ? others(id).map((other) => other.id) : []),
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  return {
    connect(id) {
      if (ends.has(id)) throw new Error(`the replica ${id} is connected already: close its network first`);
      const lanes = { consensus: new Map(), commands: new Map(), sync: new Map() };
      const end: End = { id, receive: null, lanes, closed: false };
      ends.set(id, end);
      return networkOf(end);
    },
  };
}

function laneOf(to: End, from: ReplicaId, channel: Channel): Lane {
  const lanes = to.lanes[channel];
  let lane = lanes.get(from);
  if (lane === undefined) {
    lane = { from, channel, frames: [], head: 0, bytes: 0 };
    lanes.set(from, lane);
  }
  return lane;
}

/** In the place of a dropped frame, so that its memory is free. */
const GONE = new Uint8Array(0);

const cost = (frame: Uint8Array): number => frame.length + FRAME_OVERHEAD_BYTES;

/** Copies when it is sent, since the sender may be gone by the time of delivery, or its memory. */
function enqueue(lane: Lane, frame: Uint8Array): void {
  lane.frames.push(new Uint8Array(frame));
  lane.bytes += cost(frame);
  while (lane.bytes > MAX_QUEUE_BYTES && lane.head < lane.frames.length) {
    lane.bytes -= cost(lane.frames[lane.head] as Uint8Array);
    lane.frames[lane.head++] = GONE;
  }
}

/** Hands over what had been sent when it began; what is sent meanwhile waits for the next turn. */
function deliver(end: End): void {
  const due: Lane[] = [];
  for (const channel of CHANNELS) {
    for (const lane of end.lanes[channel].values()) due.push(lane);
    end.lanes[channel].clear();
  }
  for (const { from, channel, frames, head } of due) {
    for (let at = head; at < frames.length; at++) {
      if (end.closed) return;
      end.receive?.(from, channel, frames[at] as Uint8Array);
    }
  }
}
