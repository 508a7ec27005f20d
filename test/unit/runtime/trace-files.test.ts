import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTraceFiles } from '../../../src/runtime/trace-files.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hotstuff-trace-files-'));
});

afterEach(() => rm(dir, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => Buffer.from(text);
const open = (more: object = {}) =>
  openTraceFiles({
    dir,
    prefix: 'ab',
    onError: (error) => {
      throw error;
    },
    maxFileBytes: 10,
    maxFiles: 3,
    ...more,
  });
const contents = async (): Promise<Record<string, string>> => {
  const names = (await readdir(dir)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, String(await readFile(join(dir, name)))])),
  );
};

describe('trace files', () => {
  it('ask for a new file first and whenever one is full', async () => {
    const files = await open();
    expect(files.wantsNewFile).toBe(true);
    files.begin(bytes('head1,'));
    files.append(bytes('a'));
    expect(files.wantsNewFile).toBe(false);
    files.append(bytes('bbbb'));
    expect(files.wantsNewFile).toBe(true);
    files.begin(bytes('head2,'));
    files.append(bytes('c'));
    await files.close();
    expect(await contents()).toEqual({ 'ab-00000001.trace': 'head1,abbbb', 'ab-00000002.trace': 'head2,c' });
  });

  it('go on counting where an earlier process ended, and delete the oldest of this replica alone', async () => {
    await writeFile(join(dir, 'other-00000001.trace'), 'kept');
    await writeFile(join(dir, 'ab-notes.txt'), 'kept');
    for (const round of ['x', 'y']) {
      const files = await open();
      for (const number of [1, 2]) files.begin(bytes(`${round}${number}`));
      await files.close();
    }
    expect(await contents()).toEqual({
      'other-00000001.trace': 'kept',
      'ab-notes.txt': 'kept',
      'ab-00000002.trace': 'x2',
      'ab-00000003.trace': 'y1',
      'ab-00000004.trace': 'y2',
    });
  });

  it('are for their owner alone, in a directory that is made when it is missing', async () => {
    const files = await open({ dir: join(dir, 'new', 'deeper') });
    files.begin(bytes('head'));
    await files.close();
    const { mode } = await stat(join(dir, 'new', 'deeper', 'ab-00000001.trace'));
    expect(mode & 0o777).toBe(0o600);
  });

  it('pause rather than pile up, and go on in a new file', async () => {
    const files = await open({ maxFileBytes: 1e9 });
    files.begin(bytes('head'));
    const block = Buffer.alloc(8 * 1024 * 1024);
    let written = 0;
    while (!files.isPaused && written < 20) {
      files.append(block);
      written += 1;
    }
    expect(written).toBeLessThan(20);
    expect(files.isPaused).toBe(true);
    files.append(bytes('lost'));
    while (files.isPaused) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(files.wantsNewFile).toBe(true);
    files.begin(bytes('head2'));
    await files.close();
    const { size } = await stat(join(dir, 'ab-00000001.trace'));
    expect(size).toBe(4 + written * block.length);
    expect(String(await readFile(join(dir, 'ab-00000002.trace')))).toBe('head2');
  });

  it('tell once that the disk fails, and are paused from then on', async () => {
    const errors: unknown[] = [];
    const files = await open({ onError: (error: unknown) => errors.push(error) });
    await rm(dir, { recursive: true });
    files.begin(bytes('head'));
    files.append(bytes('more'));
    await files.close();
    expect(errors).toHaveLength(1);
    expect(files.isPaused).toBe(true);
    files.append(bytes('more'));
    await files.close();
  });

  it('need a directory', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(open({ dir: join(dir, 'file') })).rejects.toThrow(/EEXIST|ENOTDIR/);
  });
});
