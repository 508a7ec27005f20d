import type { Socket } from 'node:net';

export const ANSWER_BYTES = 64;
const LENGTH_BYTES = 4;

/** Reads messages of a `u32` length and as many bytes. */
export function onMessages(socket: Socket, receive: (message: Buffer) => void): void {
  let waiting: Buffer[] = [];
  let held = 0;
  socket.on('data', (chunk: Buffer) => {
    waiting.push(chunk);
    held += chunk.length;
    const first = waiting[0] as Buffer;
    if (
      held < LENGTH_BYTES ||
      (first.length >= LENGTH_BYTES && held < LENGTH_BYTES + first.readUInt32LE(0))
    ) {
      return;
    }
    let buffer = waiting.length === 1 ? chunk : Buffer.concat(waiting);
    while (buffer.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + buffer.readUInt32LE(0);
      if (buffer.length < end) break;
      receive(buffer.subarray(LENGTH_BYTES, end));
      buffer = buffer.subarray(end);
    }
    waiting = buffer.length === 0 ? [] : [buffer];
    held = buffer.length;
  });
}

export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(LENGTH_BYTES + message.length);
  frame.writeUInt32LE(message.length, 0);
  frame.set(message, LENGTH_BYTES);
  return frame;
}
