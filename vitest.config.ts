import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const MINUTE_MS = 60_000;

interface Project {
  readonly name: string;
  /** Folders under test/. */
  readonly folders: readonly string[];
  readonly timeoutMs: number;
  /** For tests that take the whole machine. */
  readonly oneFileAtATime?: true;
  /** For tests without state of their own: the compiler knows the code already when a process takes the next file. */
  readonly sharesProcesses?: true;
}

/** One project per kind of test, so that each can be run alone and has a limit that fits it. */
const PROJECTS: readonly Project[] = [
  { name: 'unit', folders: ['unit', 'golden'], timeoutMs: MINUTE_MS },
  { name: 'property', folders: ['property'], timeoutMs: 2 * MINUTE_MS },
  { name: 'conformance', folders: ['conformance'], timeoutMs: 2 * MINUTE_MS },
  { name: 'sim', folders: ['sim', 'broken'], timeoutMs: 10 * MINUTE_MS, sharesProcesses: true },
  { name: 'e2e', folders: ['e2e'], timeoutMs: 10 * MINUTE_MS, oneFileAtATime: true },
];

export default defineConfig({
  test: {
    // Not one less, as is the default: the process that hands the files out is idle while they run.
    maxWorkers: availableParallelism(),
    projects: PROJECTS.map(({ name, folders, timeoutMs, oneFileAtATime, sharesProcesses }) => ({
      test: {
        name,
        include: folders.map((folder) => `test/${folder}/**/*.test.ts`),
        testTimeout: timeoutMs,
        hookTimeout: timeoutMs,
        fileParallelism: oneFileAtATime !== true,
        isolate: sharesProcesses !== true,
      },
    })),
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary', 'html', 'json-summary'],
    },
  },
});
