import { crc32 } from 'node:zlib';

/** CRC-32 (that of zlib) of `first` followed by `second`: an unsigned 32-bit number. Finds accidents, not forgeries. */
export function checksum(first: Uint8Array, second: Uint8Array): number {
  return crc32(second, crc32(first));
}
