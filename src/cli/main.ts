#!/usr/bin/env node
import { describeError, EXIT_FAILED } from './failure.ts';
import { createProgram } from './program.ts';

try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  process.stderr.write(`hotstuff: ${describeError(error)}\n`);
  if (process.env['HOTSTUFF_DEBUG'] !== undefined && error instanceof Error)
    process.stderr.write(`${error.stack}\n`);
  process.exitCode = EXIT_FAILED;
}
// A channel to the process that forked this one would keep it alive.
if (process.connected) process.disconnect();
