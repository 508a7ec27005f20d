/** 64 bits as two words: a key or a digest. */
export interface Tag {
  readonly low: number;
  readonly high: number;
}

const rotateLeft = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/**
 * HalfSipHash-2-4 with 64 bits of output, by Jean-Philippe Aumasson and Daniel J. Bernstein (github.com/veorq/SipHash,
 * CC0): SipHash for 32-bit words, which JavaScript has.
 */
export function halfSipHash(key: Tag, data: Uint8Array): Tag {
  let v0 = key.low | 0;
  let v1 = key.high ^ 0xee;
  let v2 = 0x6c796765 ^ key.low;
  let v3 = 0x74656462 ^ key.high;
  const rounds = (count: number): void => {
    for (let round = 0; round < count; round++) {
      v0 = (v0 + v1) | 0;
      v1 = rotateLeft(v1, 5) ^ v0;
      v0 = rotateLeft(v0, 16);
      v2 = (v2 + v3) | 0;
      v3 = rotateLeft(v3, 8) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = rotateLeft(v3, 7) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = rotateLeft(v1, 13) ^ v2;
      v2 = rotateLeft(v2, 16);
    }
  };
  const absorb = (word: number): void => {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  };
  const byte = (at: number): number => data[at] ?? 0;
  const whole = data.length - (data.length % 4);
  for (let at = 0; at < whole; at += 4) {
    absorb(byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24));
  }
  absorb(byte(whole) | (byte(whole + 1) << 8) | (byte(whole + 2) << 16) | (data.length << 24));
  v2 ^= 0xee;
  rounds(4);
  const low = v1 ^ v3;
  v1 ^= 0xdd;
  rounds(4);
  return { low, high: v1 ^ v3 };
}
