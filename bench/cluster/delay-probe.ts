import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What monitorEventLoopDelay waits between two looks; its delays include it. */
const RESOLUTION_MS = 1;

/** Looks at how long this process's event loop is held up. */
export interface DelayProbe {
  /** The 99th percentile since the last call, in milliseconds. */
  take(): number;
}

export function createDelayProbe(): DelayProbe {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  return {
    take() {
      const delayMs = Math.max(0, delays.percentile(99) / 1e6 - RESOLUTION_MS);
      delays.reset();
      return delayMs;
    },
  };
}
