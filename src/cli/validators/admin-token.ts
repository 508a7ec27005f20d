import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync } from 'node:fs';
import { CommandFailure } from '../failure.ts';
import { PRIVATE_FILE, writeFileDurably } from '../files.ts';
import type { Home } from '../home.ts';
import { readPrivateFile } from '../keys.ts';

const TOKEN_BYTES = 32;

/** The node's admin token; makes one where there is none. Throws `CommandFailure` when it is not private. */
export function ensureAdminToken({ adminToken: path }: Home): string {
  if (!existsSync(path))
    writeFileDurably(path, `${randomBytes(TOKEN_BYTES).toString('hex')}\n`, PRIVATE_FILE);
  return readAdminToken(path);
}

/** Throws `CommandFailure` when there is none at `path`, or others may read it. */
export function readAdminToken(path: string): string {
  const token = readPrivateFile(path).trim();
  if (/^[0-9a-f]{64}$/.test(token)) return token;
  throw new CommandFailure(
    `${path}: is no admin token of 64 hex digits; remove the file, and the node makes a new one at its next start`,
  );
}

/** Whether a request's Authorization header carries `token`, in a time that tells nothing about it. */
export function isAuthorized(header: string | undefined, token: string): boolean {
  const given = /^Bearer ([!-~]+)$/i.exec(header ?? '')?.[1] ?? '';
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
