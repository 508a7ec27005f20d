// The real worker, but one that dies at a job if it finds the file that its environment names, which it removes.

import { unlinkSync } from 'node:fs';
import { runJob as real } from '../../../dist/adapters/piscina/worker.js';

/** @param {import('../../../src/adapters/piscina/jobs.ts').Job} job */
export function runJob(job) {
  try {
    unlinkSync(process.env['HOTSTUFF_TEST_DEATHS'] ?? '');
  } catch {
    return real(job);
  }
  process.exit(1);
}
