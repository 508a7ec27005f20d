import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A file is closed when it is so long: minutes at full load, and still quick to copy and to replay. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** Files kept per replica; with the bound above, half a gigabyte at most. */
const MAX_FILES = 8;

/** Bytes that may wait for a slow disk. Beyond, recording pauses: a trace must not cost the replica its memory. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;

export interface TraceFilesOptions {
  readonly dir: string;
  /** What the names of this replica's files begin with. */
  readonly prefix: string;
  /** Called once when the disk fails: nothing is recorded any more, and the replica goes on. */
  readonly onError: (error: unknown) => void;
  /** Smaller ones are for tests. */
  readonly maxFileBytes?: number;
  readonly maxFiles?: number;
}

/** A directory of numbered trace files, of which the oldest are deleted. */
export interface TraceFiles {
  /** Whether the next record must begin a new file: the last one is full, or there is none. */
  readonly wantsNewFile: boolean;
  /** Whether records would only pile up in memory now. */
  readonly isPaused: boolean;
  begin(header: Uint8Array): void;
  append(record: Uint8Array): void;
  /** Resolves when all that was appended is written, or writing has failed. */
  close(): Promise<void>;
}

/** Makes the directory when there is none. Throws what the file system does. */
export async function openTraceFiles(options: TraceFilesOptions): Promise<TraceFiles> {
  await mkdir(options.dir, { recursive: true });
  const names = await namesIn(options);
  const files = new RotatingFiles(options, names);
  return files;
}

/** This replica's files, oldest first. */
async function namesIn({ dir, prefix }: TraceFilesOptions): Promise<string[]> {
  const isOurs = (name: string) => name.startsWith(`${prefix}-`) && /-\d{8}\.trace$/.test(name);
  return (await readdir(dir)).filter(isOurs).sort();
}

const numberIn = (name: string): number => Number(name.slice(-'00000000.trace'.length, -'.trace'.length));

class RotatingFiles implements TraceFiles {
  readonly #options: TraceFilesOptions;
  readonly #names: string[];
  readonly #closing = new Set<Promise<void>>();
  #number: number;
  #stream: WriteStream | null = null;
  #size = 0;
  #failed = false;

  constructor(options: TraceFilesOptions, names: string[]) {
    this.#options = options;
    this.#names = names;
    this.#number = numberIn(names.at(-1) ?? '-00000000.trace');
  }

  get wantsNewFile(): boolean {
    return this.#stream === null || this.#size >= (this.#options.maxFileBytes ?? MAX_FILE_BYTES);
  }

  /** While an earlier file is still being written, no further one is begun. */
  get isPaused(): boolean {
    return this.#failed || (this.#stream === null && this.#closing.size > 0);
  }

  begin(header: Uint8Array): void {
    this.#endStream();
    this.#number += 1;
    const name = `${this.#options.prefix}-${String(this.#number).padStart(8, '0')}.trace`;
    this.#stream = createWriteStream(join(this.#options.dir, name), { flags: 'wx', mode: 0o600 });
    this.#stream.on('error', (error) => this.#fail(error));
    this.#size = 0;
    this.#names.push(name);
    this.#deleteOldest();
    this.append(header);
  }

  append(record: Uint8Array): void {
    if (this.#stream === null) return;
    this.#stream.write(record);
    this.#size += record.length;
    if (this.#stream.writableLength > MAX_WAITING_BYTES) this.#endStream();
  }

  #endStream(): void {
    const stream = this.#stream;
    if (stream === null) return;
    this.#stream = null;
    const closed = new Promise<void>((resolve) => {
      stream.once('close', resolve);
    });
    this.#closing.add(closed);
    void closed.then(() => this.#closing.delete(closed));
    stream.end();
  }

  #deleteOldest(): void {
    while (this.#names.length > (this.#options.maxFiles ?? MAX_FILES)) {
      const name = this.#names.shift() as string;
      const deleted = rm(join(this.#options.dir, name), { force: true }).catch((error) => this.#fail(error));
      this.#closing.add(deleted);
      void deleted.then(() => this.#closing.delete(deleted));
    }
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#endStream();
    this.#options.onError(error);
  }

  async close(): Promise<void> {
    this.#endStream();
    await Promise.all(this.#closing);
  }
}
