import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { programAt } from '../paths.ts';
import { framed, onMessages } from './floor-frames.ts';

/**
 * The floor under a cluster: a leader and three followers in processes of their own, which pass blocks around over
 * plain TCP and hash them: no signatures, no disk, no consensus. What a round costs at least on this machine.
 */
const FOLLOWERS = 3;
/** A quorum of four: the leader itself and two answers. */
const ANSWERS = 2;

/** Rounds per second of blocks of `bytes`: one is sent when a quorum has answered the one before. */
export async function floorRoundsPerSecond(bytes: number, seconds: number): Promise<number> {
  const children: ChildProcess[] = [];
  const sockets: Socket[] = [];
  try {
    for (let at = 0; at < FOLLOWERS; at++) {
      const child = fork(programAt('cluster/floor-follower'));
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
