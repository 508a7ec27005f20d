import { crc32 } from 'node:zlib';

/** Up to so many bytes a loop takes less time than the way into zlib and back. */
const SHORT = 64;

const TABLE: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++)
    remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

function crcOfShort(bytes: Uint8Array): number {
  let crc = -1;
  for (let at = 0; at < bytes.length; at++) {
    crc = (TABLE[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

/** CRC-32 (that of zlib) of `first` followed by `second`: an unsigned 32-bit number. Finds accidents, not forgeries. */
export function checksum(first: Uint8Array, second: Uint8Array): number {
  return crc32(second, first.length <= SHORT ? crcOfShort(first) : crc32(first));
}
