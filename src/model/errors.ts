/** Disk or database failure: the replica that meets one stops, and `replica.closed` rejects with it. */
export class StorageError extends Error {
  override readonly name: string = 'StorageError';
}

/** The verifier broke (not: a signature was bad). */
export class PoolError extends Error {
  override readonly name: string = 'PoolError';
}

/** So much waits for the verifier that it takes nothing more just now: ask again a little later. */
export class PoolFullError extends PoolError {
  override readonly name: string = 'PoolFullError';
}

/** Misuse, found at start: names the field, the value and what is allowed. */
export class ConfigError extends Error {
  override readonly name: string = 'ConfigError';
  /** Path of the offending setting, such as `network.listen.port`. */
  readonly field: string;

  constructor(field: string, message: string, options?: ErrorOptions) {
    super(`${field}: ${message}`, options);
    this.field = field;
  }
}
