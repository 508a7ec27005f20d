import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { ANSWER_BYTES, framed, onMessages } from './floor-frames.ts';

// A follower under the floor: answers every block with its hash, at the size of an Ed25519 signature.

const server = createServer((socket) => {
  // The leader goes without a word when it has measured enough.
  socket.on('error', () => process.exit());
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
