/** Why a submitted command has no answer; `code` is stable. */
export type CommandErrorCode =
  /** Too many commands wait already: nothing was submitted, try again in `retryAfterMs`. */
  | 'pool-full'
  /** Larger than this node takes: nothing was submitted. */
  | 'too-large'
  /** `apply` threw: the command has no effect, and never will have. */
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

/** Why updates of the validator set make no set; `code` is stable. */
export type ValidatorUpdateErrorCode =
  /** The state machine was made without `validatorRules`. */
  | 'not-enabled'
  /** The updates change nothing. */
  | 'no-change'
  /** Nobody would be left. */
  | 'empty'
  /** A power that is no whole number from 1 to 2^53 - 1. */
  | 'bad-power'
  /** All powers together are above 2^53 - 1. */
  | 'total-too-large'
  /** A validator is named twice. */
  | 'duplicate'
  /** More validators than the chain's genesis allows. */
  | 'too-many'
  /** A validator to be removed is not in the set. */
  | 'unknown-validator'
  /** An id that is no key of the chain's scheme. */
  | 'bad-id'
  /** A key, or its proof of possession, is missing or not valid on this chain. */
  | 'bad-possession';

/** The message names what is wrong, and what to do. */
export class ValidatorUpdateError extends Error {
  override readonly name = 'ValidatorUpdateError';
  readonly code: ValidatorUpdateErrorCode;

  constructor(code: ValidatorUpdateErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Why an approval of an update counts nothing; `code` is stable. */
export type ApprovalErrorCode =
  | 'malformed'
  /** Of an update that has been made already, or of one that comes after the next. */
  | 'wrong-number'
  | 'not-a-validator'
  | 'already-approved'
  | 'nothing-to-withdraw'
  /** Said before, and followed by something else that the signer said; or not yet its turn. */
  | 'wrong-turn'
  /** The signer's second one in a block. */
  | 'too-many'
  | 'bad-signature';

export class ApprovalError extends Error {
  override readonly name = 'ApprovalError';
  readonly code: ApprovalErrorCode;

  constructor(code: ApprovalErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
