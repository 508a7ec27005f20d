import type { TLSSocket } from 'node:tls';
import { assertNever } from '../../model/assert.ts';
import { CONTROL, type Code, recordHeader } from './channels.ts';
import { type ControlMessage, decodeControl, encodeRefusal, HEARTBEAT } from './control.ts';
import type { Ending } from './events.ts';
import { createFrameReader, type FrameReader } from './frame-reader.ts';
import type { HandshakeMessage } from './handshake.ts';
import { type Refusal, refusal } from './refusal.ts';
import type { SendQueue } from './send-queue.ts';
import type { ChannelCounters, TrafficCounters } from './statistics.ts';

/**
 * Bytes that Node and OpenSSL may hold for one peer. Much less costs turns of the event loop; more leaves the caches of
 * the processor while it is encrypted (256 KiB take twice the time per byte), and urgent frames wait behind it.
 */
const MAX_SOCKET_BYTES = 128 * 1024;

/** How long a connection stays after our last word, so that the peer can read it, before it is torn down. */
const LINGER_MS = 1_000;

const TOO_EARLY = refusal('malformed', 'a frame before the keys were proved');

/** The same for all links of a network. */
export interface LinkTraffic {
  /** Largest frame by channel code, in bytes. */
  readonly maxFrameBytes: readonly number[];
  readonly counters: TrafficCounters;
  /** Silent for more ticks, the peer is taken for dead. */
  readonly maxSilentTicks: number;
  /** A tick after so many without anything sent, a heartbeat is. */
  readonly heartbeatTicks: number;
}

export interface LinkOptions {
  /** After its TLS handshake. */
  readonly socket: TLSSocket;
  readonly traffic: LinkTraffic;
  readonly onHandshake: (message: HandshakeMessage, bytes: Uint8Array) => void;
  readonly onFrame: (code: Code, frame: Uint8Array) => void;
  /** Asked whenever an incomplete frame is held: why it must not, if so. */
  readonly onHeld: () => Refusal | null;
  /** Called once, as soon as the link is of no more use; its socket may live on to carry the last words. */
  readonly onEnd: (ending: Ending) => void;
  /** Called once, when the socket is gone. */
  readonly onClosed: () => void;
}

/** `ended`: the last word was said or heard; what still comes is thrown away. */
type State = 'handshake' | 'open' | 'ended';

/** One TLS connection to one peer: frames in and out, heartbeats, and an end that is explained to the other side. */
export class Link {
  readonly #options: LinkOptions;
  readonly #socket: TLSSocket;
  readonly #reader: FrameReader;
  #state: State = 'handshake';
  #queue: SendQueue | null = null;
  #flushing = false;
  #lastWord: Refusal | null = null;
  #failure: Error | null = null;
  #silentTicks = 0;
  #quietTicks = 0;

  constructor(options: LinkOptions) {
    const { socket, traffic } = options;
    this.#options = options;
    this.#socket = socket;
    this.#reader = createFrameReader({
      maxBytes: traffic.maxFrameBytes,
      onFrame: (code, frame) => this.#onFrame(code, frame),
      // Whoever has proved nothing gets no memory for frames, not even for one that it never ends.
      refusalOf: (code) => (code === CONTROL || this.#state !== 'handshake' ? null : TOO_EARLY),
    });
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => this.#flush());
    socket.on('error', (error) => {
      this.#failure = error;
    });
    socket.once('close', () => this.#onClose());
  }

  /** Memory that frames which are not complete yet occupy. */
  get heldBytes(): number {
    return this.#reader.heldBytes();
  }

  /** The keys are proved: frames pass from now on, those of `queue` first. */
  open(queue: SendQueue): void {
    this.#state = 'open';
    this.#queue = queue;
    this.wake();
  }

