import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { createSigner, generateKeys, provePossession } from '../adapters/native/index.ts';
import { generateTlsIdentity, type TlsIdentity } from '../adapters/tls/index.ts';
import {
  bytesToHex,
  type ChainId,
  hexToBytes,
  possessionPreimage,
  type ReplicaId,
  SCHEME_SIZES,
  type SchemeName,
  type Signer,
} from '../index.ts';
import { CommandFailure } from './failure.ts';
import { PRIVATE_DIRECTORY, PRIVATE_FILE, writeFileDurably } from './files.ts';

/** The validator key as it lies in keys/validator.json. */
export interface ValidatorKey {
  readonly scheme: SchemeName;
  readonly id: ReplicaId;
  /** Hex. */
  readonly secretKey: string;
  /**
   * Set, durably, before the store that the key votes from is made: such a key may have voted, so it never starts on
   * an empty store again.
   */
  readonly usedSince: string | null;
}

const schema = z.strictObject({
  scheme: z.enum(['bls12381', 'ed25519']),
  id: z.string(),
  secretKey: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits'),
  usedSince: z.string().nullable(),
});

export function makeValidatorKey(scheme: SchemeName): ValidatorKey {
  const { id, secretKey } = generateKeys(scheme);
  return { scheme, id, secretKey: bytesToHex(secretKey), usedSince: null };
}

/** Writes a new key where there is none. A key is never overwritten: what it has voted for could not be undone. */
export function writeNewValidatorKey(path: string, key: ValidatorKey): void {
  if (existsSync(path)) {
    throw new CommandFailure(`${path}: there is a key already; move it away, or choose another place`);
  }
  mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_DIRECTORY });
  writeKey(path, key);
}

const writeKey = (path: string, key: ValidatorKey): void =>
  writeFileDurably(path, `${JSON.stringify(key, null, 2)}\n`, PRIVATE_FILE);

/** Marks the key at `path` as one that may vote from now on. */
export function markAsUsed(path: string, key: ValidatorKey): ValidatorKey {
  const used = { ...key, usedSince: new Date().toISOString() };
  writeKey(path, used);
  return used;
}

/** Reads and checks a key file. Throws `CommandFailure` when it is not there, not private, or no key. */
export function readValidatorKey(path: string): ValidatorKey {
  const parsed = schema.safeParse(readJson(path));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new CommandFailure(
      `${path}: ${issue?.path.join('.')}: ${issue?.message}; restore the key from a copy`,
    );
  }
  const key = parsed.data as ValidatorKey;
  const { id } = signerOf(key, path);
  if (id !== key.id) {
    throw new CommandFailure(`${path}: id: is not that of secretKey; restore the key from a copy`);
  }
  return key;
}

/** The signer of a key; `path` is named in errors. */
export function signerOf({ scheme, secretKey }: ValidatorKey, path: string): Signer {
  try {
    return createSigner(scheme, Uint8Array.from(Buffer.from(secretKey, 'hex')));
  } catch (cause) {
    const size = SCHEME_SIZES[scheme].secretKey;
    throw new CommandFailure(
      `${path}: secretKey: is no ${scheme} key of ${size} bytes; restore it from a copy`,
      {
        cause,
      },
    );
  }
}

/** The proof that lets the key into a validator set of the chain; null in a scheme that needs none. */
export function possessionOf({ scheme, id, secretKey }: ValidatorKey, chainId: ChainId): Uint8Array | null {
  return provePossession(scheme, hexToBytes(secretKey), possessionPreimage(chainId, id));
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readPrivateFile(path));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new CommandFailure(`${path}: is not JSON: ${cause.message}; restore the key from a copy`, {
      cause,
    });
  }
}

/** The text of a file that must be its owner's alone. */
export function readPrivateFile(path: string): string {
  let text: string;
  let mode: number;
  try {
    text = readFileSync(path, 'utf8');
    mode = statSync(path).mode;
  } catch (cause) {
    throw new CommandFailure(`${path}: cannot be read: ${(cause as Error).message}`, { cause });
  }
  if ((mode & 0o077) !== 0) {
    throw new CommandFailure(`${path}: others may read it; run: chmod 600 ${path}`);
  }
  return text;
}

/** Where a node's TLS key and certificate lie. */
export interface TlsPaths {
  readonly key: string;
  readonly certificate: string;
}

/** Makes the TLS key and certificate of a node, in place of any that are there. */
export async function writeTlsIdentity(paths: TlsPaths): Promise<void> {
  const { key, certificate } = await generateTlsIdentity();
  mkdirSync(dirname(paths.key), { recursive: true, mode: PRIVATE_DIRECTORY });
  writeFileDurably(paths.key, key, PRIVATE_FILE);
  writeFileDurably(paths.certificate, certificate, PRIVATE_FILE);
}

export const readTlsIdentity = (paths: TlsPaths): TlsIdentity => ({
  key: readPrivateFile(paths.key),
  certificate: readPrivateFile(paths.certificate),
});
