import { ConfigError, StorageError } from '../index.ts';

/** Ends the command with one clear line and a non-zero exit code: what is wrong, and what to do about it. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}

/** Errors whose message is for people as it is. */
const KNOWN = [CommandFailure, ConfigError, StorageError];

export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** The one line that a person gets to see of an error. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.message.replaceAll(/\s*\n\s*/g, ' ');
  const saysItAll = error.name === 'Error' || KNOWN.some((known) => error instanceof known);
  return saysItAll ? text : `${error.name}: ${text}`;
}
