import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { StorageError } from '../../model/errors.ts';

// One owner per store.
//
// LMDB lets many processes open one environment, but a replica believes what it holds in memory: two of them on one
// store would vote twice. Node has no flock, and a file that says "taken" outlives a kill -9. So the lock is a unix
// domain socket that its owner listens on, in the store's directory: whether somebody listens is known to the kernel
// alone, ends with the process however that ends, and is seen from other containers too that share the directory (an
// abstract socket is not, and the process ids in a file mean something else there).
//
// To take it: (1) listen under a name of one's own and only then publish that name; (2) look at all the others'. One
// that takes connections is an owner; one that refuses them is dead for ever, because it was published listening and
// names are never used again, so it can be deleted without a race. Of two that start at once, the one that looks
// later sees the other: at most one succeeds, and both may fail.

const PUBLISHED = /^owner-(\d+)-[0-9a-f]+\.sock$/;

/** Bytes of a socket's path that every platform takes. */
const SOCKET_PATH_LIMIT = 100;

/** Bytes of the longest name that a socket here has, and a separator. */
const LONGEST_NAME = 1 + 'starting-owner-'.length + 10 + 1 + 16 + '.sock'.length;

export interface StoreLock {
  release(): Promise<void>;
}

/**
 * Takes the lock of the existing directory `directory`. Throws `StorageError` when another process, or this one,
 * holds it, and when the file system has no sockets.
 */
export async function lockStore(directory: string): Promise<StoreLock> {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(directory, 'r');
    return await takeLock(directory, placeOf(directory, descriptor));
  } catch (cause) {
    if (cause instanceof StorageError) throw cause;
    throw new StorageError(`cannot lock ${directory}: ${(cause as Error).message}`, { cause });
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

async function takeLock(directory: string, place: string): Promise<StoreLock> {
  const name = `owner-${process.pid}-${randomBytes(8).toString('hex')}.sock`;
  const server = await listenAs(place, name);
  const release = (): Promise<void> => {
    rmSync(join(directory, name), { force: true });
    return new Promise((resolve) => server.close(() => resolve()));
  };
  try {
    const owner = await findOwner(place, name);
    if (owner === null) return { release };
    throw new StorageError(`${directory} is in use by process ${owner}: a store has one owner at a time`);
  } catch (error) {
    await release();
    throw error;
  }
}

/**
 * The path that sockets are named by. The kernel takes some 100 bytes; behind /proc a longer directory is short, for
 * as long as its descriptor is open.
 */
function placeOf(directory: string, descriptor: number): string {
  const longest = Buffer.byteLength(directory) + LONGEST_NAME;
  return longest > SOCKET_PATH_LIMIT && process.platform === 'linux'
    ? `/proc/self/fd/${descriptor}`
    : directory;
}

async function listenAs(place: string, name: string): Promise<Server> {
  const unpublished = join(place, `starting-${name}`);
  const server = createServer((visitor) => visitor.destroy());
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(unpublished, resolve);
  });
  // What accepting a visitor may fail with later is the visitor's trouble.
  server.on('error', () => {});
  try {
    renameSync(unpublished, join(place, name));
  } catch (error) {
    server.close();
    throw error;
  }
  return server;
}

/** The process id of a living owner other than `mine`, null when there is none. Deletes what dead ones left. */
async function findOwner(place: string, mine: string): Promise<string | null> {
  for (const name of readdirSync(place)) {
    const owner = PUBLISHED.exec(name)?.[1];
    if (owner === undefined || name === mine) continue;
    const socket = join(place, name);
    if (await isListening(socket)) return owner;
    rmSync(socket, { force: true });
  }
  return null;
}

/** Only a refusal, or no such file, proves that nobody is there. A stopped process still takes connections. */
function isListening(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const visitor = connect(socket);
    visitor.once('connect', () => {
      visitor.destroy();
      resolve(true);
    });
    visitor.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}
