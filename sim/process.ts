import { workerCode } from './bundle.ts';
import { EXIT, type Sink, type Surroundings } from './surroundings.ts';

const SAME_INTERRUPT_MS = 1_000;

const sinkOf = (stream: NodeJS.WriteStream): Sink => ({
  isTTY: stream.isTTY === true,
  columns: stream.columns ?? 80,
  write: (text) => void stream.write(text),
});

/** The surroundings of a command that was started by a person or a script. */
export function thisProcess(): Surroundings {
  // Whoever reads may stop before the end, as `head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
  const stops: (() => void)[] = [];
  let since = 0;
  const interrupt = (): void => {
    // The same Ctrl-C may arrive twice, from the terminal and from npm; whoever presses again means it.
    if (since > 0 && performance.now() - since > SAME_INTERRUPT_MS) process.exit(EXIT.interrupted);
    since ||= performance.now();
    for (const stop of stops) stop();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  return {
    stdout: sinkOf(process.stdout),
    stderr: sinkOf(process.stderr),
    workerCode,
    onInterrupt(stop) {
      stops.push(stop);
      if (since > 0) stop();
    },
  };
}
