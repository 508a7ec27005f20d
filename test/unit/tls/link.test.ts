import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { expect, it } from 'vitest';
import { beginHeader } from '../../../src/adapters/tls/channels.ts';
import { Link } from '../../../src/adapters/tls/link.ts';
import { refusal } from '../../../src/adapters/tls/refusal.ts';
import { createSendQueue } from '../../../src/adapters/tls/send-queue.ts';
import { createTrafficCounters } from '../../../src/adapters/tls/statistics.ts';

class FakeSocket extends Duplex {
  setNoDelay(): void {}
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
    done();
  }
}

it('holds no begun frame any more while its last words are on their way', async () => {
  const socket = new FakeSocket();
  const counters = createTrafficCounters();
  const link = new Link({
    socket: socket as unknown as TLSSocket,
    traffic: { maxFrameBytes: [2_048, 0, 0, 1_000_000], counters, maxSilentTicks: 9, heartbeatTicks: 9 },
    onHandshake: () => {},
    onFrame: () => {},
    onHeld: () => null,
    onEnd: () => {},
    onClosed: () => {},
  });
  link.open(createSendQueue([0, 0, 0, 0], counters));
  socket.push(beginHeader(60_000, 3, 1_000_000));
  socket.push(new Uint8Array(50_000));
  await new Promise((resolve) => setImmediate(resolve));
  expect(link.heldBytes).toBeGreaterThanOrEqual(50_000);
  link.end(refusal('overloaded', 'too much'));
  expect(link.heldBytes).toBe(0);
  socket.push(new Uint8Array(5_000));
  await new Promise((resolve) => setImmediate(resolve));
  expect(link.heldBytes).toBe(0);
  link.destroy();
});
