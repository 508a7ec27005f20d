import { connect, type TLSSocket } from 'node:tls';
import { parseAddress } from './address.ts';
import type { TlsIdentity } from './identity.ts';
import type { TlsNetworkTiming } from './options.ts';
import { secureOptions } from './secure.ts';

/** How an attempt ended: no TLS connection, one that was refused, or one that became a connection to the peer. */
export type DialOutcome = 'unreachable' | 'refused' | 'connected';

export interface DialerOptions {
  readonly address: string;
  readonly identity: TlsIdentity;
  readonly timing: TlsNetworkTiming;
  /** Waits at least so long before any attempt, to let the peer dial first. */
  readonly patienceMs: number;
  /**
   * Takes over a socket after its TLS handshake, reports by `settle` what became of it, and returns how to give it up
   * before that.
   */
  readonly onSocket: (socket: TLSSocket, settle: (outcome: DialOutcome) => void) => () => void;
  readonly onAttempt: () => void;
  readonly onFailed: (attempt: number, detail: string) => void;
}

/** Dials one address again and again, until told to stop. */
export interface Dialer {
  readonly address: string;
  /** The peer is connected, whoever dialed: no more attempts, and the one under way is given up. */
  rest(): void;
  /** The peer is not connected any more: attempts begin. */
  resume(): void;
  /** Like `rest`, for ever. */
  stop(): void;
}

/** A connection that lasted so long clears the record of failures before it; a shorter one counts as one more. */
const STABLE_MS = 5_000;

/**
 * Waits between attempts double from `retryMinMs` to `retryMaxMs` while the peer cannot be reached; after a refusal
 * they are `refusedRetryMs`. Each is drawn from the upper half of its range, so that nodes that lost each other
 * together do not dial together.
 */
export function createDialer(options: DialerOptions): Dialer {
  const { address, timing, patienceMs } = options;
  let failures = 0;
  let timer: NodeJS.Timeout | null = null;
  let abandon: (() => void) | null = null;
  let connectedAt: number | null = null;
  let stopped = false;

  function schedule(waitMs: number): void {
    if (stopped || timer !== null || abandon !== null) return;
    const drawn = waitMs * (0.5 + Math.random() / 2);
    timer = setTimeout(attempt, Math.max(drawn, patienceMs));
  }

  function retry(): void {
    const doubled = timing.retryMinMs * 2 ** Math.min(failures - 1, 30);
    schedule(failures === 0 ? 0 : Math.min(doubled, timing.retryMaxMs));
  }

  function attempt(): void {
    timer = null;
    let settled = false;
    const settle = (outcome: DialOutcome): void => {
      if (settled) return;
      settled = true;
      abandon = null;
      if (outcome === 'connected') return;
      failures++;
      if (outcome === 'refused') schedule(timing.refusedRetryMs);
      else retry();
    };
    options.onAttempt();
    const giveUp = connectOnce(options, failures + 1, settle);
    abandon = () => {
      settled = true;
      giveUp();
    };
  }

  function rest(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    abandon?.();
    abandon = null;
    connectedAt = performance.now();
  }

  return {
    address,
    rest,
    resume() {
      const lasted = connectedAt === null ? 0 : performance.now() - connectedAt;
      if (lasted >= STABLE_MS) failures = 0;
      else if (connectedAt !== null) failures++;
      connectedAt = null;
      retry();
    },
    stop() {
      rest();
      stopped = true;
    },
  };
}

/** Makes attempt number `attempt` in a row; returns how to give it up. Settles later, never during the call. */
function connectOnce(
  { address, identity, timing, onSocket, onFailed }: DialerOptions,
  attempt: number,
  settle: (outcome: DialOutcome) => void,
): () => void {
  const socket = connect({ ...parseAddress(address, 'peers'), ...secureOptions(identity), servername: '' });
  const timeout = `no TLS connection after ${timing.handshakeTimeoutMs} ms`;
  const timer = setTimeout(() => fail(timeout), timing.handshakeTimeoutMs);
  let giveUp = (): void => {
    over = true;
    clearTimeout(timer);
    socket.destroy();
  };
  let over = false;
  function fail(detail: string): void {
    if (over) return;
    giveUp();
    onFailed(attempt, detail);
    settle('unreachable');
  }
  socket.on('error', (error) => fail(error.message));
  socket.once('close', () => fail('the connection was closed during the TLS handshake'));
  socket.once('secureConnect', () => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    giveUp = onSocket(socket, settle);
  });
  return () => giveUp();
}
