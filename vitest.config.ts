import { defineConfig } from 'vitest/config';

const MINUTE_MS = 60_000;

/** One project per kind of test, so that each can be run alone and has a limit that fits it. */
function project(name: string, timeoutMs: number, options: { readonly oneFileAtATime?: boolean } = {}) {
  return {
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      testTimeout: timeoutMs,
      hookTimeout: timeoutMs,
      fileParallelism: options.oneFileAtATime !== true,
    },
  };
}

export default defineConfig({
  test: {
    projects: [
      project('unit', MINUTE_MS),
      project('property', 2 * MINUTE_MS),
      project('conformance', 2 * MINUTE_MS),
      project('sim', 10 * MINUTE_MS),
      project('e2e', 10 * MINUTE_MS, { oneFileAtATime: true }),
    ],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary', 'html', 'json-summary'],
    },
  },
});
