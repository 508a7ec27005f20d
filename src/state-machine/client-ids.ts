import { createHash, randomBytes } from 'node:crypto';
import { copyOf } from '../codec/bytes.ts';
import type { ReplicaId } from '../model/ids.ts';
import { CLIENT_ID_BYTES } from './envelope.ts';

// A node's clients have ids that begin with a hash of the node's own: who forwards a command is known to everybody,
// so nobody can send others commands under a name that is somebody else's, and take the place of his.

/** Long enough that nobody finds a key with the same; the rest of an id is drawn. */
const PREFIX_BYTES = 8;

/** What the ids of the clients of `node` begin with. */
export function clientPrefix(node: ReplicaId): Uint8Array {
  const digest = createHash('sha256').update(`hotstuff-ts client of ${node}`).digest();
  return copyOf(digest.subarray(0, PREFIX_BYTES));
}

/** An id that no other client has. */
export function newClientId(node: ReplicaId): Uint8Array {
  const id = new Uint8Array(CLIENT_ID_BYTES);
  id.set(clientPrefix(node), 0);
  id.set(randomBytes(CLIENT_ID_BYTES - PREFIX_BYTES), PREFIX_BYTES);
  return id;
}

/** Whether the command `datum` is of a client whose id begins with `prefix`. */
export function isOfClient(datum: Uint8Array, prefix: Uint8Array): boolean {
  for (let at = 0; at < PREFIX_BYTES; at++) if (datum[at] !== prefix[at]) return false;
  return true;
}
