import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { StorageError } from '../../model/errors.ts';

// What must be right before LMDB opens its file. lmdb 3.5 crosses freed memory when LMDB refuses to open (a segmentation
// fault in place of an error), so what LMDB would refuse is refused here, in words: files that cannot be used, a file
// that is none of LMDB's or of another version, one that was cut short, and no space for a new one.

export const DATA_FILE = 'data.mdb';

const LOCK_FILE = 'lock.mdb';

/** Bytes that a new environment takes at once, and some. */
const FIRST_BYTES = 64 * 1024;

/** Where the parts of a meta page lie; integers are little-endian. The first two pages of the file are such. */
const META = {
  flags: 18,
  magic: 24,
  version: 28,
  pageSize: 48,
  freeRoot: 88,
  mainRoot: 136,
  transaction: 152,
  end: 168,
} as const;

const META_FLAG = 0x08;
const MAGIC = 0xbeefc0de;
const VERSION = 2;
const NO_PAGE = 2n ** 64n - 1n;
const MIN_PAGE_SIZE = 512;
const MAX_PAGE_SIZE = 65_536;

/**
 * Throws `StorageError` when LMDB could not open the environment in `directory`. The file must end with a page, unless
 * its length is known to be right (`hasItsLength`): a write that failed for want of space may end anywhere, and LMDB
 * writes over what it left.
 */
export function checkDataFile(directory: string, hasItsLength: boolean): void {
  const file = join(directory, DATA_FILE);
  try {
    for (const name of [DATA_FILE, LOCK_FILE]) checkAccess(join(directory, name));
    if (exists(file)) checkFile(file, hasItsLength);
    else checkSpace(directory);
  } catch (cause) {
    if (cause instanceof StorageError) throw cause;
    throw new StorageError(`cannot use the store in ${directory}: ${(cause as Error).message}`, { cause });
  }
}

function exists(file: string): boolean {
  try {
    accessSync(file, constants.F_OK);
    return true;
  } catch {
    return false;
  }
}

function checkAccess(file: string): void {
  if (exists(file)) accessSync(file, constants.R_OK | constants.W_OK);
}

/** Throws when as much as a new environment needs cannot be written. */
function checkSpace(directory: string): void {
  const file = join(directory, 'space-check');
  try {
    writeFileSync(file, new Uint8Array(FIRST_BYTES), { mode: 0o600 });
  } finally {
    rmSync(file, { force: true });
  }
}

function checkFile(file: string, hasItsLength: boolean): void {
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    // LMDB fills an empty file.
    if (size > 0) checkMetaPages(descriptor, file, { size, hasItsLength });
  } finally {
    closeSync(descriptor);
  }
}

function checkMetaPages(
  descriptor: number,
  file: string,
  { size, hasItsLength }: { readonly size: number; readonly hasItsLength: boolean },
): void {
  const first = readMeta(descriptor, file, 0);
  const pageSize = first.readUInt32LE(META.pageSize);
  const isPowerOfTwo = (pageSize & (pageSize - 1)) === 0;
  if (!(isPowerOfTwo && pageSize >= MIN_PAGE_SIZE && pageSize <= MAX_PAGE_SIZE)) {
    throw damagedFile(file, `its pages are said to have ${pageSize} bytes`);
  }
  const second = readMeta(descriptor, file, pageSize);
  const [a, b] = [first, second].map((meta) => meta.readBigUInt64LE(META.transaction)) as [bigint, bigint];
  const newest = a >= b ? first : second;
  const pages = BigInt(Math.floor(size / pageSize));
  if (!hasItsLength && size % pageSize !== 0)
    throw damagedFile(file, 'it does not end with a page: it was cut short');
  for (const at of [META.freeRoot, META.mainRoot]) {
    const root = newest.readBigUInt64LE(at);
    if (root !== NO_PAGE && (root < 2n || root >= pages)) {
      throw damagedFile(file, `it has ${pages} pages and begins at page ${root}`);
    }
  }
}

function readMeta(descriptor: number, file: string, position: number): Buffer {
  const meta = Buffer.alloc(META.end);
  const length = readSync(descriptor, meta, 0, meta.length, position);
  if (length < meta.length) throw damagedFile(file, `it ends at byte ${position + length}`);
  if ((meta.readUInt16LE(META.flags) & META_FLAG) === 0 || meta.readUInt32LE(META.magic) !== MAGIC) {
    throw damagedFile(file, `there is no header at byte ${position}`);
  }
  const version = meta.readUInt32LE(META.version) & 0xffff;
  if (version !== VERSION) throw damagedFile(file, `its format has version ${version}, not ${VERSION}`);
  return meta;
}

const damagedFile = (file: string, why: string): StorageError =>
  new StorageError(`${file} is damaged or not a store: ${why}`);
