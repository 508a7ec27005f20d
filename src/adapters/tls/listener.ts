import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { ConfigError } from '../../model/errors.ts';
import { formatAddress, parseAddress } from './address.ts';
import type { TlsIdentity } from './identity.ts';
import { type Refusal, refusal } from './refusal.ts';
import { secureOptions } from './secure.ts';

export interface ListenerOptions {
  readonly address: string;
  readonly identity: TlsIdentity;
  readonly maxPending: number;
  /** Connections that may come from one host within a second. */
  readonly maxPerSecond: number;
  readonly handshakeTimeoutMs: number;
  /**
   * Takes over a connection after its TLS handshake. It stays pending, and may be refused through `refuse`, until
   * `settle` is called.
   */
  readonly onSocket: (socket: TLSSocket, pending: Pending) => void;
  /** A connection ended before anybody took it over; `repeated` if the same befell its host within this second. */
  readonly onRefused: (address: string, reason: Refusal, repeated: boolean) => void;
  /** The listening socket failed after it was bound. */
  readonly onFailed: (error: Error) => void;
}

/** A connection whose handshake is not complete. */
export interface Pending {
  /** `host:port` of the other side. */
  readonly address: string;
  /** How to refuse it; replaced by who takes it over. */
  refuse: (reason: Refusal) => void;
  /** The handshake is complete, or over. */
  readonly settle: () => void;
}

export interface Listener {
  readonly address: string;
  /** Accepts connections from now on; those that came before were turned away. */
  accept(): void;
  /** Refuses what is pending and stops listening. */
  close(): Promise<void>;
}

interface Entry extends Pending {
  readonly source: string;
}

/** Binds a socket. Throws `ConfigError` when the address cannot be had. */
export async function createListener(options: ListenerOptions): Promise<Listener> {
  const { onSocket, onRefused, handshakeTimeoutMs } = options;
  const { host, port } = parseAddress(options.address, 'listen');
  /** Oldest first. */
  const pending = new Map<string, Entry>();
  const excessOf = createRateLimit(options.maxPerSecond);
  let accepting = false;
  const tlsServer = createTlsServer({
    ...secureOptions(options.identity),
    handshakeTimeout: handshakeTimeoutMs,
  });
  const server = createServer({ noDelay: true });

  function accept(raw: Socket): void {
    raw.on('error', () => {});
    const source = raw.remoteAddress;
    if (!accepting || source === undefined) {
      raw.destroy();
      return;
    }
    const address = formatAddress({ host: source, port: raw.remotePort ?? 0 });
    const excess = excessOf(source);
    if (excess > 0) {
      raw.destroy();
      onRefused(address, TOO_FAST, excess > 1);
      return;
    }
    if (pending.size >= options.maxPending) makePlace(pending);
    const timer = setTimeout(() => {
      entry.refuse(refusal('timeout', `the handshake took longer than ${handshakeTimeoutMs} ms`));
    }, handshakeTimeoutMs);
    const entry: Entry = {
      address,
      source,
      refuse(reason) {
        entry.settle();
        onRefused(address, reason, false);
        raw.destroy();
      },
      settle() {
        clearTimeout(timer);
        pending.delete(address);
      },
    };
    pending.set(address, entry);
    raw.once('close', entry.settle);
    tlsServer.emit('connection', raw);
  }

  const find = (socket: TLSSocket): Entry | undefined =>
    pending.get(formatAddress({ host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }));

  tlsServer.on('secureConnection', (socket) => {
    const entry = find(socket);
    socket.on('error', () => {});
    if (entry === undefined) socket.destroy();
    else onSocket(socket, entry);
  });
  tlsServer.on('tlsClientError', (error: Error & { readonly code?: string }, socket) => {
    find(socket)?.refuse(refusal('tls', `the TLS handshake failed: ${error.code ?? error.message}`));
  });
  server.on('connection', accept);
  const bound = await bind(server, host, port);
  server.on('error', options.onFailed);
  return {
    address: bound,
    accept() {
      accepting = true;
    },
    close() {
      accepting = false;
      for (const entry of [...pending.values()])
        entry.refuse(refusal('shutting-down', 'the node is closing'));
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const TOO_FAST = refusal('overloaded', 'too many connections came from this host within a second');

/**
 * Counts connections by the host that they come from, and tells by how many a new one exceeds the limit in the current
 * second. A TLS handshake costs near a millisecond of the thread that consensus runs on; nobody shall buy many for
 * nothing.
 */
function createRateLimit(maxPerSecond: number): (source: string) => number {
  const counts = new Map<string, number>();
  let second = 0;
  return (source) => {
    const now = Math.floor(performance.now() / 1_000);
    if (now !== second) counts.clear();
    second = now;
    const count = (counts.get(source) ?? 0) + 1;
    counts.set(source, count);
    return count - maxPerSecond;
  };
}

/**
 * Gives up the oldest handshake of the source that has most of them. Somebody who opens connections to fill the places
 * thereby only loses his own, and one source of its own always gets its turn.
 */
function makePlace(pending: ReadonlyMap<string, Entry>): void {
  const counts = new Map<string, number>();
  for (const { source } of pending.values()) counts.set(source, (counts.get(source) ?? 0) + 1);
  const most = Math.max(...counts.values());
  for (const entry of pending.values()) {
    if (counts.get(entry.source) !== most) continue;
    entry.refuse(refusal('overloaded', 'too many connections wait for their handshake'));
    return;
  }
}

const REMEDIES: { readonly [Code in string]?: string } = {
  EADDRINUSE: 'is taken by another process; stop that process or choose another port',
  EADDRNOTAVAIL: 'is no address of this machine; choose one of its own, or 0.0.0.0 for all',
  EACCES: 'is not allowed to this user; choose a port from 1024 on',
  ENOTFOUND: 'has a host name that cannot be resolved; choose an address of this machine, or 0.0.0.0 for all',
};

function bind(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error & { readonly code?: string }): void => {
      const remedy = REMEDIES[cause.code ?? ''] ?? `cannot be listened on: ${cause.message}`;
      reject(new ConfigError('listen', `${formatAddress({ host, port })} ${remedy}`, { cause }));
    };
    server.once('error', failed);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', failed);
      const address = server.address();
      const actual = typeof address === 'object' && address !== null ? address.port : port;
      resolve(formatAddress({ host, port: actual }));
    });
  });
}
