const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower-case hex of `bytes`; `start` and `end` as in `subarray`. */
export function bytesToHex(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let hex = '';
  for (let at = start; at < end; at++) hex += HEX[bytes[at] as number];
  return hex;
}

/** By character code; -1 for what is no lower-case hex digit. */
const DIGITS = new Int8Array(128).fill(-1);
for (const [value, digit] of [...'0123456789abcdef'].entries()) DIGITS[digit.charCodeAt(0)] = value;

const digit = (code: number): number => (code < 128 ? (DIGITS[code] as number) : -1);

/** The bytes of a lower-case hex string. Throws `RangeError` on anything else. */
export function hexToBytes(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >> 1);
  writeHex(hex, bytes, 0);
  return bytes;
}

/** Writes the bytes of `hex` at `offset`. Throws `RangeError` when it is not lower-case hex of even length. */
export function writeHex(hex: string, into: Uint8Array, offset: number): void {
  if (hex.length % 2 !== 0) throw new RangeError('hex string of odd length');
  for (let at = 0; at < hex.length; at += 2) {
    const value = (digit(hex.charCodeAt(at)) << 4) | digit(hex.charCodeAt(at + 1));
    if (value < 0) throw new RangeError(`not a lower-case hex digit at position ${at}`);
    into[offset + (at >> 1)] = value;
  }
}
