import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

/**
 * The floor under a cluster: a leader and three followers in processes of their own, which pass blocks around over
 * plain TCP and hash them: no signatures, no disk, no consensus. What a round costs at least on this machine.
 */
const FOLLOWERS = 3;
/** A quorum of four: the leader itself and two answers. */
const ANSWERS = 2;
const ANSWER_BYTES = 64;
const LENGTH_BYTES = 4;

/** Reads messages of a `u32` length and as many bytes. */
function onMessages(socket: Socket, receive: (message: Buffer) => void): void {
  let waiting: Buffer[] = [];
  let held = 0;
  socket.on('data', (chunk) => {
    waiting.push(chunk);
    held += chunk.length;
    if (held < LENGTH_BYTES) return;
    let buffer = waiting.length === 1 ? chunk : Buffer.concat(waiting);
    while (buffer.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + buffer.readUInt32LE(0);
      if (buffer.length < end) break;
      receive(buffer.subarray(LENGTH_BYTES, end));
      buffer = buffer.subarray(end);
    }
    waiting = [buffer];
    held = buffer.length;
  });
}

function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(LENGTH_BYTES + message.length);
  frame.writeUInt32LE(message.length, 0);
  frame.set(message, LENGTH_BYTES);
  return frame;
}

/** A follower: answers every block with its hash, at the size of an Ed25519 signature. */
async function follow(): Promise<void> {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    onMessages(socket, (block) => {
      const hash = createHash('sha256').update(block).digest();
      socket.write(framed(Buffer.concat([hash, hash], ANSWER_BYTES)));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : null);
  process.on('disconnect', () => process.exit());
}

/** Rounds per second of blocks of `bytes`: one is sent when a quorum has answered the one before. */
export async function floorRoundsPerSecond(bytes: number, seconds: number): Promise<number> {
  const children: ChildProcess[] = [];
  const sockets: Socket[] = [];
  try {
    for (let at = 0; at < FOLLOWERS; at++) {
      const child = fork(fileURLToPath(import.meta.url), ['follow']);
      children.push(child);
      const [port] = (await once(child, 'message')) as [number];
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.setNoDelay(true);
      sockets.push(socket);
    }
    return await countRounds(sockets, bytes, seconds);
  } finally {
    for (const socket of sockets) socket.destroy();
    for (const child of children) child.disconnect();
  }
}

async function countRounds(sockets: readonly Socket[], bytes: number, seconds: number): Promise<number> {
  const block = Buffer.alloc(bytes, 7);
  const frame = framed(block);
  const answered = sockets.map(() => 0);
  let round = 0;
  let isDone = false;
  const begin = (): void => {
    round += 1;
    createHash('sha256').update(block).digest();
    for (const socket of sockets) socket.write(frame);
  };
  return await new Promise<number>((resolve, reject) => {
    for (const [at, socket] of sockets.entries()) {
      socket.on('error', reject);
      onMessages(socket, () => {
        answered[at] = (answered[at] as number) + 1;
        if (!isDone && answered.filter((count) => count >= round).length === ANSWERS) begin();
      });
    }
    const startedAt = performance.now();
    setTimeout(() => {
      isDone = true;
      resolve((round - 1) / ((performance.now() - startedAt) / 1_000));
    }, seconds * 1_000);
    begin();
  });
}

if (process.argv[2] === 'follow') await follow();
