import { PoolError } from '../../model/errors.ts';
import { createRecorder, type Executor, type Pending } from './executor.ts';
import type { Job, OutcomeOf } from './jobs.ts';
import { createKernel, type Kernel } from './kernel.ts';

/** Runs every job at once on the calling thread, which does nothing else meanwhile. */
export function createInlineExecutor(): Executor {
  const kernel = createKernel();
  const recorder = createRecorder();
  return {
    run(job) {
      const start = performance.now();
      const promise = runNow(kernel, job);
      recorder.waited(0);
      recorder.ran(performance.now() - start, 1);
      return { promise, cancel: () => {} } satisfies Pending<OutcomeOf<typeof job>>;
    },
    statistics: () => recorder.read({ workers: 0, queued: 0, running: 0 }),
    close: () => Promise.resolve(),
  };
}

function runNow<Work extends Job>(kernel: Kernel, job: Work): Promise<OutcomeOf<Work>> {
  try {
    return Promise.resolve(kernel(job));
  } catch (cause) {
    return Promise.reject(new PoolError(`the addon failed at a job of type ${job.type}`, { cause }));
  }
}
