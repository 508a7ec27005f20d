/** Makes a forgotten variant a compile error; reaching it at run time is a bug of the library. */
export function assertNever(value: never): never {
  throw new TypeError(`unexpected variant: ${JSON.stringify(value)}`);
}
