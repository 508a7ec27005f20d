import { statfsSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';

/** Where numbers were measured: they mean nothing without it. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
  readonly node: string;
}

export const thisMachine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  os: `${platform()} ${release()} ${arch()}`,
  node: process.version,
});

/** File systems in memory, whose flushes cost nothing and keep nothing. */
const TMPFS = 0x0102_1994;
const RAMFS = 0x8584_58f6;

/** Whether a flush in `directory` reaches something that survives a power cut, as far as can be told. */
export function isOnDisk(directory: string): boolean {
  const { type } = statfsSync(directory);
  return type !== TMPFS && type !== RAMFS;
}
