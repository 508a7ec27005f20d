// The real worker, but one that dies at a job if it finds the file that its environment names, which it removes.

import { unlinkSync } from 'node:fs';
import { runJobs as real } from '../../../dist/adapters/piscina/worker.js';

/** @param {readonly import('../../../src/adapters/piscina/jobs.ts').Job[]} jobs */
export function runJobs(jobs) {
  try {
    unlinkSync(process.env['HOTSTUFF_TEST_DEATHS'] ?? '');
  } catch {
    return real(jobs);
  }
  process.exit(1);
}
