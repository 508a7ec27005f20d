import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Member } from './members.ts';

const execute = promisify(execFile);

/**
 * Gives the first node a processor of its own, with all its threads, and leaves the others to the rest. Where all
 * processes share all processors, the delay of an event loop is mostly that of its process waiting for one.
 *
 * Returns why it cannot be done, or null when it was done.
 */
export async function giveOwnCore([first, ...others]: readonly Member[]): Promise<string | null> {
  const [own, ...rest] = allowedProcessors();
  if (own === undefined || rest.length === 0)
    return 'it needs Linux and two processors, of which one is left to a node';
  try {
    await pin(first!.pid, [own]);
    for (const { pid } of others) await pin(pid, rest);
    return null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return 'it needs taskset, which comes with util-linux';
  }
}

/** All threads of the process; those that come later inherit it. */
const pin = (pid: number, processors: readonly number[]) =>
  execute('taskset', ['--all-tasks', '--cpu-list', '--pid', processors.join(','), `${pid}`]);

/** Those that this process may run on; none where the system does not tell. */
function allowedProcessors(): readonly number[] {
  if (process.platform !== 'linux') return [];
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  return processorsIn(list);
}

/** The numbers of a list such as `0-3,8`. */
export function processorsIn(list: string): readonly number[] {
  return list.split(',').flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number);
    if (range === '' || from === undefined || to === undefined) return [];
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}
