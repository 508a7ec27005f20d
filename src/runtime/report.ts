import { inspect } from 'node:util';

/**
 * Tells the process's owner what went wrong beside the replica (a listener that threw, a trace that cannot be
 * written), by a process warning: on standard error by default, and for `process.on('warning')`.
 */
export function report(what: string, error: unknown): void {
  const detail = error instanceof Error ? (error.stack ?? error.message) : textOf(error);
  process.emitWarning(what, { type: 'HotStuffWarning', detail });
}

/** Of anything that foreign code throws or answers, also of what has no text of its own. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : inspect(value, { customInspect: false });