  /** Something was queued: it leaves once the current work is done, together with what follows in it. */
  wake(): void {
    if (this.#flushing || this.#queue === null) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  sendControl(message: Uint8Array): void {
    if (!this.#socket.writable) return;
    this.#socket.cork();
    this.#socket.write(recordHeader(message.length, CONTROL));
    this.#socket.write(message);
    this.#socket.uncork();
    this.#quietTicks = 0;
  }

  /** Tells the peer why, and ends. */
  end(reason: Refusal): void {
    if (this.#state === 'ended') return;
    this.#finish({ by: 'us', ...reason });
    this.sendControl(encodeRefusal(reason.code, reason.detail));
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  /** Ends once all that is queued has left. */
  endAfterQueue(reason: Refusal): void {
    if (this.#queue === null) return this.end(reason);
    this.#lastWord = reason;
    this.wake();
  }

  /** Tears the connection down without a word. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** To be called at even intervals: keeps the peer sure of us, and us of the peer. */
  tick(): void {
    if (this.#state === 'ended') return;
    this.#silentTicks++;
    this.#quietTicks++;
    if (this.#silentTicks > this.#options.traffic.maxSilentTicks) {
      return this.end(refusal('silent', 'nothing was heard for longer than the idle timeout'));
    }
    // Bytes that still wait in the socket will do as a sign of life.
    if (this.#quietTicks >= this.#options.traffic.heartbeatTicks && this.#socket.writableLength === 0) {
      this.sendControl(HEARTBEAT);
    }
  }

  #onData(chunk: Buffer): void {
    if (this.#state === 'ended') return;
    this.#silentTicks = 0;
    const fault = this.#reader.push(chunk) ?? (this.#reader.heldBytes() > 0 ? this.#options.onHeld() : null);
    if (fault !== null) this.end(fault);
  }

  #onFrame(code: Code, frame: Uint8Array): boolean {
    const counters = this.#options.traffic.counters[code] as ChannelCounters;
    counters.framesIn++;
    counters.bytesIn += frame.length;
    if (code === CONTROL) this.#onControl(frame);
    else this.#options.onFrame(code, frame);
    // Whatever the frame led to may have ended the link; TypeScript cannot know.
    return (this.#state as State) !== 'ended';
  }

  #onControl(bytes: Uint8Array): void {
    const decoded = decodeControl(bytes);
    if ('rejection' in decoded)
      return this.end(refusal('malformed', decoded.rejection.detail ?? 'no message'));
    this.#onMessage(decoded.value, bytes);
  }

  #onMessage(message: ControlMessage, bytes: Uint8Array): void {
    switch (message.type) {
      case 'heartbeat':
        return;
      case 'refused':
        this.#finish({ by: 'peer', code: message.code, detail: message.detail });
        this.#socket.destroy();
        return;
      case 'hello':
      case 'proof':
      case 'accepted':
        if (this.#state === 'handshake') return this.#options.onHandshake(message, bytes);
        return this.end(refusal('malformed', `${message.type} after the handshake`));
      default:
        assertNever(message);
    }
  }

  #flush(): void {
    const queue = this.#queue;
    if (queue === null) return;
    const socket = this.#socket;
    const write = (bytes: Uint8Array): void => {
      socket.write(bytes);
    };
    let wrote = false;
    socket.cork();
    while (socket.writable && socket.writableLength < MAX_SOCKET_BYTES && queue.writeNext(write))
      wrote = true;
    socket.uncork();
    if (wrote) this.#quietTicks = 0;
    if (this.#lastWord !== null && queue.isEmpty()) this.end(this.#lastWord);
  }

  #onClose(): void {
    this.#options.onClosed();
    if (this.#state === 'ended') return;
    const detail = this.#failure?.message ?? 'the connection was closed without a word';
    this.#finish({ by: 'peer', code: 'lost', detail });
  }

  #finish(ending: Ending): void {
    this.#state = 'ended';
    this.#queue = null;
    // The socket may live on to carry the last words: what the peer has begun to say must not, as nobody counts it.
    this.#reader.release();
    this.#options.onEnd(ending);
  }
}
