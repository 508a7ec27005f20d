import { runAll } from './batch.ts';
import type { Job, OutcomeOf } from './jobs.ts';
import { createKernel } from './kernel.ts';

// The file that every worker thread loads: one kernel, whose parsed keys stay for the thread's life.

const kernel = createKernel();

/** The name under which piscina finds the work. */
export const runJobs = (jobs: readonly Job[]): readonly OutcomeOf<Job>[] => runAll(kernel, jobs);
