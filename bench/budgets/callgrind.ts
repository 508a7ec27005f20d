import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, devNull } from 'node:os';
import { promisify } from 'node:util';
import { rustProgram } from '../paths.ts';
import type { Counts } from './judge.ts';

const execute = promisify(execFile);

/** The function of native/core/examples/counted.rs inside of which instructions count. */
const MEASURED = 'counted::measured*';

/** What to do on a machine without valgrind. */
export const HOW_TO_INSTALL =
  'instructions are counted by valgrind, which is not installed: "apt-get install valgrind" or the like. It runs on Linux.';

/**
 * What the counts hold for. Valgrind shows programs the same processor on all machines that have AVX2, and another one
 * on those without it.
 */
export function processorKind(): string {
  return `${arch()}${arch() === 'x64' && !hasAvx2() ? ' without AVX2' : ''}`;
}

function hasAvx2(): boolean {
  try {
    return /\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}

export async function hasValgrind(): Promise<boolean> {
  return execute('valgrind', ['--version']).then(
    () => true,
    () => false,
  );
}

/** Instructions that each operation of native/core takes. */
export async function countInstructions(onCounted: (name: string) => void): Promise<Counts> {
  const { stdout } = await execute(rustProgram('counted'));
  const names = stdout.trim().split('\n');
  const waiting = [...names];
  const counts: Record<string, number> = {};
  const work = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      counts[name] = await instructionsOf(name);
      onCounted(name);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return Object.fromEntries(names.map((name) => [name, counts[name] ?? 0]));
}

async function instructionsOf(name: string): Promise<number> {
  const flags = ['--tool=callgrind', `--callgrind-out-file=${devNull}`, `--toggle-collect=${MEASURED}`];
  const { stderr } = await execute('valgrind', [...flags, rustProgram('counted'), name]);
  const collected = Number(/Collected : (\d+)/.exec(stderr)?.[1] ?? 0);
  if (collected === 0) throw new Error(`valgrind counted nothing in ${name}:\n${stderr}`);
  return collected;
}
