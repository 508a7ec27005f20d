import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A child process running a TypeScript file, with the lines that it wrote so far. */
export interface Child {
  readonly pid: number;
  readonly lines: readonly string[];
  readonly errors: readonly string[];
  /** Resolves with the first line that matches; rejects when the child ends without one. */
  line(pattern: RegExp): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** How it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** `shellLimit` is a `ulimit` to run under, such as `-f 100`. */
export function startChild(file: URL, args: readonly string[], shellLimit?: string): Child {
  const command = [process.execPath, '--import', 'tsx', fileURLToPath(file), ...args];
  const [program, ...rest] =
    shellLimit === undefined
      ? command
      : ['bash', '-c', `ulimit ${shellLimit} && exec "$@"`, 'bash', ...command];
  const child = spawn(program as string, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const errors: string[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const check of [...waiting]) check();
  };
  let hasEnded = false;
  const output = createInterface({ input: child.stdout });
  output.on('line', (line) => {
    lines.push(line);
    wake();
  });
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('close', (code, signal) => {
      hasEnded = true;
      wake();
      resolve({ code, signal });
    });
  });
  return {
    pid: child.pid as number,
    lines,
    errors,
    ended,
    kill: (signal) => void child.kill(signal),
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = lines.find((line) => pattern.test(line));
          if (found === undefined && !hasEnded) return;
          waiting.delete(check);
          if (found !== undefined) resolve(found);
          else reject(new Error(`the child ended without ${pattern}: ${errors.join('\n')}`));
        };
        waiting.add(check);
        check();
      }),
  };
}
