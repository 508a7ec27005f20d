import { defineConfig } from 'vitest/config';

const MINUTE_MS = 60_000;

interface Project {
  readonly name: string;
  /** Folders under test/. */
  readonly folders: readonly string[];
  readonly timeoutMs: number;
  /** For tests that take the whole machine. */
  readonly oneFileAtATime?: true;
}

/** One project per kind of test, so that each can be run alone and has a limit that fits it. */
const PROJECTS: readonly Project[] = [
  { name: 'unit', folders: ['unit', 'golden'], timeoutMs: MINUTE_MS },
  { name: 'property', folders: ['property'], timeoutMs: 2 * MINUTE_MS },
  { name: 'conformance', folders: ['conformance'], timeoutMs: 2 * MINUTE_MS },
  { name: 'sim', folders: ['sim', 'broken'], timeoutMs: 10 * MINUTE_MS },
  { name: 'e2e', folders: ['e2e'], timeoutMs: 10 * MINUTE_MS, oneFileAtATime: true },
];

export default defineConfig({
  test: {
    // The default leaves one processor idle, which is half of a small machine.
    maxWorkers: '100%',
    projects: PROJECTS.map(({ name, folders, timeoutMs, oneFileAtATime }) => ({
      test: {
        name,
        include: folders.map((folder) => `test/${folder}/**/*.test.ts`),
        testTimeout: timeoutMs,
        hookTimeout: timeoutMs,
        fileParallelism: oneFileAtATime !== true,
      },
    })),
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary', 'html', 'json-summary'],
    },
  },
});
