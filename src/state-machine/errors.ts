/** Why a submitted command has no answer; `code` is stable. */
export type CommandErrorCode =
  /** Too many commands wait already: nothing was submitted, try again in `retryAfterMs`. */
  | 'pool-full'
  /** Larger than this node takes: nothing was submitted. */
  | 'too-large'
  /** `apply` threw: the command has no effect. */
  | 'refused'
  /** The service closed first: the command may or may not take effect. */
  | 'closed'
  /** The command may have taken effect, but its result is lost. */
  | 'result-lost';

export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  readonly code: CommandErrorCode;

  constructor(code: CommandErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export class PoolFullError extends CommandError {
  override readonly name = 'PoolFullError';
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super('pool-full', message);
    this.retryAfterMs = retryAfterMs;
  }
}
