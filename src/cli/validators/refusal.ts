import { ApprovalError, CommandError, ValidatorUpdateError } from '../../state-machine/index.ts';

/** Why a node does not approve an update: nothing has happened. `code` is stable. */
export class RefusedUpdate extends Error {
  override readonly name = 'RefusedUpdate';
  /** 400: what was asked can never be. 409: it does not fit the state as it is. */
  readonly status: 400 | 409;
  readonly code: string;

  constructor(
    message: string,
    { status, code, ...options }: { readonly status: 400 | 409; readonly code: string } & ErrorOptions,
  ) {
    super(message, options);
    this.status = status;
    this.code = code;
  }
}

const NEVER: ReadonlySet<string> = new Set([
  'bad-id',
  'bad-power',
  'bad-possession',
  'duplicate',
  'total-too-large',
]);

/** The refusal that an error of the state machine means; other errors as they are. */
export function asRefusal(error: unknown): unknown {
  const reason = error instanceof CommandError && error.code === 'refused' ? error.cause : error;
  if (reason instanceof ValidatorUpdateError || reason instanceof ApprovalError) {
    const status = NEVER.has(reason.code) ? 400 : 409;
    return new RefusedUpdate(reason.message, { status, code: reason.code, cause: error });
  }
  return error;
}
